/**
 * Events on their way into the database: many in one statement, counted by lane.
 *
 * A batch is one JSON document for PostgreSQL, which is read faster there, and made faster here, than arrays of texts.
 */
import { orUnavailable, type Queryable } from './connect.ts';

/** An event to be stored. */
export interface NewEvent {
  /** UUID; an event that is there already is not stored again. */
  readonly id: string;
  readonly lane: string;
  readonly functionName: string;
  readonly qualifier: string | null;
  /** JSON text without U+0000 and lone surrogates. */
  readonly payload: string;
  /** Of the payload in UTF-8. */
  readonly bytes: number;
  readonly context: EventContext;
  /** Absent: what its function says. */
  readonly terms?: EventTerms | null;
  /** UUID: of events that have the same one the first is stored, for as long as it is remembered. */
  readonly delivery?: string;
}

/** What holds for one event alone; what is left out is as its function says. */
export interface EventTerms {
  /** Times it is run again after a failure. */
  readonly retries?: number;
  /** From when it was accepted, ms. */
  readonly maxAgeMs?: number;
  /** ARN of who gets it when it has failed for good; null: nobody. */
  readonly deadLetter?: string | null;
}

/** What travels with an event. */
export interface EventContext {
  readonly traceId: string | null;
  readonly clientContext: string | null;
  /** Events of its chain up to this one, which is the first at 1. */
  readonly hops: number;
}

/** What waits or runs in a lane. */
export interface LaneVolume {
  readonly lane: string;
  readonly waiting: number;
  readonly bytes: number;
}

/**
 * Stores events: all of them or, when this throws, none.
 *
 * Also within somebody else's transaction, which they are part of then: let it be the last statement, and the only
 * one of its kind, since the counts of the lanes stay locked until the transaction ends.
 *
 * @returns what their lanes hold now
 * @throws {Fault} `database-unavailable`: they may be stored; giving them again stores none twice
 */
export async function insertEvents(sql: Queryable, events: readonly NewEvent[]): Promise<LaneVolume[]> {
  const rows = await orUnavailable(sql<LaneVolume[]>`
    with ${firstOnes(sql, events)} added as (
      insert into skein.events (id, lane, function_name, qualifier, payload, bytes, context, terms)
      select ${eventColumns(sql)} from ${eventRows(sql, events)} ${whereFirst(sql, events)}
      on conflict (id) do nothing returning lane, bytes
    ),
    counted as (${count(sql, 'added', 'in')} returning lane, events, bytes)
    select c.lane, (c.events - coalesce(o.events, 0))::int as waiting, c.bytes - coalesce(o.bytes, 0) as bytes
    from counted c left join skein.event_volumes o on o.lane = c.lane and o.side = 'out'`);
  return [...rows];
}

/**
 * Remembers the deliveries among the events, and which of the events bring them. In the order of keys, so that two
 * that store at once never wait for each other in a circle; who comes second waits until the first has committed.
 */
function firstOnes(sql: Queryable, events: readonly NewEvent[]) {
  if (!hasDeliveries(events)) return sql``;
  return sql`
    bringing as (
      select distinct on (delivery) delivery, r.id from ${eventRows(sql, events)}
      where delivery is not null order by delivery, r.id
    ),
    remembered as (
      insert into skein.deliveries (key) select delivery from bringing order by delivery
      on conflict (key) do nothing returning key
    ),
    firsts as (select b.id from bringing b join remembered k on k.key = b.delivery),`;
}

function whereFirst(sql: Queryable, events: readonly NewEvent[]) {
  return hasDeliveries(events) ? sql`where delivery is null or r.id in (select id from firsts)` : sql``;
}

function hasDeliveries(events: readonly NewEvent[]): boolean {
  return events.some(({ delivery }) => delivery !== undefined);
}

/** What all lanes hold, those that are empty left out. */
export async function laneVolumes(sql: Queryable): Promise<LaneVolume[]> {
  const rows = await orUnavailable(sql<LaneVolume[]>`
    select lane, sum(case side when 'in' then events else -events end)::int as waiting,
      sum(case side when 'in' then bytes else -bytes end)::bigint as bytes
    from skein.event_volumes group by lane having sum(case side when 'in' then events else -events end) > 0`);
  return [...rows];
}

/** When the event was accepted that waits for longest, wall-clock ms of the database; null: none does. */
export async function oldestEvent(sql: Queryable): Promise<number | null> {
  const [row] = await orUnavailable(sql<{ atMs: number }[]>`
    select (extract(epoch from accepted_at) * 1000)::float8 as "atMs" from skein.events order by id limit 1`);
  return row?.atMs ?? null;
}

/**
 * Adds what `rows` (a common table with lane and bytes) brings to one side of the lanes' counts. In the order of
 * lanes, so that two that count at once never wait for each other in a circle.
 */
export function count(sql: Queryable, rows: 'added' | 'gone' | 'sent', side: 'in' | 'out') {
  return sql`
    insert into skein.event_volumes as v (lane, side, events, bytes)
    select lane, ${side}, count(*), sum(bytes) from ${sql(rows)} group by lane order by lane
    on conflict (lane, side) do update set events = v.events + excluded.events, bytes = v.bytes + excluded.bytes`;
}

/** Events as a table `r`; `parent` is the event that led to each, where there is one. */
export function eventRows(sql: Queryable, events: readonly (NewEvent & { readonly parent?: string })[]) {
  return sql`json_to_recordset(${JSON.stringify(events)}::text::json) as r (
    id uuid, parent uuid, lane text, "functionName" text, qualifier text, payload text, bytes int, context json, terms json,
    delivery uuid)`;
}

export function eventColumns(sql: Queryable) {
  return sql`r.id, r.lane, r."functionName", r.qualifier, r.payload, r.bytes, r.context, r.terms`;
}
