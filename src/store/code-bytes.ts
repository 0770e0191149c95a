/** How much code there is, as Lambda counts it: every version of every function and layer with its own package. */
import { ACCOUNT_ID, REGION } from '../model/index.ts';
import { orUnavailable, type Queryable } from './connect.ts';

export async function codeBytes(sql: Queryable): Promise<number> {
  const [row] = await orUnavailable(sql<{ bytes: number }[]>`
    select ((select coalesce(sum((details->>'codeSize')::bigint), 0) from skein.versions
        where account_id = ${ACCOUNT_ID} and region = ${REGION})
      + (select coalesce(sum((details->>'codeSize')::bigint), 0) from skein.latest
        where account_id = ${ACCOUNT_ID} and region = ${REGION})
      + (select coalesce(sum(bytes), 0) from skein.layer_versions
        where account_id = ${ACCOUNT_ID} and region = ${REGION} and deleted_at is null))::float8 as bytes`);
  return row!.bytes;
}
