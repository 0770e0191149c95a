/** What becomes of a schedule whose time has come. Pure. */
import { parseFunctionReference, ScheduleError } from '../../model/index.ts';
import type { DueSchedule, NewEvent, Schedule, ScheduleMove } from '../../store/index.ts';
import { payloadOf, type SlotFired } from './payload.ts';
import { firingId, slotsDue } from './slots-due.ts';

/**
 * @param nowMs wall ms, by the database
 * @param onProblem told of a schedule that cannot go on
 */
export function moveOn(
  schedule: DueSchedule,
  nowMs: number,
  onProblem: (problem: unknown) => void,
): ScheduleMove {
  try {
    const { slots, next } = slotsDue(schedule, nowMs);
    const firing = fires(schedule, slots);
    const over = next.nextSlotMs === null && schedule.afterCompletion === 'delete';
    const events = firing.map((slotMs) => eventFor(schedule, { id: firingId(schedule, slotMs), slotMs }));
    return { id: schedule.id, ...next, over, lastSlotMs: firing.at(-1) ?? null, events };
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error;
    onProblem(`schedule ${schedule.group}/${schedule.name} fires no more: ${error.message}`);
    return { id: schedule.id, nextSlotMs: null, dueMs: null, over: false, lastSlotMs: null, events: [] };
  }
}

/** Where one may not come while another is there, the first of them is that other. */
function fires({ overlap, busy }: DueSchedule, slots: readonly number[]): readonly number[] {
  if (overlap !== 'skip') return slots;
  return busy ? [] : slots.slice(0, 1);
}

/** The event by which its function is called. */
export function eventFor(schedule: Schedule, fired: SlotFired): NewEvent {
  const { target, lane } = schedule;
  const called = parseFunctionReference(target.arn);
  if (called === null)
    throw new Error(`the target of schedule ${schedule.name} is no function: ${target.arn}`);
  const payload = payloadOf(schedule, fired);
  const { maximumRetryAttempts: retries, maximumEventAgeSeconds: ageSeconds, deadLetterArn } = target;
  return {
    id: fired.id,
    lane: lane ?? called.name,
    functionName: called.name,
    qualifier: called.qualifier,
    payload,
    bytes: Buffer.byteLength(payload),
    context: { traceId: null, clientContext: null, hops: 1 },
    terms: {
      ...(retries !== null && { retries }),
      ...(ageSeconds !== null && { maxAgeMs: ageSeconds * 1_000 }),
      ...(deadLetterArn !== null && { deadLetter: deadLetterArn }),
    },
  };
}
