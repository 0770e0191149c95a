/**
 * Usage records: one per attempt, kept in batches of one function's, and their sums.
 *
 * An attempt is in one batch. A batch is added to the sums in the statement that inserts it, and only
 * if that inserted it, so writing one twice counts once and the sums always equal what was written.
 *
 * Writers take one advisory lock before they draw ids. So ids become visible in their order, and a
 * reader that goes on after the last id it has seen misses nothing. A record's id is its batch's and
 * its place in it.
 */
import { ACCOUNT_ID, type OutcomeKind, REGION, type UsageRecord } from '../model/index.ts';
import { orUnavailable, type Queryable } from './connect.ts';
import { dropOld, type Keep } from './retention.ts';
import { storableText } from './text.ts';
import { sumsOf } from './usage-sums.ts';

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

/** Records of one function that are written together, once. */
export interface UsageBatch {
  /** A UUID, the batch's own however often it is tried. */
  readonly id: string;
  readonly functionName: string;
  /** All of that function: 1 to `MAX_BATCH_RECORDS`. */
  readonly records: readonly UsageRecord[];
}

export const MAX_BATCH_RECORDS = 4_096;
/** Ids of records that a batch spans; a batch from before a limit changed still fits. */
const ID_SPAN = 8_192;

/**
 * Writes a batch, once however often it is given, and adds its records to the sums.
 *
 * @returns whether it was new
 * @throws {Fault} `database-unavailable`: give the same batch again; it may have been written
 */
export async function insertUsage(sql: Queryable, batch: UsageBatch): Promise<boolean> {
  const { records } = batch;
  const lastMs = records.reduce((last, record) => Math.max(last, record.startedAtMs), 0);
  const [row] = await orUnavailable(sql<{ inserted: boolean }[]>`
    with in_turn as materialized (
      select pg_advisory_xact_lock(hashtext('skein.usage_batches'))
    ),
    inserted as (
      insert into skein.usage_batches (
        batch_id, account_id, region, function_name, last_started_at_ms, records, attempt_ids, versions, aliases,
        instance_ids, started_at_ms, queued_ms, init_ms, duration_ms, billed_ms, memory_mb, max_memory_mb,
        outcomes, error_types, request_ids)
      select ${batch.id}, ${ACCOUNT_ID}, ${REGION}, ${batch.functionName}, ${lastMs}, ${records.length},
        ${columnsOf(sql, records)}
      from in_turn
      on conflict (batch_id) do nothing
      returning records
    ),
    summed as (
      insert into skein.usage_totals as t (
        account_id, region, function_name, version, alias, invocations, errors, throttles, cold_starts,
        duration_ms, init_ms, billed_ms, gb_seconds)
      select ${ACCOUNT_ID}, ${REGION}, ${batch.functionName}, s.version, s.alias, s.invocations, s.errors,
        s.throttles, s.cold_starts, s.duration_hundredths::numeric / 100, s.init_hundredths::numeric / 100,
        s.billed_ms, s.mb_ms::numeric / 1024000
      from inserted, unnest(${sumColumnsOf(sql, records)})
        as s (version, alias, invocations, errors, throttles, cold_starts, duration_hundredths, init_hundredths,
          billed_ms, mb_ms)
      order by s.version, s.alias
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
      update skein.volumes set kept_rows = kept_rows + inserted.records from inserted
      where name = 'usage_batches'
    )
    select exists (select from inserted) as inserted`);
  return row!.inserted;
}

/** The records as columns: one array each, so that any number of them is one prepared statement. */
function columnsOf(sql: Queryable, records: readonly UsageRecord[]) {
  const of = <T>(pick: (record: UsageRecord) => T): T[] => records.map(pick);
  return sql`
        ${of((r) => r.attemptId)}::uuid[], ${of((r) => r.version)}::int[], ${of((r) => r.alias)}::text[],
        ${of((r) => r.instanceId)}::text[], ${of((r) => r.startedAtMs)}::float8[],
        ${of((r) => r.queuedMs)}::float8[], ${of((r) => r.initMs)}::float8[], ${of((r) => r.durationMs)}::float8[],
        ${of((r) => r.billedMs)}::float8[], ${of((r) => r.memoryMb)}::int[], ${of((r) => r.maxMemoryMb)}::float8[],
        ${of((r) => r.outcome)}::text[], ${of((r) => storableText(r.errorType))}::text[],
        ${records.some((r) => r.requestId != null) ? of((r) => r.requestId ?? null) : null}::uuid[]`;
}

function sumColumnsOf(sql: Queryable, records: readonly UsageRecord[]) {
  const sums = sumsOf(records);
  const of = <T>(pick: (sum: (typeof sums)[number]) => T): T[] => sums.map(pick);
  return sql`
        ${of((s) => s.version)}::int[], ${of((s) => s.alias)}::text[], ${of((s) => s.invocations)}::int[],
        ${of((s) => s.errors)}::int[], ${of((s) => s.throttles)}::int[], ${of((s) => s.coldStarts)}::int[],
        ${of((s) => s.durationHundredths)}::int8[], ${of((s) => s.initHundredths)}::int8[],
        ${of((s) => s.billedMs)}::int8[], ${of((s) => s.mbMs)}::int8[]`;
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
  const { functionName, afterId, sinceMs = 0, limit } = after;
  return await orUnavailable(sql<(StoredUsage & { outcome: OutcomeKind })[]>`
    select b.id * ${ID_SPAN}::bigint + r.place as id, r."attemptId", b.function_name as "functionName",
      r.version, r.alias, r."instanceId", r."startedAtMs", r."queuedMs", r."initMs", r."durationMs",
      r."billedMs", r."memoryMb", r."maxMemoryMb", r.outcome, r."errorType", r."requestId"
    from skein.usage_batches b, unnest(attempt_ids, versions, aliases, instance_ids, started_at_ms, queued_ms,
      init_ms, duration_ms, billed_ms, memory_mb, max_memory_mb, outcomes, error_types, request_ids) with ordinality
      as r ("attemptId", version, alias, "instanceId", "startedAtMs", "queuedMs", "initMs", "durationMs",
        "billedMs", "memoryMb", "maxMemoryMb", outcome, "errorType", "requestId", place)
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and function_name = ${functionName}
      and b.id >= ${Math.floor(afterId / ID_SPAN)} and last_started_at_ms >= ${sinceMs}
      and b.id * ${ID_SPAN}::bigint + r.place > ${afterId} and r."startedAtMs" >= ${sinceMs}
    order by b.id, r.place limit ${limit}`);
}

/**
 * Deletes one run of batches whose records are all too old, or that are too many. The sums stay.
 *
 * @returns how many batches were deleted; call again while it is `keep.batch`
 */
export function dropOldUsage(sql: Queryable, keep: Keep): Promise<number> {
  return dropOld(sql, 'usage_batches', keep);
}
