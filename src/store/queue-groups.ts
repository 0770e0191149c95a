/**
 * The groups of FIFO queues: whoever changes what is in a group holds its row until that is committed, so that
 * what is in it is looked at and changed by one at a time, on all nodes.
 */
import type { TransactionSql } from 'postgres';
import { orUnavailable, type Sql } from './connect.ts';
import { type HeldMessage, heldRows } from './queue-settlements.ts';

export interface Group {
  readonly queueId: number;
  readonly group: string;
}

/** SQLSTATE: two waited for each other, and this one was ended. */
const DEADLOCK = '40P01';
const TRIES = 5;

/** A transaction that holds groups. Two that hold them in different orders are possible, rare, and tried again. */
export async function withGroups<T>(sql: Sql, work: (tx: TransactionSql) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return (await orUnavailable(sql.begin(work))) as T;
    } catch (error) {
      if ((error as { code?: string }).code !== DEADLOCK || tries === TRIES) throw error;
    }
  }
}

/** Holds the groups that these messages are in. @returns them */
export async function lockGroupsOf(tx: TransactionSql, held: readonly HeldMessage[]): Promise<Group[]> {
  const rows = await tx<Group[]>`
    select g.queue_id as "queueId", g.group_id as group from skein.message_groups g join (
      select distinct m.queue_id, m.fifo_group from ${heldRows(tx, held)}
      join skein.messages m on m.queue_id = h.queue_id and m.number = h.number
    ) named on named.queue_id = g.queue_id and named.fifo_group = g.group_id
    order by g.queue_id, g.group_id for update of g`;
  return [...rows];
}

/** Holds groups, those that are new included. @returns ids of the queues that there are */
export async function openGroups(
  tx: TransactionSql,
  groups: readonly (Group & { readonly delayMs: number })[],
): Promise<ReadonlySet<number>> {
  const rows = await tx<{ queueId: number }[]>`
    insert into skein.message_groups as g (queue_id, group_id, free_at)
    select distinct on (queue_id, group_id) queue_id, group_id, now() + delay_ms * interval '1 ms'
    from unnest(${groups.map((one) => one.queueId)}::bigint[], ${groups.map((one) => one.group)}::text[],
      ${groups.map((one) => one.delayMs)}::float8[]) as w (queue_id, group_id, delay_ms)
    join skein.queues q on q.id = queue_id
    order by queue_id, group_id
    on conflict (queue_id, group_id) do update set queue_id = excluded.queue_id
    returning g.queue_id as "queueId"`;
  return new Set(rows.map((row) => row.queueId));
}

/** Says of groups that are held when they can be received from; those that are empty go. */
export async function refreshGroups(tx: TransactionSql, groups: readonly Group[]): Promise<void> {
  if (groups.length === 0) return;
  await tx`
    with state as materialized (
      select g.queue_id, g.group_id,
        (select m.visible_at from skein.messages m where m.queue_id = g.queue_id and m.fifo_group = g.group_id
          order by m.number limit 1) as head_at,
        (select max(m.visible_at) from skein.messages m where m.queue_id = g.queue_id and m.fifo_group = g.group_id
          and m.receipt is not null and m.visible_at > now()) as out_until
      from unnest(${groups.map((one) => one.queueId)}::bigint[], ${groups.map((one) => one.group)}::text[])
        as g (queue_id, group_id)
    ),
    emptied as (
      delete from skein.message_groups g using state s
      where g.queue_id = s.queue_id and g.group_id = s.group_id and s.head_at is null
    )
    update skein.message_groups g set free_at = greatest(s.head_at, s.out_until) from state s
    where g.queue_id = s.queue_id and g.group_id = s.group_id and s.head_at is not null`;
}
