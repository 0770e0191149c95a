/**
 * Messages on their way into FIFO queues. Their group is held before they get their numbers: so the numbers of a
 * group grow in the order in which its messages become visible, whichever nodes they came through.
 */
import type { TransactionSql } from 'postgres';
import type { Sql } from './connect.ts';
import { openGroups, withGroups } from './queue-groups.ts';
import { countMessages, type MessageRow } from './queue-messages.ts';

/** Another message of the same deduplication id is not kept for this long. */
const DEDUPLICATION = '5 minutes';

export interface FifoMessageRow extends MessageRow {
  readonly group: string;
  /** Where its deduplication id must be new: the group, or '' for the whole queue. */
  readonly scope: string;
  readonly deduplicationId: string;
}

/** What a message is known by: a duplicate by what the first is. */
export interface NumberedMessage {
  readonly messageId: string;
  readonly number: number;
}

/**
 * Stores messages in FIFO queues, in their order, all or none.
 *
 * @returns for each in order what it is known by; null: its queue is no more
 * @throws {Fault} `database-unavailable`; giving them again stores none twice
 */
export async function insertFifoMessages(
  sql: Sql,
  messages: readonly FifoMessageRow[],
): Promise<(NumberedMessage | null)[]> {
  return await withGroups(sql, (tx) => insert(tx, messages));
}

async function insert(
  tx: TransactionSql,
  messages: readonly FifoMessageRow[],
): Promise<(NumberedMessage | null)[]> {
  const [queues, numbers] = await Promise.all([openGroups(tx, messages), newNumbers(tx, messages.length)]);
  const firsts = new Map<string, FifoMessageRow & { number: number }>();
  for (const [index, message] of messages.entries()) {
    const key = keyOf(message);
    if (!firsts.has(key) && queues.has(message.queueId))
      firsts.set(key, { ...message, number: numbers[index]! });
  }
  const candidates = [...firsts.values()];
  const fresh = await remember(tx, candidates);
  const kept = candidates.filter(({ id }) => fresh.has(id));
  await keep(tx, kept);
  const known = new Map<string, NumberedMessage>();
  for (const one of kept) known.set(keyOf(one), { messageId: one.id, number: one.number });
  const duplicates = candidates.filter(({ id }) => !fresh.has(id));
  for (const one of await remembered(tx, duplicates)) known.set(keyOf(one), one);
  return messages.map((message) => known.get(keyOf(message)) ?? null);
}

function keyOf(message: Pick<FifoMessageRow, 'queueId' | 'scope' | 'deduplicationId'>): string {
  return JSON.stringify([message.queueId, message.scope, message.deduplicationId]);
}

async function newNumbers(tx: TransactionSql, count: number): Promise<number[]> {
  const rows = await tx<{ number: number }[]>`
    select nextval('skein.message_numbers') as number from generate_series(1, ${count}::int)`;
  return rows.map((row) => row.number);
}

/** @returns ids of those that are no duplicates */
async function remember(
  tx: TransactionSql,
  messages: readonly (FifoMessageRow & { number: number })[],
): Promise<ReadonlySet<string>> {
  if (messages.length === 0) return new Set();
  const rows = await tx<{ id: string }[]>`
    insert into skein.message_deduplications as d
      (queue_id, scope, deduplication_id, message_id, number, expires_at)
    select "queueId", scope, "deduplicationId", id, number, now() + ${DEDUPLICATION}::interval
    from ${keys(tx, messages)} order by 1, 2, 3
    on conflict (queue_id, scope, deduplication_id) do update set message_id = excluded.message_id,
      number = excluded.number, expires_at = excluded.expires_at where d.expires_at <= now()
    returning message_id as id`;
  return new Set(rows.map((row) => row.id));
}

interface Remembered extends NumberedMessage {
  readonly queueId: number;
  readonly scope: string;
  readonly deduplicationId: string;
}

async function remembered(
  tx: TransactionSql,
  messages: readonly (FifoMessageRow & { number: number })[],
): Promise<Remembered[]> {
  if (messages.length === 0) return [];
  const rows = await tx<Remembered[]>`
    select d.queue_id as "queueId", d.scope, d.deduplication_id as "deduplicationId",
      d.message_id as "messageId", d.number
    from ${keys(tx, messages)} join skein.message_deduplications d
      on d.queue_id = k."queueId" and d.scope = k.scope and d.deduplication_id = k."deduplicationId"`;
  return [...rows];
}

function keys(tx: TransactionSql, messages: readonly (FifoMessageRow & { number: number })[]) {
  const rows = messages.map(({ queueId, scope, deduplicationId, id, number }) => ({
    ...{ queueId, scope, deduplicationId, id, number },
  }));
  return tx`json_to_recordset(${JSON.stringify(rows)}::text::json) as k (
    "queueId" bigint, scope text, "deduplicationId" text, id uuid, number bigint)`;
}

async function keep(
  tx: TransactionSql,
  messages: readonly (FifoMessageRow & { number: number })[],
): Promise<void> {
  if (messages.length === 0) return;
  await tx`
    with added as (
      insert into skein.messages (queue_id, number, id, visible_at, sent_at, bytes, fifo_group, body, details)
      select "queueId", number, id, now() + "delayMs" * interval '1 ms', now(), bytes, "group", body, details
      from json_to_recordset(${JSON.stringify(messages)}::text::json) as r (
        "queueId" bigint, number bigint, id uuid, "delayMs" float8, bytes int, "group" text, body text, details json)
      returning queue_id
    )
    ${countMessages(tx, 'added', 'in')}`;
}
