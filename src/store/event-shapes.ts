/** Forms of payloads that functions have handled: a few of each, the last ones seen. */
import { orUnavailable, type Queryable } from './connect.ts';

/** Of one payload: for each path in it (`$.items[].price`) the types of what is there (`number`, `null|string`). */
export type EventShape = Readonly<Record<string, string>>;

export interface SeenShape {
  readonly functionName: string;
  /** Of the shape. */
  readonly digest: string;
  readonly shape: EventShape;
}

/** @param keep of one function, the newest */
export async function keepShapes(
  sql: Queryable,
  { seen, keep }: { readonly seen: readonly SeenShape[]; readonly keep: number },
): Promise<void> {
  await orUnavailable(sql`
    insert into skein.event_shapes (function_name, digest, shape)
    select distinct on (r."functionName", r.digest) r."functionName", r.digest, r.shape
    from json_to_recordset(${JSON.stringify(seen)}::text::json) as r ("functionName" text, digest text, shape json)
    order by r."functionName", r.digest
    on conflict (function_name, digest) do update set seen_at = now()`);
  const names = [...new Set(seen.map(({ functionName }) => functionName))];
  await orUnavailable(sql`
    delete from skein.event_shapes s using (
      select function_name, digest, row_number() over (partition by function_name order by seen_at desc, digest) as place
      from skein.event_shapes where function_name = any(${names}::text[])) old
    where s.function_name = old.function_name and s.digest = old.digest and old.place > ${keep}`);
}

export async function shapesOf(sql: Queryable, functionName: string): Promise<EventShape[]> {
  const rows = await orUnavailable(sql<{ shape: EventShape }[]>`
    select shape from skein.event_shapes where function_name = ${functionName} order by seen_at desc, digest`);
  return rows.map(({ shape }) => shape);
}
