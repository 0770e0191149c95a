/**
 * Settling: an event goes, or comes back later; and what follows from it (destinations, a place among the failed)
 * happens in the same statement, once, and only for who still holds the claim.
 */
import { orUnavailable, type Queryable } from './connect.ts';
import type { EventFailure, Held } from './event-claims.ts';
import { count, eventColumns, eventRows, type NewEvent } from './events.ts';
import { storableText } from './text.ts';

export interface Settlement extends Held {
  /** Ms from now; null: it is over. */
  readonly againInMs: number | null;
  /** Attempts that count, this one included if it does. */
  readonly attempts: number;
  /** What this attempt answered; null: as it was. */
  readonly failure: EventFailure | null;
  /** Why it is kept among the failed; null: it is not. */
  readonly keptFor: string | null;
  /** Events that it leads to. */
  readonly sends: readonly NewEvent[];
}

/**
 * Settles what is still held by the claims that are named; of the others nothing happens.
 *
 * @returns ids of those that were held
 * @throws {Fault} `database-unavailable`: try again, which settles none twice
 */
export async function settleEvents(sql: Queryable, settlements: readonly Settlement[]): Promise<string[]> {
  const sends = settlements.flatMap(({ id, sends }) => sends.map((event) => ({ ...event, parent: id })));
  const rows = await orUnavailable(sql<{ id: string }[]>`
    with s as materialized (
      select * from json_to_recordset(${JSON.stringify(settlements.map(rowOf))}::text::json) as s (
        id uuid, lease uuid, "againInMs" float8, attempts int, failure json, "keptFor" text)
    ),
    gone as (
      delete from skein.events e using s
      where e.id = s.id and e.lease = s.lease and s."againInMs" is null
      returning e.id, e.lane, e.function_name, e.qualifier, e.payload, e.bytes, e.context, e.terms, e.accepted_at, e.claims,
        s.attempts, s."keptFor", coalesce(s.failure, e.failure) as failure
    ),
    again as (
      update skein.events e set due_at = now() + s."againInMs" * interval '1 ms', lease = null, holder = null,
        attempts = s.attempts, failure = coalesce(s.failure, e.failure)
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
        claims, attempts, reason, failure)
      select id, lane, function_name, qualifier, payload, context, terms, accepted_at, claims, attempts, "keptFor",
        failure
      from gone where "keptFor" is not null
      on conflict (id) do nothing
    ),
    went as (${count(sql, 'gone', 'out')}),
    came as (${count(sql, 'sent', 'in')})
    select id from gone union all select id from again`);
  return rows.map((row) => row.id);
}

function rowOf({ id, lease, againInMs, attempts, failure, keptFor }: Settlement): object {
  const { errorType = '', payload = '', executedVersion = '' } = failure ?? {};
  const kept = failure && {
    errorType: storableText(errorType),
    payload: storableText(payload),
    executedVersion,
  };
  return { id, lease, againInMs, attempts, failure: kept, keptFor };
}
