/** What a receiver says of messages of FIFO queues. Only what is still out by its receipt is its to settle. */
import type { TransactionSql } from 'postgres';
import type { Sql } from './connect.ts';
import { lockGroupsOf, refreshGroups, withGroups } from './queue-groups.ts';
import { countMessages } from './queue-messages.ts';
import {
  type HeldMessage,
  heldRows,
  type VisibilityRow,
  visibilityColumns,
  visibilityRows,
} from './queue-settlements.ts';

export interface FifoDeleted {
  /** Numbers of those that were deleted. */
  readonly deleted: readonly number[];
  /** Of those that are there, and nobody has received since, but whose visibility timeout is over. */
  readonly expired: readonly number[];
}

export async function deleteFifoMessages(sql: Sql, held: readonly HeldMessage[]): Promise<FifoDeleted> {
  return await withGroups(sql, async (tx) => {
    const groups = await lockGroupsOf(tx, held);
    const deleted = await remove(tx, held);
    const left = await tx<{ number: number }[]>`
        select m.number from ${heldRows(tx, held)} join skein.messages m
          on m.queue_id = h.queue_id and m.number = h.number and m.receipt = h.receipt`;
    await refreshGroups(tx, groups);
    return { deleted, expired: left.map((row) => row.number) };
  });
}

async function remove(tx: TransactionSql, held: readonly HeldMessage[]): Promise<number[]> {
  const rows = await tx<{ number: number }[]>`
    with gone as (
      delete from skein.messages m using ${heldRows(tx, held)}
      where m.queue_id = h.queue_id and m.number = h.number and m.receipt = h.receipt and m.visible_at > now()
      returning m.queue_id, m.number
    ),
    went as (${countMessages(tx, 'gone', 'out')})
    select number from gone`;
  return rows.map((row) => row.number);
}

/** @returns numbers of those that were out by these receipts */
export async function changeFifoVisibility(sql: Sql, changes: readonly VisibilityRow[]): Promise<number[]> {
  return await withGroups(sql, async (tx) => {
    const groups = await lockGroupsOf(tx, changes);
    const rows = await tx<{ number: number }[]>`
        update skein.messages m set ${visibilityColumns(tx)} from ${visibilityRows(tx, changes)}
        where m.queue_id = h.queue_id and m.number = h.number and m.receipt = h.receipt and m.visible_at > now()
        returning m.number`;
    await refreshGroups(tx, groups);
    return rows.map((row) => row.number);
  });
}
