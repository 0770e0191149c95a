/**
 * Messages on their way into queues: many in one statement, counted by queue.
 *
 * Like events, a batch is one JSON document. Part of a larger transaction if need be: what settles an event puts its
 * dead letter into a queue in the same one.
 */
import { orUnavailable, type Queryable } from './connect.ts';
import { storableJson } from './text.ts';

/** A message for a standard queue. */
export interface MessageRow {
  readonly queueId: number;
  /** UUID. */
  readonly id: string;
  readonly delayMs: number;
  /** Of body and attributes. */
  readonly bytes: number;
  /** In it and in the details, U+0000 and lone surrogates become U+FFFD. */
  readonly body: string;
  readonly details: MessageDetails;
}

/** What a message was sent with beside its body. What is absent was not given. */
export interface MessageDetails {
  readonly attributes?: Readonly<
    Record<
      string,
      { readonly dataType: string; readonly stringValue?: string; readonly binaryValue?: string }
    >
  >;
  readonly traceHeader?: string;
  readonly senderId?: string;
  readonly groupId?: string;
  readonly deduplicationId?: string;
}

/** What became of a dead letter. Kept apart from its details, which are read by nobody but its receiver. */
export interface Burial {
  /** Name of the queue that it comes from. */
  readonly source: string;
  /** Of a FIFO queue: instead of the one it was sent with, so that it meets no other there. */
  readonly deduplicationId?: string;
}

/**
 * Stores messages in standard queues.
 *
 * @returns ids of those that are stored; the queues of the others are no more
 * @throws {Fault} `database-unavailable`: they may be stored, and giving them again may store them twice
 */
export async function insertMessages(sql: Queryable, messages: readonly MessageRow[]): Promise<string[]> {
  if (messages.length === 0) return [];
  const rows = await orUnavailable(sql<{ id: string }[]>`
    with added as (
      insert into skein.messages (queue_id, number, id, visible_at, sent_at, bytes, body, details)
      select r."queueId", nextval('skein.message_numbers'), r.id, now() + r."delayMs" * interval '1 ms', now(),
        r.bytes, r.body, r.details
      from json_to_recordset(${storableJson(messages)}::text::json) as r (
        "queueId" bigint, id uuid, "delayMs" float8, bytes int, body text, details json)
      join skein.queues q on q.id = r."queueId"
      returning queue_id, id
    ),
    counted as (${countMessages(sql, 'added', 'in')})
    select id from added`);
  return rows.map((row) => row.id);
}

/**
 * Adds what `rows` (a common table with queue_id) brings to one side of the queues' counts. In the order of queues, so
 * that two that count at once never wait for each other in a circle.
 */
export function countMessages(
  sql: Queryable,
  rows: 'added' | 'gone' | 'buried' | 'moved',
  side: 'in' | 'out',
) {
  return sql`
    insert into skein.message_volumes as v (queue_id, side, messages)
    select queue_id, ${side}, count(*) from ${sql(rows)} group by queue_id order by queue_id
    on conflict (queue_id, side) do update set messages = v.messages + excluded.messages`;
}
