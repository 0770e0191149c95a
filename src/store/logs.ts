/**
 * Log lines: what functions print. START, END and REPORT are not among them; those are made from
 * usage records when logs are read.
 *
 * As with usage, writers take turns before they draw ids, so that whoever reads on after the last
 * id it has seen misses no line.
 */
import { ACCOUNT_ID, REGION } from '../model/index.ts';
import { orUnavailable, type Queryable } from './connect.ts';
import { dropOld, type Keep } from './retention.ts';
import { storableText } from './text.ts';
import type { After } from './usage.ts';

export interface LogLine {
  readonly functionName: string;
  readonly version: number;
  readonly instanceId: string;
  /** Null when a line belongs to no request, or to none that can be known. */
  readonly requestId: string | null;
  /** TRACE to FATAL, or null for a plain print. */
  readonly level: string | null;
  /** Wall-clock ms. */
  readonly atMs: number;
  readonly message: string;
  /** Set on the platform's own note that this many lines were not kept. */
  readonly dropped: number | null;
}

export interface StoredLine extends LogLine {
  /** The cursor to read on from. */
  readonly id: number;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * Writes lines, in their order, in one statement. A request id that is none is kept as null: it
 * comes out of the sandbox and is not to be trusted.
 *
 * @throws {Fault} `database-unavailable`: nothing was written
 */
export async function insertLines(sql: Queryable, lines: readonly LogLine[]): Promise<void> {
  if (lines.length === 0) return;
  const of = <T>(pick: (line: LogLine) => T): T[] => lines.map(pick);
  const requestIds = of(({ requestId }) => (requestId !== null && UUID.test(requestId) ? requestId : null));
  await orUnavailable(sql`
    with in_turn as materialized (
      select pg_advisory_xact_lock(hashtext('skein.log_lines'))
    ),
    inserted as (
      insert into skein.log_lines (
        account_id, region, function_name, version, instance_id, request_id, level, at_ms, message, dropped)
      select ${ACCOUNT_ID}, ${REGION}, l.* from in_turn, unnest(
        ${of((l) => l.functionName)}::text[], ${of((l) => l.version)}::int[], ${of((l) => l.instanceId)}::text[],
        ${requestIds}::uuid[], ${of((l) => storableText(l.level))}::text[], ${of((l) => l.atMs)}::float8[],
        ${of((l) => storableText(l.message))}::text[], ${of((l) => l.dropped)}::int[]) l
      returning octet_length(message) + 100 as row_bytes
    )
    update skein.volumes set kept_rows = kept_rows + (select count(*) from inserted),
      kept_bytes = kept_bytes + (select sum(row_bytes) from inserted)
    where name = 'log_lines'`);
}

/** @returns lines of one function after a cursor, oldest first, `limit` at most */
export async function linesAfter(sql: Queryable, after: After): Promise<StoredLine[]> {
  return await orUnavailable(sql<StoredLine[]>`
    select id, function_name as "functionName", version, instance_id as "instanceId", request_id as "requestId",
      level, at_ms as "atMs", message, dropped
    from skein.log_lines
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and function_name = ${after.functionName}
      and id > ${after.afterId} and at_ms >= ${after.sinceMs ?? 0}
    order by id limit ${after.limit}`);
}

/**
 * Deletes one batch of lines that are too old, or beyond the bytes to keep.
 *
 * @returns how many were deleted; call again while it is the whole batch
 */
export function dropOldLines(sql: Queryable, keep: Keep): Promise<number> {
  return dropOld(sql, 'log_lines', keep);
}
