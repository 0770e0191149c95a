import type { Schedule } from '../../store/index.ts';

/** A schedule, as our own API and `skein schedule` show it. */
export interface ScheduleAnswer {
  readonly name: string;
  /** Of those that AWS's API made; others are in `default`. */
  readonly group: string;
  /** null: made by AWS's API. */
  readonly app: string | null;
  readonly expression: string;
  readonly timezone: string;
  /** Of a function or a queue. */
  readonly target: string;
  readonly state: 'active' | 'paused' | 'over';
  /** ISO 8601; null: there is none any more, or it is paused. */
  readonly nextAt: string | null;
  /** Of the last slot that fired. */
  readonly lastAt: string | null;
  readonly overlap: Schedule['overlap'];
  readonly missed: Schedule['missed'];
  readonly jitterMs: number;
  readonly startAt: string | null;
  readonly endAt: string | null;
  /** JSON text, unless AWS's API gave another; null: an event that says that it is time. */
  readonly input: string | null;
}

export interface SchedulesAnswer {
  readonly schedules: readonly ScheduleAnswer[];
}

export interface ScheduleRunAnswer {
  readonly name: string;
  /** Of the event. */
  readonly requestId: string;
}

export function answerOf(schedule: Schedule): ScheduleAnswer {
  const { name, group, app, expression, timezone, overlap, missed, enabled, nextSlotMs, target } = schedule;
  return {
    ...{ name, group, app, expression, timezone, overlap, missed },
    target: target.arn,
    state: !enabled ? 'paused' : nextSlotMs === null ? 'over' : 'active',
    nextAt: enabled ? isoOf(schedule.dueMs) : null,
    lastAt: isoOf(schedule.lastSlotMs),
    jitterMs: schedule.windowMs,
    startAt: isoOf(schedule.startMs),
    endAt: isoOf(schedule.endMs),
    input: target.input,
  };
}

function isoOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
