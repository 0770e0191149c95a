/**
 * Tasks that move messages out of a dead-letter queue. One node at a time does one: the one that holds its lease, by
 * the database's clock. How far it is, is written in the transaction that moves.
 */
import type { TransactionSql } from 'postgres';
import { ACCOUNT_ID, REGION } from '../model/index.ts';
import { orUnavailable, type Queryable, type Sql } from './connect.ts';
import { lockGroupsOf, openGroups, refreshGroups, withGroups } from './queue-groups.ts';
import { countMessages } from './queue-messages.ts';

export interface MoveRow {
  readonly id: string;
  readonly source: string;
  readonly sourceId: number;
  readonly destination: string | null;
  readonly maxPerSecond: number | null;
  readonly status: 'running' | 'completed' | 'cancelled' | 'failed';
  readonly moved: number;
  readonly toMove: number;
  readonly failure: string | null;
  /** Wall clock, ms. */
  readonly startedAtMs: number;
}

export interface NewMoveRow {
  readonly id: string;
  readonly source: string;
  readonly sourceId: number;
  readonly destination: string | null;
  readonly maxPerSecond: number | null;
  /** Tasks that may run at once. */
  readonly maxRunning: number;
}

/** @returns null: another moves from this queue, or as many run as may */
export async function insertMove(sql: Queryable, move: NewMoveRow): Promise<MoveRow | null> {
  const { id, source, sourceId, destination, maxPerSecond, maxRunning } = move;
  const [row] = await orUnavailable(sql<MoveRow[]>`
    insert into skein.message_moves as m
      (id, account_id, region, source, source_id, destination, max_per_second, status, to_move)
    select ${id}, ${ACCOUNT_ID}, ${REGION}, ${source}, ${sourceId}, ${destination}, ${maxPerSecond}, 'running', coalesce((
      select sum(case side when 'in' then messages else -messages end)
      from skein.message_volumes where queue_id = ${sourceId}), 0)
    where (select count(*) from skein.message_moves where status = 'running') < ${maxRunning}
    on conflict (source_id) where status = 'running' do nothing
    returning ${moveColumns(sql)}`);
  return row ?? null;
}

/** @returns how many it has moved; null: there is no such task; 'ended': it does not run any more */
export async function cancelMove(sql: Queryable, id: string): Promise<number | 'ended' | null> {
  const [row] = await orUnavailable(sql<{ moved: number; cancelled: boolean }[]>`
    with cancelled as (
      update skein.message_moves set status = 'cancelled', ended_at = now()
      where id = ${id} and status = 'running' returning moved
    )
    select moved, true as cancelled from cancelled
    union all select moved, false from skein.message_moves where id = ${id} order by cancelled desc limit 1`);
  if (row === undefined) return null;
  return row.cancelled ? row.moved : 'ended';
}

/** The newest first. */
export async function listMoves(
  sql: Queryable,
  { source, max }: { readonly source: string; readonly max: number },
): Promise<MoveRow[]> {
  const rows = await orUnavailable(sql<MoveRow[]>`
    select ${moveColumns(sql)} from skein.message_moves m
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and source = ${source}
    order by started_at desc limit ${max}`);
  return [...rows];
}

/** Takes on, or keeps, all running tasks that no other node has. @returns those that are this node's for so long */
export async function leaseMoves(
  sql: Queryable,
  { holder, leaseMs }: { readonly holder: string; readonly leaseMs: number },
): Promise<MoveRow[]> {
  const rows = await orUnavailable(sql<MoveRow[]>`
    update skein.message_moves m set holder = ${holder}, lease_until = now() + ${leaseMs} * interval '1 ms'
    where status = 'running' and (holder = ${holder} or lease_until <= now())
    returning ${moveColumns(sql)}`);
  return [...rows];
}

interface Leaving {
  readonly number: number;
  readonly fifoGroup: string | null;
  /** null: nobody knows where it belongs. */
  readonly to: number | null;
}

/** Moves what can be received, the oldest first. @returns how many; 0: the task has ended */
export async function moveSome(
  sql: Sql,
  wanted: { readonly id: string; readonly holder: string; readonly max: number },
): Promise<number> {
  return await withGroups(sql, async (tx) => {
    const [task] = await tx<{ sourceId: number; destination: string | null }[]>`
        select source_id as "sourceId", destination from skein.message_moves
        where id = ${wanted.id} and status = 'running' and holder = ${wanted.holder} for update`;
    if (task === undefined) return 0;
    const leaving = await choose(tx, { ...task, max: wanted.max });
    const known = leaving.filter((one) => one.to !== null) as (Leaving & { to: number })[];
    await move(tx, task.sourceId, known);
    await note(tx, wanted.id, { moved: known.length, lost: leaving.length - known.length });
    return known.length;
  });
}

async function choose(
  tx: TransactionSql,
  { sourceId, destination, max }: { sourceId: number; destination: string | null; max: number },
): Promise<Leaving[]> {
  const rows = await tx<Leaving[]>`
    select m.number, m.fifo_group as "fifoGroup", (
      select q.id from skein.queues q where q.account_id = ${ACCOUNT_ID} and q.region = ${REGION}
        and q.name = coalesce(${destination}::text, m.buried ->> 'source')) as "to"
    from (
      select number, fifo_group, buried from skein.messages
      where queue_id = ${sourceId} and visible_at <= now()
      order by visible_at limit ${max} for update skip locked) m
    order by m.number`;
  return [...rows];
}

/** They arrive as new messages. */
async function move(
  tx: TransactionSql,
  sourceId: number,
  leaving: readonly (Leaving & { to: number })[],
): Promise<void> {
  if (leaving.length === 0) return;
  const fifo = leaving.filter(({ fifoGroup }) => fifoGroup !== null);
  const held = fifo.map(({ number }) => ({ queueId: sourceId, number, receipt: NOBODY }));
  const left = fifo.length === 0 ? [] : await lockGroupsOf(tx, held);
  const joined = fifo.map(({ to, fifoGroup }) => ({ queueId: to, group: fifoGroup!, delayMs: 0 }));
  if (joined.length > 0) await openGroups(tx, joined);
  await tx`
    with moved as (
      update skein.messages m set queue_id = d.queue_id, number = d.number, id = gen_random_uuid(), visible_at = now(),
        sent_at = now(), receipt = null, receives = 0, receives_before = 0, first_received_at = null,
        buried = null
      from (
        select old, queue_id, nextval('skein.message_numbers') as number
        from unnest(${leaving.map(({ number }) => number)}::bigint[], ${leaving.map(({ to }) => to)}::bigint[])
          as d (old, queue_id)
      ) d where m.queue_id = ${sourceId} and m.number = d.old
      returning m.queue_id
    ),
    gone as (select ${sourceId}::bigint as queue_id from moved),
    went as (${countMessages(tx, 'gone', 'out')})
    ${countMessages(tx, 'moved', 'in')}`;
  const groups = new Map([...left, ...joined].map((one) => [`${one.queueId}/${one.group}`, one]));
  await refreshGroups(tx, [...groups.values()]);
}

/** No message has this receipt. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

async function note(
  tx: TransactionSql,
  id: string,
  { moved, lost }: { moved: number; lost: number },
): Promise<void> {
  const status = moved > 0 ? 'running' : lost > 0 ? 'failed' : 'completed';
  await tx`
    update skein.message_moves set moved = moved + ${moved}, status = ${status},
      failure = ${status === 'failed' ? 'CouldNotDetermineMessageSource' : null},
      ended_at = case when ${status}::text = 'running' then null else now() end
    where id = ${id}`;
}

function moveColumns(sql: Queryable) {
  return sql`m.id, m.source, m.source_id as "sourceId", m.destination, m.max_per_second as "maxPerSecond", m.status,
    m.moved, m.to_move as "toMove", m.failure, (extract(epoch from m.started_at) * 1000)::float8 as "startedAtMs"`;
}
