/** The slots of a schedule: the instants at which it is to fire. Pure. */
import { nextLocal } from './cron.ts';
import type { ScheduleExpression } from './expression.ts';

export interface ScheduleSpan {
  /**
   * When it begins, wall-clock ms: a rate counts from here and has its first slot here. A schedule for one time has its
   * slot whenever that is, as on AWS.
   */
  readonly startMs: number;
  /** No slot is at or after this; null: it has no end. */
  readonly endMs: number | null;
}

type Cron = Extract<ScheduleExpression, { kind: 'cron' }>;

/**
 * The first slot after an instant.
 *
 * @param afterMs wall-clock ms; a slot at this very instant is not meant
 * @returns wall-clock ms; null: there is none any more
 *
 * @example
 * nextSlot(parseSchedule('rate(5 minutes)'), 60_000, { startMs: 0, endMs: null }) // 300_000
 */
export function nextSlot(
  expression: ScheduleExpression,
  afterMs: number,
  { startMs, endMs }: ScheduleSpan = { startMs: 0, endMs: null },
): number | null {
  if (expression.kind === 'at') return expression.atMs > afterMs ? expression.atMs : null;
  const slotMs =
    expression.kind === 'cron'
      ? nextInstant(expression, Math.max(afterMs, startMs - 1))
      : afterMs < startMs
        ? startMs
        : startMs + (Math.floor((afterMs - startMs) / expression.everyMs) + 1) * expression.everyMs;
  return slotMs === null || (endMs !== null && slotMs >= endMs) ? null : slotMs;
}

function nextInstant(cron: Cron, afterMs: number): number | null {
  return cron.changes === 'shown' ? nextShown(cron, afterMs) : nextOnce(cron, afterMs);
}

/** Each local time once. */
function nextOnce({ calendar, zone, changes }: Cron, afterMs: number): number | null {
  let localMs: number | null = afterMs + zone.offsetAt(afterMs);
  for (;;) {
    localMs = nextLocal(calendar, localMs);
    if (localMs === null) return null;
    const [atMs] = zone.instantsOf(localMs);
    if (atMs === undefined && changes === 'once') continue; // clocks never show it
    const slotMs = atMs ?? zone.jumpOver(localMs);
    if (slotMs > afterMs) return slotMs; // else clocks show it for the second time
  }
}

/** Whenever clocks show it: from one change of the clocks to the next, local times go on as in UTC. */
function nextShown({ calendar, zone }: Cron, afterMs: number): number | null {
  let sinceMs = afterMs;
  let offsetMs = zone.offsetAt(afterMs);
  let localMs: number | null = afterMs + offsetMs;
  for (;;) {
    localMs = nextLocal(calendar, localMs);
    if (localMs === null) return null;
    const changeMs = zone.nextChange({ afterMs: sinceMs, upToMs: localMs - offsetMs });
    if (changeMs === null) return localMs - offsetMs;
    sinceMs = changeMs;
    offsetMs = zone.offsetAt(changeMs);
    localMs = changeMs + offsetMs - 1;
  }
}
