/** Events that failed for good: kept for a while, for whoever looks for them, mends them and lets them run again. */
import { orUnavailable, type Queryable } from './connect.ts';
import type { EventFailure } from './event-claims.ts';
import type { AttemptNote } from './event-settlements.ts';
import { count, type EventContext, type EventTerms } from './events.ts';
import type { Keep } from './retention.ts';

/** An event that failed without an attempt: its function was not to see it. */
export interface FailedUnseen {
  /** UUID; one that is there already is not kept again. */
  readonly id: string;
  readonly functionName: string;
  readonly qualifier: string | null;
  /** JSON text. */
  readonly payload: string;
  readonly traceId: string | null;
  readonly reason: string;
}

export async function keepFailedEvent(sql: Queryable, event: FailedUnseen): Promise<void> {
  const { id, functionName, qualifier, payload, traceId, reason } = event;
  const context: EventContext = { traceId, clientContext: null, hops: 1 };
  await orUnavailable(sql`
    insert into skein.failed_events (id, lane, function_name, qualifier, payload, context, accepted_at, claims,
      attempts, reason)
    values (${id}, ${functionName}, ${functionName}, ${qualifier}, ${payload}, ${sql.json(context as never)}, now(), 0,
      0, ${reason})
    on conflict (id) do nothing`);
}

/** A line of a list. Times are wall clock of the database, ms. */
export interface FailedEvent {
  readonly id: string;
  readonly functionName: string;
  readonly qualifier: string | null;
  readonly attempts: number;
  readonly reason: string;
  /** ARNs of those who were told; empty: it is only here. */
  readonly told: readonly string[];
  readonly acceptedAtMs: number;
  readonly failedAtMs: number;
}

export interface FailedPage {
  readonly functionName: string | null;
  readonly limit: number;
}

/** The last ones first. */
export async function listFailedEvents(
  sql: Queryable,
  { functionName, limit }: FailedPage,
): Promise<FailedEvent[]> {
  const rows = await orUnavailable(sql<FailedEvent[]>`
    select id, function_name as "functionName", qualifier, attempts, reason, told,
      ${ms(sql, 'accepted_at')} as "acceptedAtMs", ${ms(sql, 'failed_at')} as "failedAtMs"
    from skein.failed_events where ${functionName}::text is null or function_name = ${functionName}
    order by failed_at desc limit ${limit}`);
  return [...rows];
}

/** A line of a list. */
export interface WaitingEvent {
  readonly id: string;
  readonly functionName: string;
  readonly qualifier: string | null;
  readonly lane: string;
  readonly attempts: number;
  readonly running: boolean;
  readonly acceptedAtMs: number;
  readonly dueAtMs: number;
}

/** Those that have waited for longest first. */
export async function listWaitingEvents(
  sql: Queryable,
  { functionName, limit }: FailedPage,
): Promise<WaitingEvent[]> {
  const rows = await orUnavailable(sql<WaitingEvent[]>`
    select id, function_name as "functionName", qualifier, lane, attempts, lease is not null as running,
      ${ms(sql, 'accepted_at')} as "acceptedAtMs", ${ms(sql, 'due_at')} as "dueAtMs"
    from skein.events where ${functionName}::text is null or function_name = ${functionName}
    order by id limit ${limit}`);
  return [...rows];
}

/** All that is known of one event. */
export interface KnownEvent {
  readonly id: string;
  /** `waiting` and `running` ones are not over yet. */
  readonly state: 'waiting' | 'running' | 'failed';
  readonly functionName: string;
  readonly qualifier: string | null;
  readonly lane: string;
  readonly payload: string;
  readonly context: EventContext;
  readonly terms: EventTerms | null;
  readonly attempts: number;
  readonly trail: readonly AttemptNote[];
  /** What the last attempt that counts answered. */
  readonly failure: EventFailure | null;
  /** Of a failed one. */
  readonly reason: string | null;
  readonly told: readonly string[];
  readonly acceptedAtMs: number;
  readonly failedAtMs: number | null;
  /** Of one that waits: when it is run next. */
  readonly dueAtMs: number | null;
}

/** @returns null when nothing is known of it: it has succeeded, or never was, or was forgotten */
export async function findEvent(sql: Queryable, id: string): Promise<KnownEvent | null> {
  const [row] = await orUnavailable(sql<KnownEvent[]>`
    select id, case when lease is null then 'waiting' else 'running' end as state, function_name as "functionName",
      qualifier, lane, payload, context, terms, attempts, coalesce(trail, '[]') as trail, failure, null as reason,
      '{}'::text[] as told, ${ms(sql, 'accepted_at')} as "acceptedAtMs", null::float8 as "failedAtMs",
      ${ms(sql, 'due_at')} as "dueAtMs"
    from skein.events where id = ${id}
    union all
    select id, 'failed', function_name, qualifier, lane, payload, context, terms, attempts, coalesce(trail, '[]'),
      failure, reason, told, ${ms(sql, 'accepted_at')}, ${ms(sql, 'failed_at')}, null
    from skein.failed_events where id = ${id}
    limit 1`);
  return row ?? null;
}

/** Gives a failed event another payload. @returns whether there is such a failed event */
export async function editFailedEvent(
  sql: Queryable,
  { id, payload }: { readonly id: string; readonly payload: string },
): Promise<boolean> {
  const { count: edited } = await orUnavailable(sql`
    update skein.failed_events set payload = ${payload} where id = ${id}`);
  return edited > 0;
}

export interface Redrive {
  /** Which; null: all that nobody was told of. */
  readonly ids: readonly string[] | null;
  /** Of this function; null: of all. */
  readonly functionName: string | null;
  /** Failed before this; what fails anew meanwhile stays. Wall clock of the database, ms; null: until now. */
  readonly failedBeforeMs: number | null;
  /** The first is due after this, the others `everyMs` apart. */
  readonly inMs: number;
  readonly everyMs: number;
  /** At most so many. */
  readonly limit: number;
}

/**
 * Lets failed events run again, as new ones with their old id: all attempts that they are due.
 *
 * @returns lanes of those that wait now; call again while there are as many as `limit`
 */
export async function redriveEvents(sql: Queryable, wanted: Redrive): Promise<string[]> {
  const { ids, functionName, failedBeforeMs, inMs, everyMs, limit } = wanted;
  const rows = await orUnavailable(sql<{ lane: string }[]>`
    with chosen as (
      select id, failed_at from skein.failed_events
      where (${functionName}::text is null or function_name = ${functionName})
        and case when ${ids === null} then told = '{}' else id = any(${(ids ?? []) as string[]}::uuid[]) end
        and failed_at < coalesce(to_timestamp(${failedBeforeMs}::float8 / 1000), clock_timestamp())
      order by failed_at, id limit ${limit} for update skip locked
    ),
    gone as (delete from skein.failed_events f using chosen c where f.id = c.id returning f.*),
    paced as (
      select *, (row_number() over (order by failed_at, id) - 1) * ${everyMs}::float8 + ${inMs}::float8 as in_ms
      from gone
    ),
    sent as (
      insert into skein.events (id, lane, function_name, qualifier, payload, bytes, context, terms, claims, trail,
        accepted_at, due_at)
      select id, lane, function_name, qualifier, payload, octet_length(payload), context, terms, claims, trail,
        now() + in_ms * interval '1 ms', now() + in_ms * interval '1 ms'
      from paced order by in_ms
      on conflict (id) do nothing returning lane, bytes
    ),
    came as (${count(sql, 'sent', 'in')})
    select lane from sent`);
  return rows.map(({ lane }) => lane);
}

/** @returns rows deleted; call again while it equals `batch` */
export async function dropOldFailedEvents(
  sql: Queryable,
  keep: Keep & { readonly maxRows: number; readonly maxBytes: number },
): Promise<number> {
  const { count: dropped } = await orUnavailable(sql`
    delete from skein.failed_events where id in (
      select id from skein.failed_events
      where failed_at < to_timestamp(${keep.sinceMs / 1_000}::float8)
        or failed_at <= (select failed_at from skein.failed_events order by failed_at desc offset ${keep.maxRows} limit 1)
        or failed_at <= (
          select max(failed_at) from (
            select failed_at, sum(octet_length(payload)) over (order by failed_at desc) as bytes
            from skein.failed_events) newest
          where bytes > ${keep.maxBytes})
      order by failed_at limit ${keep.batch})`);
  return dropped;
}

function ms(sql: Queryable, column: 'accepted_at' | 'failed_at' | 'due_at') {
  return sql`(extract(epoch from ${sql(column)}) * 1000)::float8`;
}
