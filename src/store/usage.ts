/**
 * Usage records: one per attempt, and their sums. A record is added to the sums in the statement
 * that inserts it, and only if that inserted it, so writing a record twice counts once and the
 * sums always equal what was written.
 *
 * Writers take one advisory lock before they draw ids. So ids become visible in their order, and a
 * reader that goes on after the last id it has seen misses nothing.
 */
import { ACCOUNT_ID, type OutcomeKind, REGION, type UsageRecord } from '../model/index.ts';
import { orUnavailable, type Queryable } from './connect.ts';
import { dropOld, type Keep } from './retention.ts';
import { storableText } from './text.ts';

/** A record with its place in the order of writing, the cursor to read on from. */
export interface StoredUsage extends UsageRecord {
  readonly id: number;
}

/** Sums over all records of one function, version and alias that were ever written. */
export interface UsageTotal {
  readonly functionName: string;
  readonly version: number;
  readonly alias: string | null;
  /** Attempts that ran, whatever came of them; neither throttled ones nor those that found no instance, nor those whose caller left while they waited. */
  readonly invocations: number;
  /** Outcomes `error`, `timeout`, `crash` and `init-error`. */
  readonly errors: number;
  readonly throttles: number;
  readonly coldStarts: number;
  readonly durationMs: number;
  readonly initMs: number;
  readonly billedMs: number;
  /** memoryMb / 1024 × billedMs / 1000, summed. */
  readonly gbSeconds: number;
}

/** Where to read on. Everything after `afterId`, oldest first. */
export interface After {
  readonly functionName: string;
  readonly afterId: number;
  /** Only what happened at or after this, wall-clock ms. */
  readonly sinceMs?: number;
  readonly limit: number;
}

/**
 * Writes records, each once however often it is given, and adds the new ones to the sums.
 *
 * One statement for any number of records; batches of 500 to 5,000 are fastest.
 *
 * @returns how many were new
 * @throws {Fault} `database-unavailable`: nothing was written, give the same batch again
 */
export async function insertUsage(sql: Queryable, records: readonly UsageRecord[]): Promise<number> {
  if (records.length === 0) return 0;
  const [row] = await orUnavailable(sql<{ inserted: number }[]>`
    with in_turn as materialized (
      select pg_advisory_xact_lock(hashtext('skein.usage_records'))
    ),
    inserted as (
      insert into skein.usage_records (
        account_id, region, attempt_id, function_name, version, alias, instance_id, started_at_ms, queued_ms,
        init_ms, duration_ms, billed_ms, memory_mb, max_memory_mb, outcome, error_type)
      select ${ACCOUNT_ID}, ${REGION}, r.* from in_turn, ${rowsOf(sql, records)} r
      on conflict (attempt_id) do nothing
      returning *
    ),
    summed as (
      insert into skein.usage_totals as t (
        account_id, region, function_name, version, alias, invocations, errors, throttles, cold_starts,
        duration_ms, init_ms, billed_ms, gb_seconds)
      select account_id, region, function_name, version, coalesce(alias, ''),
        count(*) filter (where outcome not in ('throttled', 'unavailable', 'cancelled')),
        count(*) filter (where outcome in ('error', 'timeout', 'crash', 'init-error')),
        count(*) filter (where outcome = 'throttled'),
        count(init_ms),
        sum(duration_ms::numeric), coalesce(sum(init_ms::numeric), 0), sum(billed_ms::numeric),
        sum(memory_mb::numeric * billed_ms::numeric / 1024000)
      from inserted
      group by account_id, region, function_name, version, coalesce(alias, '')
      order by account_id, region, function_name, version, coalesce(alias, '')
      on conflict (account_id, region, function_name, version, alias) do update set
        invocations = t.invocations + excluded.invocations,
        errors = t.errors + excluded.errors,
        throttles = t.throttles + excluded.throttles,
        cold_starts = t.cold_starts + excluded.cold_starts,
        duration_ms = t.duration_ms + excluded.duration_ms,
        init_ms = t.init_ms + excluded.init_ms,
        billed_ms = t.billed_ms + excluded.billed_ms,
        gb_seconds = t.gb_seconds + excluded.gb_seconds
    ),
    counted as (
      update skein.volumes set kept_rows = kept_rows + (select count(*) from inserted)
      where name = 'usage_records'
    )
    select count(*)::int as inserted from inserted`);
  return row!.inserted;
}

/** The records as a table: one array a column, so that any number of them is one prepared statement. */
function rowsOf(sql: Queryable, records: readonly UsageRecord[]) {
  const of = <T>(pick: (record: UsageRecord) => T): T[] => records.map(pick);
  return sql`
    unnest(
        ${of((r) => r.attemptId)}::uuid[], ${of((r) => r.functionName)}::text[], ${of((r) => r.version)}::int[],
        ${of((r) => r.alias)}::text[], ${of((r) => r.instanceId)}::text[],
        ${of((r) => r.startedAtMs)}::float8[], ${of((r) => r.queuedMs)}::float8[], ${of((r) => r.initMs)}::float8[],
        ${of((r) => r.durationMs)}::float8[], ${of((r) => r.billedMs)}::float8[], ${of((r) => r.memoryMb)}::int[],
        ${of((r) => r.maxMemoryMb)}::float8[], ${of((r) => r.outcome)}::text[],
        ${of((r) => storableText(r.errorType))}::text[])`;
}

/** @returns every sum there is, by function, version and alias */
export async function usageTotals(sql: Queryable): Promise<UsageTotal[]> {
  return await orUnavailable(sql<UsageTotal[]>`
    select function_name as "functionName", version, nullif(alias, '') as alias,
      invocations, errors, throttles, cold_starts as "coldStarts",
      duration_ms::float8 as "durationMs", init_ms::float8 as "initMs", billed_ms::float8 as "billedMs",
      gb_seconds::float8 as "gbSeconds"
    from skein.usage_totals
    where account_id = ${ACCOUNT_ID} and region = ${REGION}
    order by function_name, usage_totals.version, usage_totals.alias`);
}

/** @returns records of one function after a cursor, oldest first, `limit` at most */
export async function usageAfter(sql: Queryable, after: After): Promise<StoredUsage[]> {
  return await orUnavailable(sql<(StoredUsage & { outcome: OutcomeKind })[]>`
    select id, attempt_id as "attemptId", function_name as "functionName", version, alias,
      instance_id as "instanceId", started_at_ms as "startedAtMs", queued_ms as "queuedMs", init_ms as "initMs",
      duration_ms as "durationMs", billed_ms as "billedMs", memory_mb as "memoryMb",
      max_memory_mb as "maxMemoryMb", outcome, error_type as "errorType"
    from skein.usage_records
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and function_name = ${after.functionName}
      and id > ${after.afterId} and started_at_ms >= ${after.sinceMs ?? 0}
    order by id limit ${after.limit}`);
}

/**
 * Deletes one batch of records that are too old or too many. The sums stay.
 *
 * @returns how many were deleted; call again while it is the whole batch
 */
export function dropOldUsage(sql: Queryable, keep: Keep): Promise<number> {
  return dropOld(sql, 'usage_records', keep);
}
