/** Schedule expressions: `rate(…)`, `cron(…)`, `at(…)` and cron's five fields. */
import { awsCalendar, type Calendar, classicCalendar, nextLocal } from './cron.ts';
import { ScheduleError } from './schedule-error.ts';
import { type Zone, zoneOf } from './zone.ts';

/** When something is to happen. Made by `parseSchedule` alone. */
export type ScheduleExpression =
  | { readonly kind: 'rate'; readonly everyMs: number }
  | { readonly kind: 'at'; readonly atMs: number }
  | {
      readonly kind: 'cron';
      readonly calendar: Calendar;
      readonly zone: Zone;
      /**
       * What becomes of times that clocks skip or show twice. `once` (AWS): skipped ones do not happen, double ones
       * happen the first time. `kept` (cron, a fixed time): skipped ones happen right after, double ones the first time.
       * `shown` (cron, every hour or every minute): whenever clocks show them.
       */
      readonly changes: 'once' | 'kept' | 'shown';
    };

export interface ScheduleReading {
  /** IANA's name; default UTC. Means nothing to a rate. */
  readonly timezone?: string;
  /** `aws`: only what EventBridge Scheduler takes. Default `any`. */
  readonly dialect?: 'aws' | 'any';
}

const UNIT_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;
/** What cron knows by name. */
const NICKNAMES: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/**
 * Reads a schedule expression.
 *
 * @throws {ScheduleError} when it cannot be read, when it never happens, or when there is no such time zone
 *
 * @example
 * parseSchedule('cron(0 8 ? * MON-FRI *)', { timezone: 'Europe/Berlin' })
 */
export function parseSchedule(text: string, reading: ScheduleReading = {}): ScheduleExpression {
  const zone = zoneOf(reading.timezone ?? 'UTC');
  const [, form, inner = ''] = /^(rate|at|cron)\((.*)\)$/s.exec(text.trim()) ?? [];
  if (form === 'rate') return readRate(inner);
  if (form === 'at') return readAt(inner, zone);
  const anything = reading.dialect !== 'aws';
  if (form === undefined && !anything) throw unreadable(text, 'write cron(…), rate(…) or at(…)');
  const words = (form === undefined ? (NICKNAMES[text.trim()] ?? text) : inner).trim().split(/\s+/);
  const aws = words.length === 6;
  if (!aws && !(anything && words.length === 5)) {
    const ways = anything
      ? 'cron’s five fields, cron(…) with six, rate(…) or at(…)'
      : 'cron(…) with six fields';
    throw unreadable(text, `write ${ways}`);
  }
  const calendar = aws ? awsCalendar(words) : classicCalendar(words);
  if (nextLocal(calendar, 0) === null)
    throw new ScheduleError(
      'expression',
      `${JSON.stringify(text)} never happens: no such day is in any year`,
    );
  const every = words[0]?.startsWith('*') || words[1]?.startsWith('*');
  return { kind: 'cron', calendar, zone, changes: aws ? 'once' : every ? 'shown' : 'kept' };
}

function readRate(inner: string): ScheduleExpression {
  const [, digits, unit] = /^([1-9]\d{0,5}) (minute|hour|day)s?$/.exec(inner.trim()) ?? [];
  if (unit === undefined)
    throw unreadable(`rate(${inner})`, 'write a whole number and minutes, hours or days: rate(5 minutes)');
  return { kind: 'rate', everyMs: Number(digits) * UNIT_MS[unit as keyof typeof UNIT_MS] };
}

/** A time that clocks skip is as much later as they are put forward; of one that they show twice, the first is meant. */
function readAt(inner: string, zone: Zone): ScheduleExpression {
  const text = inner.trim();
  const localMs = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text) ? Date.parse(`${text}Z`) : Number.NaN;
  // What Date reads leniently (February 30th) does not come out as it went in.
  if (Number.isNaN(localMs) || !new Date(localMs).toISOString().startsWith(text))
    throw unreadable(`at(${inner})`, 'write a date and a time: at(2026-12-24T18:00:00)');
  const [atMs = localMs - zone.offsetAt(zone.jumpOver(localMs) - 1)] = zone.instantsOf(localMs);
  return { kind: 'at', atMs };
}

function unreadable(text: string, way: string): ScheduleError {
  const shown = text.length > 80 ? `${text.slice(0, 79)}…` : text;
  return new ScheduleError('expression', `${JSON.stringify(shown)} is not a schedule; ${way}`);
}
