/** Where a schedule stands: from when it counts, and its next slot. Pure. */
import { createHash } from 'node:crypto';
import { parseSchedule } from './expression.ts';
import { nextSlot } from './next-slot.ts';

export interface ScheduleTiming {
  readonly group: string;
  readonly name: string;
  readonly expression: string;
  readonly timezone: string;
  /** Wall-clock ms; null: at once. */
  readonly startMs: number | null;
  /** Wall-clock ms; null: it has no end. */
  readonly endMs: number | null;
  /** It fires at any moment within this after each slot, ms. */
  readonly windowMs: number;
}

export interface ScheduleProgress {
  /** Where rates count from, wall-clock ms. */
  readonly anchorMs: number;
  /** Wall-clock ms; null: there is none any more. */
  readonly nextSlotMs: number | null;
  /** When that one fires. */
  readonly dueMs: number | null;
}

/** How late a schedule for one time may be made, ms: as exact as AWS's are. */
const AT_GRACE_MS = 60_000;

/**
 * A schedule that is new, or that has got other times.
 *
 * @throws {ScheduleError}
 */
export function beginSchedule(timing: ScheduleTiming, nowMs: number): ScheduleProgress {
  const anchorMs = timing.startMs ?? Math.floor(nowMs);
  const { kind } = parseSchedule(timing.expression, { timezone: timing.timezone });
  return goOn({ ...timing, anchorMs }, kind === 'at' ? nowMs - AT_GRACE_MS : Math.floor(nowMs) - 1);
}

/**
 * One that goes on after a moment: what came up to it is left out.
 *
 * @throws {ScheduleError}
 */
export function goOn(
  timing: ScheduleTiming & Pick<ScheduleProgress, 'anchorMs'>,
  afterMs: number,
): ScheduleProgress {
  const { expression, timezone, anchorMs, endMs } = timing;
  const nextSlotMs = nextSlot(parseSchedule(expression, { timezone }), afterMs, { startMs: anchorMs, endMs });
  return { anchorMs, nextSlotMs, dueMs: nextSlotMs === null ? null : firesAt(timing, nextSlotMs) };
}

/** When a slot fires: at a moment of its window that is always the same, wall ms. */
export function firesAt(
  { group, name, windowMs }: Pick<ScheduleTiming, 'group' | 'name' | 'windowMs'>,
  slotMs: number,
): number {
  if (windowMs === 0) return slotMs;
  const digest = createHash('sha256').update(`${group}/${name} ${slotMs}`).digest();
  return slotMs + Math.floor((digest.readUInt32BE(0) / 2 ** 32) * windowMs);
}
