/**
 * Settling: an event goes, or comes back later; and what follows from it (events and messages for destinations, a
 * place among the failed) happens in the same transaction, once, and only for who still holds the claim.
 */
import type { TransactionSql } from 'postgres';
import { orUnavailable, type Queryable, type Sql } from './connect.ts';
import type { EventFailure, Held } from './event-claims.ts';
import { count, eventColumns, eventRows, type NewEvent } from './events.ts';
import { insertMessages, type MessageRow } from './queue-messages.ts';
import { storableText } from './text.ts';

export interface Settlement extends Held {
  /** Ms from now; null: it is over. */
  readonly againInMs: number | null;
  /** Attempts that count, this one included if it does. */
  readonly attempts: number;
  /** What this attempt answered; null: as it was. */
  readonly failure: EventFailure | null;
  /** This attempt, if it failed. */
  readonly note: AttemptNote | null;
  /** Why it is kept among the failed; null: it is not. */
  readonly keptFor: string | null;
  /** ARNs of those who get something of it. */
  readonly told: readonly string[];
  /** Events that it leads to, and messages. */
  readonly sends: readonly NewEvent[];
  readonly messages: readonly MessageRow[];
}

/** What is remembered of an attempt that failed. */
export interface AttemptNote {
  readonly attemptId: string;
  /** When it ended, wall clock, ms. */
  readonly atMs: number;
  /** `error`, `timeout`, `crash`, `init-error`. */
  readonly outcome: string;
  readonly errorType: string;
  readonly errorMessage: string;
  readonly executedVersion: string;
  readonly durationMs: number;
  readonly instanceId: string;
}

/** Attempts that are remembered of one event: the first, and the last ones. */
const REMEMBERED = 20;

/**
 * Settles what is still held by the claims that are named; of the others nothing happens. An event that leads to a
 * message for a queue that is no more is kept among the failed.
 *
 * @returns ids of those that were held
 * @throws {Fault} `database-unavailable`: try again, which settles none twice
 */
export async function settleEvents(sql: Sql, settlements: readonly Settlement[]): Promise<string[]> {
  if (settlements.every(({ messages }) => messages.length === 0)) return await settle(sql, settlements);
  const done = sql.begin((tx) => settleWithMessages(tx, settlements));
  return (await orUnavailable(done)) as string[];
}

async function settleWithMessages(tx: TransactionSql, settlements: readonly Settlement[]): Promise<string[]> {
  const rows = await tx<{ id: string }[]>`
    select e.id from skein.events e
    join json_to_recordset(${JSON.stringify(settlements.map(({ id, lease }) => ({ id, lease })))}::text::json)
      as s (id uuid, lease uuid) on e.id = s.id and e.lease = s.lease
    order by e.id for update of e`;
  const held = new Set(rows.map(({ id }) => id));
  const mine = settlements.filter(({ id }) => held.has(id));
  const stored = new Set(
    await insertMessages(
      tx,
      mine.flatMap(({ messages }) => messages),
    ),
  );
  const isLost = ({ messages }: Settlement) => messages.some(({ id }) => !stored.has(id));
  return await settle(
    tx,
    mine.map((one) =>
      isLost(one) ? { ...one, keptFor: one.keptFor ?? 'DestinationNotFound', told: [] } : one,
    ),
  );
}

async function settle(sql: Queryable, settlements: readonly Settlement[]): Promise<string[]> {
  const sends = settlements.flatMap(({ id, sends }) => sends.map((event) => ({ ...event, parent: id })));
  const rows = await orUnavailable(sql<{ id: string }[]>`
    with s as materialized (
      select * from json_to_recordset(${JSON.stringify(settlements.map(rowOf))}::text::json) as s (
        id uuid, lease uuid, "againInMs" float8, attempts int, failure json, note jsonb, "keptFor" text, told text[])
    ),
    gone as (
      delete from skein.events e using s
      where e.id = s.id and e.lease = s.lease and s."againInMs" is null
      returning e.id, e.lane, e.function_name, e.qualifier, e.payload, e.bytes, e.context, e.terms, e.accepted_at, e.claims,
        s.attempts, s."keptFor", s.told, ${trail(sql)} as trail, coalesce(s.failure, e.failure) as failure
    ),
    again as (
      update skein.events e set due_at = now() + s."againInMs" * interval '1 ms', lease = null, holder = null,
        attempts = s.attempts, trail = ${trail(sql)}, failure = coalesce(s.failure, e.failure)
      from s where e.id = s.id and e.lease = s.lease and s."againInMs" is not null
      returning e.id
    ),
    sent as (
      insert into skein.events (id, lane, function_name, qualifier, payload, bytes, context, terms)
      select ${eventColumns(sql)} from ${eventRows(sql, sends)} join gone on gone.id = r.parent
      returning lane, bytes
    ),
    kept as (
      insert into skein.failed_events (id, lane, function_name, qualifier, payload, context, terms, accepted_at,
        claims, attempts, reason, told, trail, failure)
      select id, lane, function_name, qualifier, payload, context, terms, accepted_at, claims, attempts, "keptFor",
        told, trail, failure
      from gone where "keptFor" is not null
      on conflict (id) do nothing
    ),
    went as (${count(sql, 'gone', 'out')}),
    came as (${count(sql, 'sent', 'in')})
    select id from gone union all select id from again`);
  return rows.map((row) => row.id);
}

/** What is remembered of its attempts, this one included. */
function trail(sql: Queryable) {
  return sql`case when s.note is null then e.trail else
    (case when jsonb_array_length(e.trail) >= ${REMEMBERED} then e.trail - 1 else coalesce(e.trail, '[]') end) || s.note
    end`;
}

function rowOf({ id, lease, againInMs, attempts, failure, note, keptFor, told }: Settlement): object {
  const { errorType = '', payload = '', executedVersion = '' } = failure ?? {};
  const kept = failure && {
    errorType: storableText(errorType),
    payload: storableText(payload),
    executedVersion,
  };
  const noted = note && {
    ...note,
    errorType: storableText(note.errorType),
    errorMessage: storableText(note.errorMessage),
  };
  return { id, lease, againInMs, attempts, failure: kept, note: noted, keptFor, told };
}
