/** What leaves queues without having been received: purged, too old, or left behind by a queue that is no more. */
import { orUnavailable, type Queryable, type Sql } from './connect.ts';
import { lockGroupsOf, refreshGroups, withGroups } from './queue-groups.ts';
import { countMessages } from './queue-messages.ts';
import { type HeldMessage, inOrder } from './queue-settlements.ts';

/** Rows that go at once, so that nobody waits long for them. */
const BATCH = 5_000;
const GROUPS = 500;
/** A queue can be purged once in this time. */
const PURGE_EVERY = '60 seconds';

/** Deletes all that is in a queue now. @returns how many; null: it was purged within the last 60 s */
export async function purgeQueue(sql: Sql, queueId: number): Promise<number | null> {
  const [turn] = await orUnavailable(sql<{ last: number | null }[]>`
    update skein.queues set purged_at = now()
    where id = ${queueId} and (purged_at is null or purged_at <= now() - ${PURGE_EVERY}::interval)
    returning (select max(number) from skein.messages where queue_id = ${queueId}) as last`);
  if (turn === undefined) return null;
  const purged = turn.last === null ? 0 : await deleteUpTo(sql, queueId, turn.last);
  await refreshAllGroups(sql, queueId);
  return purged;
}

async function deleteUpTo(sql: Sql, queueId: number, last: number): Promise<number> {
  let purged = 0;
  for (let count = BATCH; count === BATCH; purged += count) {
    const [row] = await orUnavailable(sql<{ count: number }[]>`
      with gone as (
        delete from skein.messages where queue_id = ${queueId} and number = any(array(
          select number from skein.messages where queue_id = ${queueId} and number <= ${last}
          order by number limit ${BATCH}))
        returning queue_id
      ),
      went as (${countMessages(sql, 'gone', 'out')})
      select count(*) as count from gone`);
    count = row!.count;
  }
  return purged;
}

async function refreshAllGroups(sql: Sql, queueId: number): Promise<void> {
  let after = '';
  for (let count = GROUPS; count === GROUPS; ) {
    const groups = await withGroups(sql, async (tx) => {
      const rows = await tx<{ group: string }[]>`
          select group_id as group from skein.message_groups where queue_id = ${queueId} and group_id > ${after}
          order by group_id limit ${GROUPS} for update`;
      const held = rows.map(({ group }) => ({ queueId, group }));
      await refreshGroups(tx, held);
      return held;
    });
    count = groups.length;
    after = groups.at(-1)?.group ?? after;
  }
}

/**
 * Deletes messages that are older than their queue keeps them, a batch of them.
 *
 * @returns how many; the rest, when it is not 0, is for another call
 */
export async function dropOldMessages(sql: Sql): Promise<number> {
  const old = await orUnavailable(sql<(HeldMessage & { fifo: boolean })[]>`
    select q.id as "queueId", m.number, gen_random_uuid() as receipt, m.fifo_group is not null as fifo
    from skein.queues q cross join lateral (
      select number, sent_at, fifo_group from skein.messages where queue_id = q.id order by number limit ${BATCH}) m
    where m.sent_at < now() - (q.settings ->> 'retentionMs')::float8 * interval '1 ms' limit ${BATCH}`);
  const sorted = inOrder(old);
  const [fifo, standard] = [sorted.filter((one) => one.fifo), sorted.filter((one) => !one.fifo)];
  if (standard.length > 0) await orUnavailable(drop(sql, standard));
  if (fifo.length > 0)
    await withGroups(sql, async (tx) => {
      const groups = await lockGroupsOf(tx, fifo);
      await drop(tx, fifo);
      await refreshGroups(tx, groups);
    });
  return old.length;
}

function drop(sql: Queryable, messages: readonly HeldMessage[]) {
  return sql`
    with gone as (
      delete from skein.messages m using unnest(${messages.map(({ queueId }) => queueId)}::bigint[],
        ${messages.map(({ number }) => number)}::bigint[]) as h (queue_id, number)
      where m.queue_id = h.queue_id and m.number = h.number returning m.queue_id
    ) ${countMessages(sql, 'gone', 'out')}`;
}

/** Deletes what queues that are no more have left, and what is remembered for some minutes only. @returns rows that went, of which there may be more */
export async function dropRemains(sql: Sql): Promise<number> {
  const gone = await orUnavailable(sql<{ id: number }[]>`
    select distinct v.queue_id as id from skein.message_volumes v
    where not exists (select from skein.queues q where q.id = v.queue_id)`);
  let dropped = 0;
  for (const { id } of gone) dropped += await dropRemainsOf(sql, id);
  const [forgotten] = await orUnavailable(sql<{ count: number }[]>`
    with duplicates as (
      delete from skein.message_deduplications where (queue_id, scope, deduplication_id) in (
        select queue_id, scope, deduplication_id from skein.message_deduplications
        where expires_at <= now() order by expires_at limit ${BATCH} for update skip locked)
      returning 1
    ),
    attempts as (
      delete from skein.receive_attempts where (queue_id, attempt_id) in (
        select queue_id, attempt_id from skein.receive_attempts
        where expires_at <= now() order by expires_at limit ${BATCH} for update skip locked)
      returning 1
    )
    select (select count(*) from duplicates) + (select count(*) from attempts) as count`);
  return dropped + forgotten!.count;
}

async function dropRemainsOf(sql: Sql, id: number): Promise<number> {
  const { count } = await orUnavailable(sql`
    delete from skein.messages where queue_id = ${id} and number = any(array(
      select number from skein.messages where queue_id = ${id} order by number limit ${BATCH}))`);
  if (count > 0) return count;
  await orUnavailable(sql`
    with groups as (delete from skein.message_groups where queue_id = ${id})
    delete from skein.message_volumes where queue_id = ${id}`);
  return 0;
}
