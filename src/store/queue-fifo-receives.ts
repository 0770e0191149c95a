/**
 * Receiving from FIFO queues: groups first, then their messages in order. A group of which something is out is not
 * free, so nobody else finds it.
 */
import type { TransactionSql } from 'postgres';
import type { Sql } from './connect.ts';
import { type Group, lockGroupsOf, openGroups, refreshGroups, withGroups } from './queue-groups.ts';
import { countMessages } from './queue-messages.ts';
import { fate, type ReceiveTerms, type TakenMessage, takenColumns } from './queue-receives.ts';

/** Groups that one receive looks into. */
const MAX_GROUPS = 100;
/** A receive can be asked for once more for this long. */
const REPEATABLE = '5 minutes';

export interface FifoTerms extends ReceiveTerms {
  /** null: it cannot be asked for once more. */
  readonly attemptId: string | null;
}

interface Found {
  readonly number: number;
  readonly group: string;
  readonly bytes: number;
  readonly fate: 'take' | 'bury' | 'expire';
}

/** Takes messages in order, as many of a group as there are. */
export async function receiveFifoMessages(sql: Sql, terms: FifoTerms): Promise<TakenMessage[]> {
  return await withGroups(sql, async (tx) => (await repeat(tx, terms)) ?? (await receive(tx, terms)));
}

async function receive(tx: TransactionSql, terms: FifoTerms): Promise<TakenMessage[]> {
  const groups = await freeGroups(tx, terms);
  if (groups.length === 0) return [];
  const found = await readyMessages(tx, terms, groups);
  const taken = await take(tx, terms, chosen(terms, found));
  const expired = found.filter((one) => one.fate === 'expire');
  if (expired.length > 0) await expire(tx, terms, expired);
  const buried = found.filter((one) => one.fate === 'bury');
  const graves = buried.length > 0 ? await bury(tx, terms, buried) : [];
  await refreshGroups(tx, [...groups, ...graves]);
  if (terms.attemptId !== null && taken.length > 0) await rememberAttempt(tx, terms, taken);
  return taken;
}

async function freeGroups(tx: TransactionSql, { queueId, max }: FifoTerms): Promise<Group[]> {
  const rows = await tx<{ group: string }[]>`
    select group_id as group from skein.message_groups where queue_id = ${queueId} and free_at <= now()
    order by free_at limit ${Math.min(max, MAX_GROUPS)} for update skip locked`;
  return rows.map(({ group }) => ({ queueId, group }));
}

/** The first messages of each group, up to one that is still held back. */
async function readyMessages(
  tx: TransactionSql,
  terms: FifoTerms,
  groups: readonly Group[],
): Promise<Found[]> {
  const { queueId, max } = terms;
  const rows = await tx<Found[]>`
    select number, "group", bytes, fate from (
      select g.ord, m.number, g.group_id as "group", m.bytes, m.fate,
        bool_and(m.visible) over (partition by g.ord order by m.number) as ready
      from unnest(${groups.map(({ group }) => group)}::text[]) with ordinality as g (group_id, ord)
      cross join lateral (
        select number, bytes, visible_at <= now() as visible, ${fate(tx, terms)} as fate from skein.messages
        where queue_id = ${queueId} and fifo_group = g.group_id order by number limit ${max}) m
    ) f where ready order by ord, number`;
  return [...rows];
}

/** Those that are taken: as many as are wanted, and no more bytes. */
function chosen({ max, maxBytes }: FifoTerms, found: readonly Found[]): number[] {
  const numbers: number[] = [];
  let bytes = 0;
  for (const one of found) {
    if (one.fate !== 'take') continue;
    if (numbers.length >= max || (numbers.length > 0 && bytes >= maxBytes)) break;
    numbers.push(one.number);
    bytes += one.bytes;
  }
  return numbers;
}

async function take(
  tx: TransactionSql,
  { queueId, visibilityTimeoutMs, receipt }: FifoTerms,
  numbers: readonly number[],
): Promise<TakenMessage[]> {
  if (numbers.length === 0) return [];
  const rows = await tx<TakenMessage[]>`
    update skein.messages m set visible_at = now() + ${visibilityTimeoutMs} * interval '1 ms', receipt = ${receipt},
      receives = m.receives + 1, first_received_at = coalesce(m.first_received_at, now())
    where m.queue_id = ${queueId} and m.number = any(${[...numbers]}::bigint[])
    returning ${takenColumns(tx)}`;
  const order = new Map(numbers.map((number, index) => [number, index]));
  return rows.toSorted((a, b) => order.get(a.number)! - order.get(b.number)!);
}

async function expire(tx: TransactionSql, { queueId }: FifoTerms, expired: readonly Found[]): Promise<void> {
  await tx`
    with gone as (
      delete from skein.messages where queue_id = ${queueId}
        and number = any(${expired.map(({ number }) => number)}::bigint[]) returning queue_id
    ) ${countMessages(tx, 'gone', 'out')}`;
}

/** The dead-letter queue's groups, with what was received too often at their ends, as if it had been sent now. */
async function bury(
  tx: TransactionSql,
  { queueId, queueName, redrive }: FifoTerms,
  dead: readonly Found[],
): Promise<Group[]> {
  if (redrive === null) return [];
  const graves = [...new Set(dead.map(({ group }) => group))].map((group) => ({
    ...{ queueId: redrive.deadLetterId, group, delayMs: 0 },
  }));
  if ((await openGroups(tx, graves)).size === 0) return [];
  await tx`
    with moved as (
      update skein.messages m set queue_id = ${redrive.deadLetterId}, number = d.number, visible_at = now(),
        sent_at = now(), receipt = null, receives = 0, receives_before = m.receives_before + m.receives,
        buried = json_build_object('source', ${queueName}::text, 'deduplicationId', m.id::text)
      from (
        select old, nextval('skein.message_numbers') as number
        from unnest(${dead.map(({ number }) => number).toSorted((a, b) => a - b)}::bigint[]) as old
      ) d where m.queue_id = ${queueId} and m.number = d.old
      returning m.queue_id
    ),
    gone as (select ${queueId}::bigint as queue_id from moved),
    went as (${countMessages(tx, 'gone', 'out')})
    ${countMessages(tx, 'moved', 'in')}`;
  return graves;
}

async function rememberAttempt(
  tx: TransactionSql,
  { queueId, attemptId, receipt }: FifoTerms,
  taken: readonly TakenMessage[],
): Promise<void> {
  await tx`
    insert into skein.receive_attempts as a (queue_id, attempt_id, receipt, numbers, expires_at)
    values (${queueId}, ${attemptId}, ${receipt}, ${taken.map(({ number }) => number)}::bigint[],
      now() + ${REPEATABLE}::interval)
    on conflict (queue_id, attempt_id) do update set receipt = excluded.receipt, numbers = excluded.numbers,
      expires_at = excluded.expires_at`;
}

/** What an earlier receive of the same attempt got, if all of it is still out by it; null: nothing such. */
async function repeat(tx: TransactionSql, terms: FifoTerms): Promise<TakenMessage[] | null> {
  const { queueId, attemptId, visibilityTimeoutMs } = terms;
  if (attemptId === null) return null;
  const [before] = await tx<{ receipt: string; numbers: number[] }[]>`
    select receipt, numbers from skein.receive_attempts
    where queue_id = ${queueId} and attempt_id = ${attemptId} and expires_at > now()`;
  if (before === undefined) return null;
  const { receipt } = before;
  const groups = await lockGroupsOf(
    tx,
    before.numbers.map((number) => ({ queueId, number, receipt })),
  );
  const out = await tx<TakenMessage[]>`
    select ${takenColumns(tx)} from skein.messages m where m.queue_id = ${queueId}
      and m.number = any(${before.numbers}::bigint[]) and m.receipt = ${receipt} and m.visible_at > now()
    order by array_position(${before.numbers}::bigint[], m.number)`;
  if (out.length < before.numbers.length) return null;
  await tx`
    update skein.messages set visible_at = now() + ${visibilityTimeoutMs} * interval '1 ms'
    where queue_id = ${queueId} and number = any(${before.numbers}::bigint[])`;
  await refreshGroups(tx, groups);
  return [...out];
}
