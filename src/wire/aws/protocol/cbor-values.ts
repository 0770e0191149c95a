/** Decoded CBOR to values of a model's types, and back. */
import { Float, Tagged } from './cbor.ts';
import { MAX_DEPTH, serializationError, tooDeep } from './refuse.ts';
import { bytesOf, cannot, secondsOf, timestampFromSeconds } from './scalars.ts';
import type { Shape } from './shape.ts';

/** @returns undefined for null */
export function readCbor(shape: Shape, value: unknown, depth = 0): unknown {
  if (value === null || value === undefined) return undefined;
  if (depth > MAX_DEPTH) throw tooDeep();
  switch (shape.type) {
    case 'structure': {
      const from = mapOf(value);
      const entries = [...shape.members].map(([name, member]) => [
        name,
        Object.hasOwn(from, name) ? readCbor(member, from[name], depth + 1) : undefined,
      ]);
      return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
    }
    case 'map': {
      const entries = Object.entries(mapOf(value)).map(([key, item]) => [
        key,
        readCbor(shape.value, item, depth + 1),
      ]);
      return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
    }
    case 'list':
      if (!Array.isArray(value)) throw serializationError('Expected list or null');
      return value
        .map((item) => readCbor(shape.member, item, depth + 1))
        .filter((item) => item !== undefined);
    default:
      return readScalar(shape, value);
  }
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  if (Array.isArray(value)) throw serializationError('Start of list found where not expected');
  const isMap = typeof value === 'object' && !(value instanceof Uint8Array) && !(value instanceof Tagged);
  if (!isMap) throw serializationError('Expected null');
  return value as Record<string, unknown>;
}

function readScalar(shape: Shape, value: unknown): unknown {
  switch (shape.type) {
    case 'boolean':
      if (typeof value === 'boolean') return value;
      break;
    case 'integer':
    case 'long':
      if (typeof value === 'number') return Math.trunc(value);
      break;
    case 'float':
    case 'double':
      if (typeof value === 'number') return value;
      break;
    case 'blob':
      if (value instanceof Uint8Array) return bytesOf(value);
      break;
    case 'timestamp':
      if (value instanceof Tagged && value.tag === 1 && typeof value.value === 'number') {
        return timestampFromSeconds(value.value);
      }
      break;
    default:
      if (typeof value === 'string') return value;
  }
  throw cannot(typeof value === 'number' ? 'NUMBER_VALUE' : 'The value', `a ${shape.type}`);
}

/** The value as `encodeCbor` takes it. */
export function writeCbor(shape: Shape, value: unknown): unknown {
  if (value === null) return null;
  switch (shape.type) {
    case 'structure': {
      const from = value as Readonly<Record<string, unknown>>;
      const there = [...shape.members].filter(([name]) => from[name] !== undefined);
      return Object.fromEntries(there.map(([name, member]) => [name, writeCbor(member, from[name])]));
    }
    case 'map':
      return Object.fromEntries(
        Object.entries(value as object).map(([key, item]) => [key, writeCbor(shape.value, item)]),
      );
    case 'list':
      return (value as readonly unknown[]).map((item) => writeCbor(shape.member, item));
    case 'blob':
      return bytesOf(value);
    case 'timestamp': {
      const seconds = secondsOf(value as Date);
      return new Tagged(1, Number.isInteger(seconds) ? seconds : new Float(seconds));
    }
    case 'float':
    case 'double':
      return new Float(value as number);
    default:
      return value;
  }
}
