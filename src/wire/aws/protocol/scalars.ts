/**
 * Plain values as text: what queries, headers, paths and XML carry. Timestamps in their three forms.
 *
 * A `Date` holds milliseconds; what is finer is cut off.
 */
import { serializationError } from './refuse.ts';
import type { Shape } from './shape.ts';

export type TimestampFormat = 'iso8601' | 'rfc822' | 'unixTimestamp';

/** Where a value stands decides the form of a timestamp, unless the model says otherwise. */
const FORMAT_BY_LOCATION: Readonly<Record<string, TimestampFormat>> = {
  header: 'rfc822',
  headers: 'rfc822',
  uri: 'iso8601',
  querystring: 'iso8601',
};

const ISO = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:?\d\d)$/;
const RFC_822 = /^[A-Za-z]{3}, \d{1,2} [A-Za-z]{3} \d{4} \d\d:\d\d:\d\d(\.\d+)? GMT$/;
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
const INTEGER = /^[+-]?\d+$/;
export const floatNames: readonly string[] = ['NaN', 'Infinity', '-Infinity'];
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
/** Milliseconds that a `Date` can hold. */
const MAX_DATE_MS = 8.64e15;

/** @throws {AwsError} `SerializationException` */
export function scalarFromText(shape: Shape, text: string, fallback: TimestampFormat): unknown {
  switch (shape.type) {
    case 'boolean':
      if (text === 'true' || text === 'false') return text === 'true';
      throw cannot('STRING_VALUE', 'a Boolean');
    case 'integer':
    case 'long':
      if (INTEGER.test(text)) return Number(text);
      throw cannot('STRING_VALUE', shape.type === 'long' ? 'a Long' : 'an Integer');
    case 'float':
    case 'double':
      return floatFromText(shape, text);
    case 'blob':
      return blobFromText(text);
    case 'timestamp':
      return timestampFromText(text, timestampFormat(shape, fallback));
    default:
      return text;
  }
}

export function scalarToText(shape: Shape, value: unknown, fallback: TimestampFormat): string {
  switch (shape.type) {
    case 'blob':
      return bytesOf(value).toString('base64');
    case 'timestamp':
      return timestampToText(value as Date, timestampFormat(shape, fallback));
    default:
      return String(value);
  }
}

function floatFromText(shape: Shape, text: string): number {
  if (floatNames.includes(text) || NUMBER.test(text)) return Number(text);
  throw cannot('STRING_VALUE', shape.type === 'float' ? 'a Float' : 'a Double');
}

export function blobFromText(text: string): Buffer {
  const packed = /\s/.test(text) ? text.replace(/\s/g, '') : text;
  if (packed.length % 4 === 1 || !BASE64.test(packed))
    throw serializationError('Invalid Base64 encoded data');
  return Buffer.from(packed, 'base64');
}

export function bytesOf(value: unknown): Buffer {
  if (typeof value === 'string') return Buffer.from(value);
  return Buffer.isBuffer(value) ? value : Buffer.from(value as Uint8Array);
}

export function timestampFormat(shape: Shape, fallback: TimestampFormat): TimestampFormat {
  const { timestampFormat: said, location } = shape.traits;
  return said ?? (location === undefined ? fallback : (FORMAT_BY_LOCATION[location] ?? fallback));
}

export function timestampFromText(text: string, format: TimestampFormat): Date {
  const ms = format === 'unixTimestamp' ? epochMs(text) : dateMs(text.trim());
  return dateOf(ms, text);
}

/** @param seconds since 1970, with a fraction */
export function timestampFromSeconds(seconds: number): Date {
  return dateOf(Math.trunc(Math.round(seconds * 1e6) / 1e3), String(seconds));
}

function epochMs(text: string): number {
  return NUMBER.test(text) ? Math.trunc(Math.round(Number(text) * 1e6) / 1e3) : Number.NaN;
}

/** ISO 8601 and RFC 822 are told apart by their form: clients mix them up, and AWS lets them. */
function dateMs(text: string): number {
  return ISO.test(text) || RFC_822.test(text) ? Date.parse(text.toUpperCase()) : Number.NaN;
}

function dateOf(ms: number, text: string): Date {
  if (Math.abs(ms) <= MAX_DATE_MS) return new Date(ms);
  throw serializationError(`Invalid timestamp: ${text.slice(0, 100)}`);
}

export function timestampToText(date: Date, format: TimestampFormat): string {
  if (format === 'unixTimestamp') return String(secondsOf(date));
  if (format === 'iso8601') return date.toISOString().replace('.000Z', 'Z');
  const fraction = date.getUTCMilliseconds();
  const text = date.toUTCString();
  return fraction === 0 ? text : text.replace(' GMT', `.${String(fraction).padStart(3, '0')} GMT`);
}

export function secondsOf(date: Date): number {
  return date.getTime() / 1000;
}

/** As AWS says it: `NUMBER_VALUE can not be converted to a String`. */
export function cannot(what: string, target: string) {
  return serializationError(`${what} can not be converted to ${target}`);
}
