/** What becomes of a schedule whose time has come. Pure. */
import { ScheduleError } from '../../model/index.ts';
import type { DueSchedule, ScheduleMove } from '../../store/index.ts';
import { type FiredParts, firedBy } from './fired.ts';
import { firingId, slotsDue } from './slots-due.ts';

/** @param nowMs wall ms, by the database */
export function moveOn(parts: FiredParts, schedule: DueSchedule, nowMs: number): ScheduleMove {
  const { id } = schedule;
  try {
    const { slots, next } = slotsDue(schedule, nowMs);
    const firing = fires(schedule, slots);
    const over = next.nextSlotMs === null && schedule.afterCompletion === 'delete';
    const fired = firing.map((slotMs) =>
      firedBy(parts, schedule, { id: firingId(schedule, slotMs), slotMs }),
    );
    return { id, ...next, over, lastSlotMs: firing.at(-1) ?? null, fired };
  } catch (error) {
    // Also what is a bug: one that cannot be fired must not hold up all others.
    parts.onProblem(error instanceof ScheduleError ? error.message : error);
    parts.onProblem(`schedule ${schedule.group}/${schedule.name} fires no more`);
    return { id, nextSlotMs: null, dueMs: null, over: false, lastSlotMs: null, fired: [] };
  }
}

/** Where one may not come while another is there, the first of them is that other. */
function fires({ overlap, busy }: DueSchedule, slots: readonly number[]): readonly number[] {
  if (overlap !== 'skip') return slots;
  return busy ? [] : slots.slice(0, 1);
}
