/** What a receiver says of messages of standard queues: they are done, or are to stay out of sight for so long. */
import { orUnavailable, type Queryable } from './connect.ts';
import { countMessages } from './queue-messages.ts';

/** Which message, by which receive. */
export interface HeldMessage {
  readonly queueId: number;
  readonly number: number;
  readonly receipt: string;
}

export interface VisibilityRow extends HeldMessage {
  readonly visibilityTimeoutMs: number;
  readonly uncounted: boolean;
}

/**
 * Deletes messages that nobody has received since. Also those whose visibility timeout is over.
 *
 * @returns numbers of those that were deleted
 */
export async function deleteMessages(sql: Queryable, held: readonly HeldMessage[]): Promise<number[]> {
  const rows = await orUnavailable(sql<{ number: number }[]>`
    with gone as (
      delete from skein.messages m using ${heldRows(sql, held)}
      where m.queue_id = h.queue_id and m.number = h.number and m.receipt = h.receipt
      returning m.queue_id, m.number
    ),
    went as (${countMessages(sql, 'gone', 'out')})
    select number from gone`);
  return rows.map((row) => row.number);
}

/** @returns numbers of those that were out by these receipts, and are visible at their new time */
export async function changeVisibility(sql: Queryable, changes: readonly VisibilityRow[]): Promise<number[]> {
  const rows = await orUnavailable(sql<{ number: number }[]>`
    update skein.messages m set ${visibilityColumns(sql)} from ${visibilityRows(sql, changes)}
    where m.queue_id = h.queue_id and m.number = h.number and m.receipt = h.receipt and m.visible_at > now()
    returning m.number`);
  return rows.map((row) => row.number);
}

/** In one order everywhere, so that two never wait for each other in a circle. */
export function inOrder<Held extends HeldMessage>(held: readonly Held[]): Held[] {
  return held.toSorted((a, b) => a.queueId - b.queueId || a.number - b.number);
}

export function heldRows(sql: Queryable, held: readonly HeldMessage[]) {
  const sorted = inOrder(held);
  return sql`unnest(${sorted.map((one) => one.queueId)}::bigint[], ${sorted.map((one) => one.number)}::bigint[],
    ${sorted.map((one) => one.receipt)}::uuid[]) as h (queue_id, number, receipt)`;
}

export function visibilityRows(sql: Queryable, changes: readonly VisibilityRow[]) {
  const sorted = inOrder(changes);
  return sql`unnest(${sorted.map((one) => one.queueId)}::bigint[], ${sorted.map((one) => one.number)}::bigint[],
    ${sorted.map((one) => one.receipt)}::uuid[], ${sorted.map((one) => one.visibilityTimeoutMs)}::float8[],
    ${sorted.map((one) => (one.uncounted ? 1 : 0))}::int[]) as h (queue_id, number, receipt, for_ms, uncounted)`;
}

/** What is uncounted is as if it had not been handed out; its receipt is good no longer than it is out. */
export function visibilityColumns(sql: Queryable) {
  return sql`visible_at = now() + h.for_ms * interval '1 ms',
    receives = m.receives - h.uncounted`;
}
