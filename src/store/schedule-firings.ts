/**
 * Firing: what a schedule calls is kept as an event in the transaction that moves the schedule on to its next slot. So
 * a slot fires once, however many nodes look at it and wherever they are cut off.
 */
import type { TransactionSql } from 'postgres';
import { orUnavailable, type Sql } from './connect.ts';
import { insertEvents, type NewEvent } from './events.ts';
import { insertMessages, type MessageRow } from './queue-messages.ts';
import { type Schedule, scheduleColumns } from './schedules.ts';

/** A schedule whose time has come, locked. */
export interface DueSchedule extends Schedule {
  /** Whether an earlier firing waits or runs in its lane. */
  readonly busy: boolean;
}

/** What becomes of one. */
export interface ScheduleMove {
  readonly id: string;
  /** The last slot that fired; null: none has now. */
  readonly lastSlotMs: number | null;
  /** Wall-clock ms; null: there is none any more. */
  readonly nextSlotMs: number | null;
  readonly dueMs: number | null;
  /** It was its last slot, and it is to go then. */
  readonly over: boolean;
  readonly fired: readonly Fired[];
}

/** What a slot becomes. */
export interface Fired {
  readonly events: readonly NewEvent[];
  readonly messages: readonly MessageRow[];
  readonly sends: readonly FifoSend[];
}

/** A message for a FIFO queue, which has transactions of its own: sent before this one ends, and again if it does not. */
export interface FifoSend {
  readonly queue: string;
  readonly body: string;
  readonly groupId: string;
  /** Of the slot: what is sent again is not kept twice. */
  readonly deduplicationId: string;
}

export interface Firing {
  /** How many schedules were moved on. */
  readonly moved: number;
  /** Slots that have become something. */
  readonly fired: number;
}

/**
 * Fires schedules whose time has come, at most `limit` of them, those first that wait for longest. What another node has
 * in hand is left to it.
 *
 * @param firing.decide pure; gets the time by the database, wall ms
 * @throws {Fault} `database-unavailable`: what was decided has happened as a whole, or not at all
 */
export async function fireSchedules(
  sql: Sql,
  firing: {
    readonly limit: number;
    readonly send: SendFifo;
    readonly decide: (due: readonly DueSchedule[], nowMs: number) => readonly ScheduleMove[];
  },
): Promise<Firing> {
  const fired = await orUnavailable(
    sql.begin(async (tx) => {
      const due = await takeDue(tx, firing.limit);
      if (due.length === 0) return { moved: 0, fired: 0 };
      const moves = firing.decide(due, due[0]!.nowMs);
      await move(tx, moves);
      const fired = moves.flatMap((one) => one.fired);
      await keep(tx, fired, firing.send);
      return { moved: moves.length, fired: fired.length };
    }),
  );
  return fired as Firing;
}

/** Keeps what no slot has asked for. @throws {Fault} `database-unavailable` */
export async function keepFired(sql: Sql, fired: Fired, send: SendFifo): Promise<void> {
  await orUnavailable(sql.begin((tx) => keep(tx, [fired], send)));
}

type SendFifo = (sends: readonly FifoSend[]) => Promise<unknown>;

async function keep(tx: TransactionSql, fired: readonly Fired[], send: SendFifo): Promise<void> {
  const sends = fired.flatMap((one) => one.sends);
  if (sends.length > 0) await send(sends);
  await insertMessages(
    tx,
    fired.flatMap(({ messages }) => messages),
  );
  const events = fired.flatMap((one) => one.events);
  if (events.length > 0) await insertEvents(tx, events); // last: it locks the lanes' counts
}

function takeDue(tx: TransactionSql, limit: number) {
  return tx<(DueSchedule & { readonly nowMs: number })[]>`
    select ${scheduleColumns(tx)}, (extract(epoch from now()) * 1000)::float8 as "nowMs",
      s.lane is not null and exists (select from skein.events e where e.lane = s.lane) as busy
    from skein.schedules s where s.enabled and s.due_at <= now()
    order by s.due_at limit ${limit} for update of s skip locked`;
}

async function move(tx: TransactionSql, moves: readonly ScheduleMove[]): Promise<void> {
  const rows = moves.map(({ fired: _, ...rest }) => rest);
  await tx`
    with m as materialized (
      select * from json_to_recordset(${JSON.stringify(rows)}::text::json) as m (
        id uuid, "lastSlotMs" float8, "nextSlotMs" float8, "dueMs" float8, over boolean)
    ),
    gone as (delete from skein.schedules s using m where s.id = m.id and m.over)
    update skein.schedules s set next_slot = to_timestamp(m."nextSlotMs" / 1000),
      due_at = to_timestamp(m."dueMs" / 1000),
      last_slot = coalesce(to_timestamp(m."lastSlotMs" / 1000), s.last_slot)
    from m where s.id = m.id and not m.over`;
}

/** How long until the next schedule fires, ms, 0 or less: one is due; null: there is none. */
export async function nextScheduleInMs(sql: Sql): Promise<number | null> {
  const [row] = await orUnavailable(sql<{ inMs: number | null }[]>`
    select (extract(epoch from min(due_at) - now()) * 1000)::float8 as "inMs" from skein.schedules where enabled`);
  return row?.inMs ?? null;
}
