/**
 * What provisioned instances cost: spans of time, and their sums. A span is added to the sums in the
 * statement that inserts it, and only if that inserted it, so writing one twice counts once.
 */
import { ACCOUNT_ID, type ProvisionedSpan, REGION } from '../model/index.ts';
import { orUnavailable, type Queryable } from './connect.ts';

/** GB-seconds of one version's provisioned instances, all that were ever written. */
export interface ProvisionedTotal {
  readonly functionName: string;
  readonly version: number;
  /** memoryMb / 1024 × instances × seconds, summed. */
  readonly gbSeconds: number;
}

/** Writes spans, each once however often it is given. @throws {Fault} `database-unavailable`: give them again */
export async function insertProvisioned(sql: Queryable, spans: readonly ProvisionedSpan[]): Promise<void> {
  const of = <T>(pick: (span: ProvisionedSpan) => T): T[] => spans.map(pick);
  await orUnavailable(sql`
    with inserted as (
      insert into skein.provisioned_spans (
        span_id, account_id, region, function_name, version, memory_mb, from_ms, to_ms, instance_ms)
      select s.id, ${ACCOUNT_ID}, ${REGION}, s.name, s.version, s.memory_mb, s.from_ms, s.to_ms, s.instance_ms
      from unnest(
        ${of((s) => s.id)}::uuid[], ${of((s) => s.functionName)}::text[], ${of((s) => s.version)}::int[],
        ${of((s) => s.memoryMb)}::int[], ${of((s) => s.fromMs)}::float8[], ${of((s) => s.toMs)}::float8[],
        ${of((s) => s.instanceMs)}::float8[])
        as s (id, name, version, memory_mb, from_ms, to_ms, instance_ms)
      on conflict (span_id) do nothing
      returning function_name, version, memory_mb::numeric * instance_ms::numeric / 1024000 as gb_seconds
    )
    insert into skein.provisioned_totals as t (account_id, region, function_name, version, gb_seconds)
    select ${ACCOUNT_ID}, ${REGION}, function_name, version, sum(gb_seconds) from inserted
    group by function_name, version order by function_name, version
    on conflict (account_id, region, function_name, version) do update
    set gb_seconds = t.gb_seconds + excluded.gb_seconds`);
}

/** @returns every sum there is, by function and version */
export async function provisionedTotals(sql: Queryable): Promise<ProvisionedTotal[]> {
  return await orUnavailable(sql<ProvisionedTotal[]>`
    select function_name as "functionName", version, gb_seconds::float8 as "gbSeconds"
    from skein.provisioned_totals where account_id = ${ACCOUNT_ID} and region = ${REGION}
    order by function_name, version`);
}

/** Deletes spans that ended before this. The sums stay. @returns how many; call again while it is `batch` */
export async function dropOldSpans(
  sql: Queryable,
  { sinceMs, batch }: { sinceMs: number; batch: number },
): Promise<number> {
  const gone = await orUnavailable(sql`
    delete from skein.provisioned_spans where span_id in (
      select span_id from skein.provisioned_spans where to_ms < ${sinceMs} order by to_ms limit ${batch})`);
  return (gone as unknown as { count: number }).count;
}
