/** Which slots of a schedule fire now, and which comes next. Pure. */
import { createHash } from 'node:crypto';
import { firesAt, nextSlot, parseSchedule, type ScheduleProgress } from '../../model/index.ts';
import type { Schedule } from '../../store/index.ts';

/** A slot that could not be fired for this long after its time is missed, ms: a node that is started anew makes it. */
const GRACE_MS = 30_000;
/** Missed slots of one schedule that are made up for, the newest. */
const MAX_CATCH_UP = 100;
/** Slots that are looked at in a row; a schedule that was away for longer skips half of the rest. */
const MAX_STEPS = 5_000;

type Placed = Pick<
  Schedule,
  'group' | 'name' | 'expression' | 'timezone' | 'anchorMs' | 'endMs' | 'windowMs' | 'nextSlotMs' | 'missed'
>;

export interface SlotsDue {
  /** Wall-clock ms, in order. */
  readonly slots: readonly number[];
  readonly next: Pick<ScheduleProgress, 'nextSlotMs' | 'dueMs'>;
}

/**
 * @param nowMs wall ms, by the database
 * @throws {ScheduleError} when its zone is not known any more
 */
export function slotsDue(schedule: Placed, nowMs: number): SlotsDue {
  const { windowMs, missed } = schedule;
  const after = slotsAfter(schedule);
  const lateMs = nowMs - windowMs - GRACE_MS;
  let slotMs = schedule.nextSlotMs;
  if (missed === 'skip' && slotMs !== null && slotMs <= lateMs) slotMs = after(lateMs);
  const slots: number[] = [];
  for (let steps = 1; slotMs !== null && firesAt(schedule, slotMs) <= nowMs; steps++) {
    slots.push(slotMs);
    if (slots.length > MAX_CATCH_UP) slots.shift();
    slotMs = after(steps % MAX_STEPS === 0 ? Math.floor((slotMs + nowMs) / 2) : slotMs);
  }
  return { slots, next: { nextSlotMs: slotMs, dueMs: slotMs === null ? null : firesAt(schedule, slotMs) } };
}

function slotsAfter({ expression, timezone, anchorMs, endMs }: Placed): (afterMs: number) => number | null {
  const parsed = parseSchedule(expression, { timezone });
  return (afterMs) => nextSlot(parsed, afterMs, { startMs: anchorMs, endMs });
}

/**
 * The id of the event that a slot becomes: a UUID that is always the same, ordered by time as all ids of events are.
 */
export function firingId({ id }: Pick<Schedule, 'id'>, slotMs: number): string {
  const digest = createHash('sha256').update(`${id} ${slotMs}`).digest('hex');
  const time = Math.max(0, Math.floor(slotMs)).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${digest.slice(1, 4)}-8${digest.slice(5, 8)}-${digest.slice(8, 20)}`;
}
