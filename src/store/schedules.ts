/** Schedules: when something is to be called, and what. That they fire: schedule-firings.ts. */
import type { TransactionSql } from 'postgres';
import { ACCOUNT_ID, REGION, type ScheduleProgress, type ScheduleTiming } from '../model/index.ts';
import { orUnavailable, type Queryable, type Sql } from './connect.ts';

/** What a caller decides. */
export interface ScheduleWish extends ScheduleTiming {
  /** Whose manifest it is of; null: made by an API. */
  readonly app: string | null;
  readonly description: string | null;
  readonly enabled: boolean;
  readonly target: ScheduleTarget;
  /** What becomes of it after its last slot. */
  readonly afterCompletion: 'keep' | 'delete';
  /** What becomes of a slot while an earlier one waits or runs. */
  readonly overlap: 'allow' | 'skip' | 'queue';
  /** What becomes of slots that no node was there to fire. */
  readonly missed: 'skip' | 'catch-up';
}

export interface ScheduleTarget {
  /** Of a function, perhaps with a qualifier, or of a queue. */
  readonly arn: string;
  readonly roleArn: string;
  /** null: an event that names the schedule. */
  readonly input: string | null;
  readonly messageGroupId: string | null;
  /** null: as its function says. */
  readonly maximumRetryAttempts: number | null;
  readonly maximumEventAgeSeconds: number | null;
  readonly deadLetterArn: string | null;
}

export interface Schedule extends ScheduleWish, ScheduleProgress {
  /** UUID: one that is made later under the same name has another. */
  readonly id: string;
  /** The lane of events in which its firings wait; null: that of its function. */
  readonly lane: string | null;
  /** The last slot that fired, wall-clock ms; null: none has. */
  readonly lastSlotMs: number | null;
  readonly createdAtMs: number;
  readonly modifiedAtMs: number;
}

export interface ScheduleKey {
  readonly group: string;
  readonly name: string;
}

/** The database's clock, wall ms: the one that slots are held against. */
export async function databaseNow(sql: Queryable): Promise<number> {
  const [row] = await orUnavailable(
    sql<{ ms: number }[]>`select (extract(epoch from now()) * 1000)::float8 as ms`,
  );
  return row!.ms;
}

/**
 * Makes a schedule, or makes one another, whose id and last slot stay.
 *
 * @returns false: nothing was stored, since it was to be new and there is one
 */
export async function writeSchedule(
  tx: Queryable,
  { wish, lane, progress }: ScheduleChange,
  { replace }: { readonly replace: boolean },
): Promise<boolean> {
  const { group, name, app, expression, timezone, target } = wish;
  const { anchorMs, nextSlotMs, dueMs } = progress;
  const written = await tx`
    insert into skein.schedules as s (account_id, region, group_name, name, app, expression, timezone, starts_at,
      ends_at, window_ms, description, enabled, target, after_completion, overlap, missed, lane, anchor_at,
      next_slot, due_at)
    values (${ACCOUNT_ID}, ${REGION}, ${group}, ${name}, ${app}, ${expression}, ${timezone},
      ${timeOf(tx, wish.startMs)}, ${timeOf(tx, wish.endMs)}, ${wish.windowMs}, ${wish.description},
      ${wish.enabled}, ${tx.json(target as never)}, ${wish.afterCompletion}, ${wish.overlap}, ${wish.missed},
      ${lane}, ${timeOf(tx, anchorMs)}, ${timeOf(tx, nextSlotMs)}, ${timeOf(tx, dueMs)})
    on conflict (account_id, region, group_name, name) do update set app = excluded.app,
      expression = excluded.expression, timezone = excluded.timezone, starts_at = excluded.starts_at,
      ends_at = excluded.ends_at, window_ms = excluded.window_ms, description = excluded.description,
      enabled = excluded.enabled, target = excluded.target, after_completion = excluded.after_completion,
      overlap = excluded.overlap, missed = excluded.missed, lane = excluded.lane, anchor_at = excluded.anchor_at,
      next_slot = excluded.next_slot, due_at = excluded.due_at, modified_at = now()
    where ${replace}`;
  return written.count === 1;
}

export interface ScheduleChange {
  readonly wish: ScheduleWish;
  readonly lane: string | null;
  readonly progress: ScheduleProgress;
}

/** @param for.change locks it. @returns null when there is none */
export async function findSchedule(
  sql: Queryable,
  { group, name }: ScheduleKey,
  { change }: { readonly change: boolean } = { change: false },
): Promise<Schedule | null> {
  const [row] = await orUnavailable(sql<Schedule[]>`
    select ${scheduleColumns(sql)} from skein.schedules s
    where ${here(sql)} and group_name = ${group} and name = ${name} ${change ? sql`for update` : sql``}`);
  return row ?? null;
}

/** Schedules after a key, in the order of groups and names. A null filters nothing. */
export async function listSchedules(
  sql: Queryable,
  wanted: {
    readonly group: string | null;
    readonly app: string | null;
    readonly prefix: string;
    readonly enabled: boolean | null;
    readonly after: ScheduleKey | null;
    readonly limit: number;
  },
): Promise<Schedule[]> {
  const { group, app, prefix, enabled, after } = wanted;
  const rows = await orUnavailable(sql<Schedule[]>`
    select ${scheduleColumns(sql)} from skein.schedules s
    where ${here(sql)} and (${group}::text is null or group_name = ${group}) and starts_with(name, ${prefix})
      and (${app}::text is null or app = ${app}) and (${enabled}::boolean is null or enabled = ${enabled})
      and (group_name, name) > (${after?.group ?? ''}, ${after?.name ?? ''})
    order by group_name, name limit ${wanted.limit}`);
  return [...rows];
}

/** How many there are; `upTo`, if there are more. */
export async function countSchedules(sql: Queryable, upTo: number): Promise<number> {
  const [row] = await orUnavailable(sql<{ count: number }[]>`
    select count(*)::int as count from (select from skein.schedules s where ${here(sql)} limit ${upTo}) s`);
  return row!.count;
}

/** @returns what was deleted; null when there was none */
export async function deleteSchedule(sql: Queryable, { group, name }: ScheduleKey): Promise<Schedule | null> {
  const [row] = await orUnavailable(sql<Schedule[]>`
    delete from skein.schedules s where ${here(sql)} and group_name = ${group} and name = ${name}
    returning ${scheduleColumns(sql)}`);
  return row ?? null;
}

/** Deletes those of an app's schedules that are not named. */
export async function deleteSchedulesOf(
  tx: TransactionSql,
  { app, except }: { readonly app: string; readonly except: readonly string[] },
): Promise<void> {
  await tx`delete from skein.schedules where ${here(tx)} and app = ${app} and name <> all(${except}::text[])`;
}

export interface SoonDue {
  readonly target: ScheduleTarget;
  /** Until it fires, ms. */
  readonly inMs: number;
}

/** What is called within so many ms. At most 1,000: what is not among them starts cold. */
export async function schedulesDueSoon(sql: Sql, withinMs: number): Promise<SoonDue[]> {
  const rows = await orUnavailable(sql<SoonDue[]>`
    select target, (extract(epoch from due_at - now()) * 1000)::float8 as "inMs" from skein.schedules
    where enabled and due_at > now() and due_at <= now() + ${withinMs} * interval '1 ms' order by due_at limit 1000`);
  return [...rows];
}

/** Of a table that is called `s`. */
export function scheduleColumns(sql: Queryable) {
  return sql`s.group_name as "group", s.name, s.id::text, s.app, s.expression, s.timezone,
    round(extract(epoch from s.starts_at) * 1000)::float8 as "startMs",
    round(extract(epoch from s.ends_at) * 1000)::float8 as "endMs", s.window_ms as "windowMs",
    s.description, s.enabled, s.target, s.after_completion as "afterCompletion", s.overlap, s.missed, s.lane,
    round(extract(epoch from s.anchor_at) * 1000)::float8 as "anchorMs",
    round(extract(epoch from s.next_slot) * 1000)::float8 as "nextSlotMs",
    round(extract(epoch from s.due_at) * 1000)::float8 as "dueMs",
    round(extract(epoch from s.last_slot) * 1000)::float8 as "lastSlotMs",
    round(extract(epoch from s.created_at) * 1000)::float8 as "createdAtMs",
    round(extract(epoch from s.modified_at) * 1000)::float8 as "modifiedAtMs"`;
}

function timeOf(sql: Queryable, ms: number | null) {
  return sql`to_timestamp(${ms}::float8 / 1000)`;
}

function here(sql: Queryable) {
  return sql`account_id = ${ACCOUNT_ID} and region = ${REGION}`;
}
