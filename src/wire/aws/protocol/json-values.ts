/**
 * JSON to values of a model's types, and back. Members that the model does not know are passed over, as
 * AWS does, and `null` is the same as nothing. What is of the wrong type is refused in AWS's words.
 */
import { LongText } from './large-json.ts';
import { MAX_DEPTH, serializationError, tooDeep } from './refuse.ts';
import {
  blobFromText,
  bytesOf,
  cannot,
  floatNames,
  secondsOf,
  timestampFormat,
  timestampFromSeconds,
  timestampFromText,
  timestampToText,
} from './scalars.ts';
import type { Shape } from './shape.ts';

const LIST_FOUND = 'Start of list found where not expected';
const STRUCTURE_FOUND = 'Start of structure or map found where not expected.';

/** @throws {AwsError} `SerializationException` when the text is not JSON, or not an object */
export function parseJsonObject(body: Buffer): Readonly<Record<string, unknown>> {
  if (body.length === 0) return {};
  const value = parseJson(body);
  if (Array.isArray(value)) throw serializationError(LIST_FOUND);
  if (typeof value !== 'object' || value === null) throw serializationError('Expected a JSON object');
  return value as Record<string, unknown>;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

export function parseJson(body: Buffer): unknown {
  const text = decodeUtf8(body);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw serializationError(`The request body is not valid JSON: ${(error as Error).message.slice(0, 200)}`);
  }
}

function decodeUtf8(bytes: Buffer): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw serializationError('The request body is not valid UTF-8');
  }
}

/** @returns undefined for null */
export function readJson(shape: Shape, value: unknown, depth = 0): unknown {
  if (value === null || value === undefined) return undefined;
  if (depth > MAX_DEPTH) throw tooDeep();
  if (value instanceof LongText) return readLongText(shape, value, depth);
  if (shape.traits.document === true) return readDocument(value, depth);
  switch (shape.type) {
    case 'structure':
      return readStructure(shape, object(value, 'Expected null'), depth);
    case 'map':
      return readMap(shape, object(value, 'Expected map or null'), depth);
    case 'list':
      return readList(shape, value, depth);
    default:
      return readScalar(shape, value);
  }
}

function readLongText(shape: Shape, { bytes, decoded }: LongText, depth: number): unknown {
  if (shape.type === 'blob' && decoded !== null) return decoded;
  return readJson(shape, decodeUtf8(bytes), depth);
}

function readStructure(shape: Shape, value: Readonly<Record<string, unknown>>, depth: number): object {
  const entries: [string, unknown][] = [];
  for (const [name, member] of shape.members) {
    const key = member.traits.locationName ?? name;
    if (!Object.hasOwn(value, key)) continue;
    const read = readJson(member, value[key], depth + 1);
    if (read !== undefined) entries.push([name, read]);
  }
  return Object.fromEntries(entries);
}

function readMap(shape: Shape, value: Readonly<Record<string, unknown>>, depth: number): object {
  const entries = Object.entries(value).map(([key, item]) => [key, readJson(shape.value, item, depth + 1)]);
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
}

function readList(shape: Shape, value: unknown, depth: number): unknown[] {
  if (!Array.isArray(value)) {
    throw serializationError(typeof value === 'object' ? STRUCTURE_FOUND : 'Expected list or null');
  }
  return value.map((item) => readJson(shape.member, item, depth + 1)).filter((item) => item !== undefined);
}

function object(value: unknown, otherwise: string): Readonly<Record<string, unknown>> {
  if (Array.isArray(value)) throw serializationError(LIST_FOUND);
  if (typeof value !== 'object' || value === null) throw serializationError(otherwise);
  return value as Record<string, unknown>;
}

/** Any JSON: taken as it is, but not deeper than can be walked again. */
function readDocument(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) throw tooDeep();
  if (value instanceof LongText) return decodeUtf8(value.bytes);
  if (Array.isArray(value)) return value.map((item) => readDocument(item, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, readDocument(item, depth + 1)]));
}

function readScalar(shape: Shape, value: unknown): unknown {
  if (Array.isArray(value)) throw serializationError(LIST_FOUND);
  if (typeof value === 'object') throw serializationError(STRUCTURE_FOUND);
  const what =
    typeof value === 'string'
      ? 'STRING_VALUE'
      : typeof value === 'number'
        ? 'NUMBER_VALUE'
        : value
          ? 'TRUE_VALUE'
          : 'FALSE_VALUE';
  switch (shape.type) {
    case 'boolean':
      if (typeof value === 'boolean') return value;
      throw cannot(what, 'a Boolean');
    case 'integer':
    case 'long':
      if (typeof value === 'number') return Math.trunc(value); // as AWS: a fraction is cut off
      throw cannot(what, shape.type === 'long' ? 'a Long' : 'an Integer');
    case 'float':
    case 'double':
      if (typeof value === 'number') return value;
      if (typeof value === 'string' && floatNames.includes(value)) return Number(value);
      throw cannot(what, shape.type === 'float' ? 'a Float' : 'a Double');
    case 'timestamp':
      return readTimestamp(shape, value);
    default:
      if (typeof value !== 'string') throw cannot(what, shape.type === 'blob' ? 'a ByteBuffer' : 'a String');
      if (shape.traits.jsonvalue === true) return parseJson(Buffer.from(value));
      return shape.type === 'blob' ? blobFromText(value) : value;
  }
}

function readTimestamp(shape: Shape, value: unknown): Date {
  if (typeof value === 'number') return timestampFromSeconds(value);
  if (typeof value !== 'string') throw cannot(value ? 'TRUE_VALUE' : 'FALSE_VALUE', 'a Timestamp');
  return timestampFromText(value, timestampFormat(shape, 'unixTimestamp'));
}

/** The value as `JSON.stringify` takes it. */
export function writeJson(shape: Shape, value: unknown): unknown {
  if (shape.traits.document === true) return value;
  if (value === null) return null;
  switch (shape.type) {
    case 'structure':
      return writeStructure(shape, value as Readonly<Record<string, unknown>>);
    case 'map':
      return Object.fromEntries(
        Object.entries(value as object).map(([key, item]) => [key, writeJson(shape.value, item)]),
      );
    case 'list':
      return (value as readonly unknown[]).map((item) => writeJson(shape.member, item));
    case 'blob':
      return bytesOf(value).toString('base64');
    case 'timestamp':
      return writeTimestamp(shape, value as Date);
    case 'float':
    case 'double':
      return Number.isFinite(value) ? value : String(value);
    default:
      return shape.traits.jsonvalue === true ? JSON.stringify(value) : value;
  }
}

function writeStructure(shape: Shape, value: Readonly<Record<string, unknown>>): object {
  const entries: [string, unknown][] = [];
  for (const [name, member] of shape.members) {
    const item = value[name];
    if (item !== undefined) entries.push([member.traits.locationName ?? name, writeJson(member, item)]);
  }
  return Object.fromEntries(entries);
}

function writeTimestamp(shape: Shape, date: Date): number | string {
  const format = timestampFormat(shape, 'unixTimestamp');
  return format === 'unixTimestamp' ? secondsOf(date) : timestampToText(date, format);
}
