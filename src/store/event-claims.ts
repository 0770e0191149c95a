/**
 * Claims: which node delivers an event, and for how long. The database's clock decides.
 *
 * A claim moves `due_at` to the end of the lease: an event whose node is gone is due again by itself. `now()`
 * rather than `clock_timestamp()`, since each of these is a transaction of its own and only a time that stands
 * still can be looked up in an index.
 */
import { orUnavailable, type Queryable } from './connect.ts';
import type { EventContext, EventTerms } from './events.ts';

export interface DueLane {
  readonly lane: string;
  /** Until its first event is due, ms; 0 or less: one is. */
  readonly dueInMs: number;
}

/** An event that is this node's to deliver until its lease ends. */
export interface ClaimedEvent {
  readonly id: string;
  readonly lane: string;
  readonly functionName: string;
  readonly qualifier: string | null;
  readonly payload: string;
  readonly bytes: number;
  readonly context: EventContext;
  /** null: what its function says. */
  readonly terms: EventTerms | null;
  /** Since it was accepted, or its function's events were let go on, ms. */
  readonly ageMs: number;
  /** Times it has been claimed, this one included. */
  readonly claims: number;
  /** Attempts that count, before this one. */
  readonly attempts: number;
  /** What the last of them answered. */
  readonly failure: EventFailure | null;
  /** Of this claim. */
  readonly lease: string;
}

/** What an attempt that counts came to. */
export interface EventFailure {
  readonly errorType: string;
  /** Lambda's error object, JSON text. */
  readonly payload: string;
  /** As Lambda prints it. */
  readonly executedVersion: string;
}

/**
 * The lanes that hold events, and when each has one that is due: one look into the index per lane, however many
 * wait in it. Of a lane that keeps order it is the first that came that counts.
 */
export async function dueLanes(sql: Queryable): Promise<DueLane[]> {
  const rows = await orUnavailable(sql<DueLane[]>`
    with recursive lanes as (
      (select lane from skein.events order by lane limit 1)
      union all
      select (select e.lane from skein.events e where e.lane > l.lane order by e.lane limit 1)
      from lanes l where l.lane is not null
    )
    select l.lane, (extract(epoch from due.at - now()) * 1000)::float8 as "dueInMs"
    from lanes l cross join lateral (
      (select e.due_at as at from skein.events e
      where e.lane = l.lane and strpos(l.lane, '/') = 0 order by e.due_at limit 1)
      union all
      (select e.due_at as at from skein.events e
      where e.lane = l.lane and strpos(e.lane, '/') > 0 order by e.seq limit 1)) due
    where not exists (select from skein.event_pauses p
      where p.function_name = split_part(l.lane, '/', 1) and p.paused_at is not null)`);
  return [...rows];
}

export interface Claim {
  /** How many of which lanes, at most. */
  readonly wanted: readonly { readonly lane: string; readonly room: number }[];
  /** No further event is taken when those taken have as many bytes. */
  readonly maxBytes: number;
  readonly leaseMs: number;
  /** UUID, of this claim alone. */
  readonly lease: string;
  /** The node. */
  readonly holder: string;
}

/**
 * Takes events that are due, of each lane those first that are due for longest; of a lane that keeps order the
 * first that came, and nothing while that one is held or waits.
 */
export async function claimEvents(sql: Queryable, claim: Claim): Promise<ClaimedEvent[]> {
  const { wanted, maxBytes, leaseMs, lease, holder } = claim;
  const rows = await orUnavailable(sql<ClaimedEvent[]>`
    with wanted as (
      select w.lane, w.room, p.resumed_at
      from unnest(${wanted.map((one) => one.lane)}::text[], ${wanted.map((one) => one.room)}::int[])
        as w (lane, room)
      left join skein.event_pauses p on p.function_name = split_part(w.lane, '/', 1)
      where p.paused_at is null
    ),
    found as (
      select f.id, f.bytes, w.resumed_at from wanted w cross join lateral (
        select e.id, e.bytes from skein.events e
        where e.lane = w.lane and e.due_at <= now() and strpos(w.lane, '/') = 0
        order by e.due_at limit w.room for update skip locked) f
      union all
      select f.id, f.bytes, w.resumed_at from wanted w cross join lateral (
        select e.id, e.bytes from (
          select o.id from skein.events o
          where o.lane = w.lane and strpos(o.lane, '/') > 0 order by o.seq limit 1) first
        join skein.events e on e.id = first.id
        where e.due_at <= now() for update of e skip locked) f
    ),
    taken as (
      select id, resumed_at from (select id, resumed_at, sum(bytes) over (order by id) - bytes as before from found) f
      where before < ${maxBytes}
    )
    update skein.events e set lease = ${lease}, holder = ${holder}, claims = e.claims + 1,
      due_at = now() + ${leaseMs} * interval '1 ms'
    from taken where e.id = taken.id
    returning e.id, e.lane, e.function_name as "functionName", e.qualifier, e.payload, e.bytes, e.context, e.terms,
      (extract(epoch from now() - greatest(e.accepted_at, taken.resumed_at)) * 1000)::float8 as "ageMs", e.claims, e.attempts, e.failure,
      e.lease`);
  return [...rows];
}

/** Which event, by which claim. */
export interface Held {
  readonly id: string;
  readonly lease: string;
}

/**
 * Makes leases last from now. One that is being settled at this moment is left alone.
 *
 * @returns those that are still held
 */
export async function renewEvents(
  sql: Queryable,
  { held, leaseMs }: { readonly held: readonly Held[]; readonly leaseMs: number },
): Promise<string[]> {
  const rows = await orUnavailable(sql<{ id: string }[]>`
    with mine as (
      select e.id from skein.events e
      join unnest(${held.map((one) => one.id)}::uuid[], ${held.map((one) => one.lease)}::uuid[]) as h (id, lease)
        on e.id = h.id and e.lease = h.lease
      for update of e skip locked
    )
    update skein.events e set due_at = now() + ${leaseMs} * interval '1 ms'
    from mine where e.id = mine.id returning e.id`);
  return rows.map((row) => row.id);
}

/**
 * Gives back what a node holds, all of it: for a node that starts, which knows that its earlier self is gone.
 *
 * @returns how many
 */
export async function releaseEvents(sql: Queryable, holder: string): Promise<number> {
  const { count } = await orUnavailable(sql`
    update skein.events set due_at = now(), lease = null, holder = null where holder = ${holder}`);
  return count;
}
