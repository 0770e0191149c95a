/** One field of a cron expression: lists, ranges, steps and names, as a set of numbers. */
import { ScheduleError } from './schedule-error.ts';

export interface FieldRule {
  readonly what: string;
  readonly min: number;
  readonly max: number;
  /** Words for its values, the first of which stands for `min`. */
  readonly names?: readonly string[];
  /** Whether a range may run over the end: FRI-MON. */
  readonly wraps: boolean;
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

export const MINUTE: FieldRule = { what: 'minute', min: 0, max: 59, wraps: false };
export const HOUR: FieldRule = { what: 'hour', min: 0, max: 23, wraps: false };
export const DAY_OF_MONTH: FieldRule = { what: 'day of month', min: 1, max: 31, wraps: false };
export const MONTH: FieldRule = { what: 'month', min: 1, max: 12, names: MONTHS, wraps: false };
export const YEAR: FieldRule = { what: 'year', min: 1970, max: 2199, wraps: false };
/** AWS counts from Sunday, which is 1. */
export const AWS_WEEKDAY: FieldRule = { what: 'day of week', min: 1, max: 7, names: DAYS, wraps: true };
/** Cron counts from Sunday, which is 0 and also 7. */
export const CLASSIC_WEEKDAY: FieldRule = {
  ...{ what: 'day of week', min: 0, max: 7, names: DAYS, wraps: false },
};

/** @returns its values in order. @throws {ScheduleError} */
export function readField(text: string, rule: FieldRule): number[] {
  const found = new Set<number>();
  for (const part of text.split(',')) for (const value of readPart(part, rule)) found.add(value);
  return [...found].toSorted((a, b) => a - b);
}

function readPart(part: string, rule: FieldRule): number[] {
  const [range = '', step, ...more] = part.split('/');
  if (more.length > 0) throw wrong(part, rule);
  const { from, to } = readRange(range, step !== undefined, rule);
  const by = step === undefined ? 1 : readStep(step, rule);
  const found: number[] = [];
  const size = rule.max - rule.min + 1;
  const end = to < from ? to + size : to;
  for (let value = from; value <= end; value += by) found.push(value > rule.max ? value - size : value);
  return found;
}

/** `*`, `a`, `a-b`; `a` with a step goes to the end. */
function readRange(text: string, stepped: boolean, rule: FieldRule): { from: number; to: number } {
  if (text === '*') return { from: rule.min, to: rule.max };
  const [first = '', last, ...more] = text.split('-');
  if (more.length > 0) throw wrong(text, rule);
  const from = readValue(first, rule);
  if (last === undefined) return { from, to: stepped ? rule.max : from };
  const to = readValue(last, rule);
  if (to < from && !rule.wraps)
    throw new ScheduleError('expression', `the range ${text} of its ${rule.what} field runs backwards`);
  return { from, to };
}

/** @throws {ScheduleError} */
export function readValue(text: string, rule: FieldRule): number {
  const named = rule.names?.indexOf(text.toUpperCase()) ?? -1;
  const value = named >= 0 ? named + rule.min : /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= rule.min && value <= rule.max)) throw wrong(text, rule);
  return value;
}

function readStep(text: string, rule: FieldRule): number {
  const step = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (step >= 1 && step <= rule.max) return step;
  throw new ScheduleError(
    'expression',
    `the step ${JSON.stringify(text)} of its ${rule.what} field must be a number from 1 to ${rule.max}`,
  );
}

export function wrong(text: string, { what, min, max, names }: FieldRule): ScheduleError {
  const words = names === undefined ? '' : ` or ${names[0]} to ${names.at(-1)}`;
  const message = `${JSON.stringify(text)} cannot be its ${what}: ${min} to ${max}${words}, or *, and ranges, lists and steps of these`;
  return new ScheduleError('expression', message);
}
