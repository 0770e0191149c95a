/** Events that failed for good and that no destination took: kept for a while, for whoever looks for them. */
import { orUnavailable, type Queryable } from './connect.ts';
import type { Keep } from './retention.ts';

export interface FailedEvent {
  readonly id: string;
  readonly functionName: string;
  readonly qualifier: string | null;
  readonly attempts: number;
  readonly reason: string;
  readonly acceptedAtMs: number;
  readonly failedAtMs: number;
}

/** The last ones first. */
export async function listFailedEvents(sql: Queryable, limit: number): Promise<FailedEvent[]> {
  const rows = await orUnavailable(sql<FailedEvent[]>`
    select id, function_name as "functionName", qualifier, attempts, reason,
      (extract(epoch from accepted_at) * 1000)::float8 as "acceptedAtMs",
      (extract(epoch from failed_at) * 1000)::float8 as "failedAtMs"
    from skein.failed_events order by failed_at desc limit ${limit}`);
  return [...rows];
}

/** @returns rows deleted; call again while it equals `batch` */
export async function dropOldFailedEvents(
  sql: Queryable,
  keep: Keep & { readonly maxRows: number },
): Promise<number> {
  const { count } = await orUnavailable(sql`
    delete from skein.failed_events where id in (
      select id from skein.failed_events
      where failed_at < to_timestamp(${keep.sinceMs / 1_000}::float8)
        or failed_at <= (select failed_at from skein.failed_events order by failed_at desc offset ${keep.maxRows} limit 1)
      order by failed_at limit ${keep.batch})`);
  return count;
}
