/** The values that patterns look at, which are the leaves of an event, and how numbers are compared. */
import { PatternError } from './error.ts';

/** A number that no double holds exactly, so that only its very digits are compared. */
export class LongNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Scalar = string | number | boolean | null | LongNumber;

export type Test = (value: Scalar) => boolean;

/** A text with 16 digits in a row, or with an exponent, may hold a number that a double does not. */
const SUSPECT = /\d{16}|\d\.?\d*[eE]|\.\d{14}/;

/** JSON to what `matches` takes. @throws {SyntaxError} if it is not JSON */
export function parseEvent(text: string): unknown {
  if (!SUSPECT.test(text)) return JSON.parse(text);
  const exact = (_key: string, value: unknown, { source }: { source?: string } = {}): unknown =>
    typeof value === 'number' && source !== undefined && comparable(source) === null
      ? new LongNumber(source)
      : value;
  return JSON.parse(text, exact);
}

/** @returns the number, if a double holds exactly what is written; otherwise null */
export function comparable(text: string): number | null {
  const value = Number(text);
  if (!Number.isFinite(value)) return null;
  return text.length <= 15 && !/[eE]/.test(text)
    ? value
    : digits(text) === digits(String(value))
      ? value
      : null;
}

/** @throws {PatternError} for a number that no double holds exactly */
export function comparableOrFail(text: string): number {
  const number = comparable(text);
  if (number === null) throw new PatternError(`Cannot compare number : ${text}`);
  return number;
}

/** One form for each value: what is not zero at either end, and the power of ten that belongs to it. */
function digits(text: string): string {
  const [, sign = '', whole = '', part = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const all = (whole + part).replace(/^0+/, '');
  const kept = all.replace(/0+$/, '');
  if (kept === '') return '0';
  return `${sign}${kept}e${Number(power) - part.length + all.length - kept.length}`;
}
