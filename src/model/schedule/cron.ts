/**
 * Cron expressions as calendars: AWS's six fields (minute, hour, day of month, month, day of week, year) and cron's
 * five. A calendar knows local times only; time zones are next-slot.ts's.
 *
 * Where both days are given, AWS wants one of them to be `?`; in cron's five fields either of them will do.
 */
import {
  AWS_WEEKDAY,
  CLASSIC_WEEKDAY,
  DAY_OF_MONTH,
  HOUR,
  MINUTE,
  MONTH,
  readField,
  readValue,
  wrong,
  YEAR,
} from './cron-field.ts';
import { ScheduleError } from './schedule-error.ts';

export interface Calendar {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly months: readonly number[];
  /** null: every year. */
  readonly years: readonly number[] | null;
  /** @returns the days of a month, in order */
  readonly daysOf: (month: Month) => readonly number[];
}

export interface Month {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
}

/** Whether a day is meant. */
type DayTest = (day: number, of: MonthShape) => boolean;

interface MonthShape {
  readonly length: number;
  /** Of its first day; 0: Sunday. */
  readonly firstWeekday: number;
}

/** @param fields six. @throws {ScheduleError} */
export function awsCalendar(fields: readonly string[]): Calendar {
  const [minute = '', hour = '', day = '', month = '', weekday = '', year = ''] = fields;
  if ((day === '?') === (weekday === '?'))
    throw new ScheduleError(
      'expression',
      'exactly one of its day of month and its day of week must be ?, which says that the other decides',
    );
  return {
    minutes: readField(minute, MINUTE),
    hours: readField(hour, HOUR),
    months: readField(month, MONTH),
    years: year === '*' ? null : readField(year, YEAR),
    daysOf: daysWhere(day === '?' ? awsWeekdays(weekday) : awsDays(day)),
  };
}

/** @param fields five. @throws {ScheduleError} */
export function classicCalendar(fields: readonly string[]): Calendar {
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = fields;
  const days = new Set(readField(day, DAY_OF_MONTH));
  const weekdays = new Set(readField(weekday, CLASSIC_WEEKDAY).map((value) => value % 7));
  const onDay: DayTest = (date) => days.has(date);
  const onWeekday: DayTest = (date, of) => weekdays.has(weekdayOf(date, of));
  const free = day.startsWith('*') || weekday.startsWith('*');
  return {
    minutes: readField(minute, MINUTE),
    hours: readField(hour, HOUR),
    months: readField(month, MONTH),
    years: null,
    daysOf: daysWhere(
      free
        ? (date, of) => onDay(date, of) && onWeekday(date, of)
        : (date, of) => onDay(date, of) || onWeekday(date, of),
    ),
  };
}

/** Numbers, and `L` (the last), `L-3` (three before it), `15W` (the working day nearest to the 15th), `LW`. */
function awsDays(text: string): DayTest {
  const tests = text.toUpperCase().split(',').map(awsDay);
  return (day, of) => tests.some((test) => test(day, of));
}

function awsDay(part: string): DayTest {
  const last = /^L(?:-(\d{1,2}))?$/.exec(part);
  if (last !== null) {
    const before = Number(last[1] ?? 0);
    if (before > 30) throw wrong(part, DAY_OF_MONTH);
    return (day, { length }) => day === length - before;
  }
  if (part === 'LW') return (day, of) => day === workingDay(of.length, of);
  const nearest = /^(\d{1,2})W$/.exec(part);
  if (nearest !== null) {
    const wanted = readValue(nearest[1] ?? '', DAY_OF_MONTH);
    return (day, of) => wanted <= of.length && day === workingDay(wanted, of);
  }
  const days = new Set(readField(part, DAY_OF_MONTH));
  return (day) => days.has(day);
}

/** Monday to Friday nearest to a day, within its month. */
function workingDay(wanted: number, of: MonthShape): number {
  const weekday = weekdayOf(wanted, of);
  if (weekday === 6) return wanted === 1 ? 3 : wanted - 1;
  if (weekday === 0) return wanted === of.length ? wanted - 2 : wanted + 1;
  return wanted;
}

/** Numbers and names, and `6L` (the last Friday), `L` (Saturday), `3#2` (the second Tuesday). */
function awsWeekdays(text: string): DayTest {
  const tests = text.toUpperCase().split(',').map(awsWeekday);
  return (day, of) => tests.some((test) => test(day, of));
}

function awsWeekday(part: string): DayTest {
  if (part === 'L') return (day, of) => weekdayOf(day, of) === 6;
  const last = /^(\w+)L$/.exec(part);
  if (last !== null) {
    const weekday = readValue(last[1] ?? '', AWS_WEEKDAY) - 1;
    return (day, of) => weekdayOf(day, of) === weekday && day + 7 > of.length;
  }
  const nth = /^(\w+)#([1-5])$/.exec(part);
  if (nth !== null) {
    const weekday = readValue(nth[1] ?? '', AWS_WEEKDAY) - 1;
    return (day, of) => weekdayOf(day, of) === weekday && Math.ceil(day / 7) === Number(nth[2]);
  }
  const weekdays = new Set(readField(part, AWS_WEEKDAY).map((value) => value - 1));
  return (day, of) => weekdays.has(weekdayOf(day, of));
}

function weekdayOf(day: number, { firstWeekday }: MonthShape): number {
  return (firstWeekday + day - 1) % 7;
}

function daysWhere(test: DayTest): Calendar['daysOf'] {
  return ({ year, month }) => {
    const length = new Date(Date.UTC(year, month, 0)).getUTCDate();
    const of = { length, firstWeekday: new Date(Date.UTC(year, month - 1, 1)).getUTCDay() };
    return Array.from({ length }, (_, at) => at + 1).filter((day) => test(day, of));
  };
}

/** The last year of AWS's calendars, and where the search in ours ends. */
const LAST_YEAR = YEAR.max;

/**
 * The first time of a calendar after another, both local and in ms.
 *
 * @returns null: there is none up to the year 2199
 */
export function nextLocal(calendar: Calendar, afterMs: number): number | null {
  const after = new Date(Math.floor(afterMs / 60_000) * 60_000 + 60_000);
  const from = [after.getUTCFullYear(), after.getUTCMonth() + 1, after.getUTCDate()] as const;
  for (let year = from[0]; year <= LAST_YEAR; year++) {
    if (calendar.years !== null && !calendar.years.includes(year)) continue;
    for (const month of calendar.months) {
      if (year === from[0] && month < from[1]) continue;
      const sameMonth = year === from[0] && month === from[1];
      for (const day of calendar.daysOf({ year, month })) {
        if (sameMonth && day < from[2]) continue;
        const dayMs = Date.UTC(year, month - 1, day);
        const foundMs = nextInDay(calendar, dayMs, sameMonth && day === from[2] ? after.getTime() : dayMs);
        if (foundMs !== null) return foundMs;
      }
    }
  }
  return null;
}

function nextInDay({ hours, minutes }: Calendar, dayMs: number, fromMs: number): number | null {
  for (const hour of hours) {
    const hourMs = dayMs + hour * 3_600_000;
    if (hourMs + 3_600_000 <= fromMs) continue;
    for (const minute of minutes) if (hourMs + minute * 60_000 >= fromMs) return hourMs + minute * 60_000;
  }
  return null;
}
