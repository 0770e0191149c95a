/**
 * Receiving from standard queues: who is handed a message, and until when nobody else is. The database's clock
 * decides.
 *
 * Receiving moves `visible_at` to the end of the visibility timeout: a message whose receiver is gone can be received
 * again by itself. What was received too often, and what is too old, is found here, too: it goes to the dead-letter
 * queue, or goes, instead of being handed out.
 */
import { orUnavailable, type Queryable } from './connect.ts';
import { type Burial, countMessages, type MessageDetails } from './queue-messages.ts';

/** From which queue messages are taken, and on what terms. */
export interface ReceiveTerms {
  readonly queueId: number;
  /** Its name: messages that are dead-lettered remember it. */
  readonly queueName: string;
  readonly retentionMs: number;
  /** null: there is none. */
  readonly redrive: { readonly deadLetterId: number; readonly maxReceiveCount: number } | null;
  readonly visibilityTimeoutMs: number;
  readonly max: number;
  /** No further message is taken when those taken have as many bytes. */
  readonly maxBytes: number;
  /** UUID, of this receive alone. */
  readonly receipt: string;
}

/** A message that was taken. */
export interface TakenMessage {
  readonly number: number;
  readonly id: string;
  readonly receipt: string;
  readonly body: string;
  readonly bytes: number;
  readonly details: MessageDetails;
  readonly buried: Burial | null;
  /** Wall clock, ms. */
  readonly sentAtMs: number;
  readonly firstReceivedAtMs: number;
  readonly receivedAtMs: number;
  /** In all queues, this time included. */
  readonly receives: number;
}

/** Takes messages that are visible, those first that have been so for longest. In the order of their numbers. */
export async function receiveMessages(sql: Queryable, terms: ReceiveTerms): Promise<TakenMessage[]> {
  const { queueId, max, maxBytes, visibilityTimeoutMs, receipt } = terms;
  const rows = await orUnavailable(sql<TakenMessage[]>`
    with found as materialized (
      select number, bytes, ${fate(sql, terms)} as fate from skein.messages
      where queue_id = ${queueId} and visible_at <= now()
      order by visible_at limit ${max} for update skip locked
    ),
    taken as (
      select number from (
        select number, sum(bytes) over (order by number) - bytes as before from found where fate = 'take') f
      where before < ${maxBytes}
    ),
    ${leaving(sql, terms)}
    update skein.messages m set visible_at = now() + ${visibilityTimeoutMs} * interval '1 ms', receipt = ${receipt},
      receives = m.receives + 1, first_received_at = coalesce(m.first_received_at, now())
    from taken where m.queue_id = ${queueId} and m.number = taken.number
    returning ${takenColumns(sql)}`);
  return rows.toSorted((a, b) => a.number - b.number);
}

/** What is to be done with a visible message: `expire` it, `bury` it with the dead letters, or `take` it. */
export function fate(sql: Queryable, { retentionMs, redrive }: ReceiveTerms) {
  return sql`case
    when sent_at < now() - ${retentionMs} * interval '1 ms' then 'expire'
    when ${redrive !== null} and receives >= ${redrive?.maxReceiveCount ?? 0} then 'bury'
    else 'take' end`;
}

export function takenColumns(sql: Queryable) {
  return sql`m.number, m.id, m.receipt, m.body, m.bytes, m.details, m.buried, (extract(epoch from m.sent_at) * 1000)::float8 as "sentAtMs",
    (extract(epoch from m.first_received_at) * 1000)::float8 as "firstReceivedAtMs",
    (extract(epoch from now()) * 1000)::float8 as "receivedAtMs", m.receives + m.receives_before as receives`;
}

/** Common tables: those of `found` that are not taken leave the queue. A dead letter keeps the time it was sent at. */
function leaving(sql: Queryable, { queueId, queueName, redrive }: ReceiveTerms) {
  return sql`
    expired as (
      delete from skein.messages m using found where m.queue_id = ${queueId} and m.number = found.number
        and found.fate = 'expire' returning m.queue_id
    ),
    buried as (
      update skein.messages m set queue_id = q.id, number = nextval('skein.message_numbers'), visible_at = now(),
        receipt = null, receives = 0, receives_before = m.receives_before + m.receives,
        buried = json_build_object('source', ${queueName}::text)
      from found, skein.queues q where m.queue_id = ${queueId} and m.number = found.number and found.fate = 'bury'
        and q.id = ${redrive?.deadLetterId ?? null}
      returning m.queue_id
    ),
    gone as (select queue_id from expired union all select ${queueId}::bigint from buried),
    went as (${countMessages(sql, 'gone', 'out')}),
    came as (${countMessages(sql, 'buried', 'in')})`;
}

export interface WaitedFor {
  readonly standard: readonly number[];
  readonly fifo: readonly number[];
}

/** Until something of a queue may be received. */
export interface DueQueue {
  readonly queueId: number;
  /** 0 or less: now. */
  readonly dueInMs: number;
}

/** When each of these queues has something to hand out: one look into an index per queue. Those without anything are left out. */
export async function dueQueues(sql: Queryable, { standard, fifo }: WaitedFor): Promise<DueQueue[]> {
  const rows = await orUnavailable(sql<DueQueue[]>`
    select id as "queueId", (extract(epoch from at - now()) * 1000)::float8 as "dueInMs" from (
      select q.id, (select visible_at from skein.messages where queue_id = q.id order by visible_at limit 1) as at
      from unnest(${[...standard]}::bigint[]) as q (id)
      union all
      select q.id, (select free_at from skein.message_groups where queue_id = q.id order by free_at limit 1)
      from unnest(${[...fifo]}::bigint[]) as q (id)
    ) due where at is not null`);
  return [...rows];
}
