/**
 * CBOR (RFC 8949), the part that rpc-v2-cbor uses: integers, byte and text strings, arrays, maps, floats,
 * booleans, null, tags. Whole values only, bounded in depth; lengths are believed only as far as there
 * are bytes.
 */
import { MAX_DEPTH, serializationError, tooDeep } from './refuse.ts';

/** A tagged value: tag 1 is a timestamp in seconds. */
export class Tagged {
  readonly tag: number;
  readonly value: unknown;

  constructor(tag: number, value: unknown) {
    this.tag = tag;
    this.value = value;
  }
}

/** A number that is written as a float whatever its value, since the model says so. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

const INDEFINITE = 31;
const BREAK = Symbol('break');

/** @throws {AwsError} `SerializationException` when the bytes are not one whole value */
export function decodeCbor(bytes: Buffer): unknown {
  const reader = new Reader(bytes);
  const value = reader.value(0);
  if (value === BREAK || !reader.atEnd) throw malformed();
  return value;
}

function malformed() {
  return serializationError('The request body is not valid CBOR');
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw tooDeep();
    const first = this.#take(1)[0] as number;
    const [major, info] = [first >> 5, first & 31];
    switch (major) {
      case 0:
        return this.#count(info);
      case 1:
        return -1 - this.#count(info);
      case 2:
        return this.#string(info, major);
      case 3:
        return utf8(this.#string(info, major));
      case 4:
        return this.#array(info, depth);
      case 5:
        return this.#map(info, depth);
      case 6:
        return new Tagged(this.#count(info), this.#whole(depth + 1));
      default:
        return this.#simple(info);
    }
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw malformed();
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  #whole(depth: number): unknown {
    const value = this.value(depth);
    if (value === BREAK) throw malformed();
    return value;
  }

  #count(info: number): number {
    if (info < 24) return info;
    if (info > 27) throw malformed();
    const bytes = this.#take(1 << (info - 24));
    return info === 27 ? Number(bytes.readBigUInt64BE()) : bytes.readUIntBE(0, bytes.length);
  }

  #string(info: number, major: number): Buffer {
    if (info !== INDEFINITE) return this.#take(this.#count(info));
    const parts: Buffer[] = [];
    for (;;) {
      const first = this.#take(1)[0] as number;
      if (first === 0xff) return Buffer.concat(parts);
      if (first >> 5 !== major || (first & 31) === INDEFINITE) throw malformed();
      parts.push(this.#take(this.#count(first & 31)));
    }
  }

  #array(info: number, depth: number): unknown[] {
    const items: unknown[] = [];
    const count = info === INDEFINITE ? Number.POSITIVE_INFINITY : this.#count(info);
    while (items.length < count) {
      const item = this.value(depth + 1);
      if (item === BREAK && count === Number.POSITIVE_INFINITY) break;
      if (item === BREAK) throw malformed();
      items.push(item);
    }
    return items;
  }

  #map(info: number, depth: number): object {
    const entries: [string, unknown][] = [];
    const count = info === INDEFINITE ? Number.POSITIVE_INFINITY : this.#count(info);
    while (entries.length < count) {
      const key = this.value(depth + 1);
      if (key === BREAK && count === Number.POSITIVE_INFINITY) break;
      if (typeof key !== 'string') throw malformed();
      entries.push([key, this.#whole(depth + 1)]);
    }
    return Object.fromEntries(entries);
  }

  #simple(info: number): unknown {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
      case 23:
        return null;
      case 25:
        return halfFloat(this.#take(2).readUInt16BE());
      case 26:
        return this.#take(4).readFloatBE();
      case 27:
        return this.#take(8).readDoubleBE();
      case INDEFINITE:
        return BREAK;
      default:
        throw malformed();
    }
  }
}

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw malformed();
  }
}

function halfFloat(bits: number): number {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

export function encodeCbor(value: unknown): Buffer {
  const parts: Buffer[] = [];
  encode(value, parts);
  return Buffer.concat(parts);
}

function encode(value: unknown, into: Buffer[]): void {
  if (value === null || value === undefined) into.push(Buffer.from([0xf6]));
  else if (typeof value === 'boolean') into.push(Buffer.from([value ? 0xf5 : 0xf4]));
  else if (typeof value === 'number') encodeNumber(value, into);
  else if (value instanceof Float) into.push(double(value.value));
  else if (typeof value === 'string') into.push(head(3, Buffer.byteLength(value)), Buffer.from(value));
  else if (value instanceof Uint8Array) into.push(head(2, value.length), Buffer.from(value));
  else if (value instanceof Tagged) {
    into.push(head(6, value.tag));
    encode(value.value, into);
  } else if (Array.isArray(value)) {
    into.push(head(4, value.length));
    for (const item of value) encode(item, into);
  } else {
    const entries = Object.entries(value as object);
    into.push(head(5, entries.length));
    for (const [key, item] of entries) {
      encode(key, into);
      encode(item, into);
    }
  }
}

function encodeNumber(value: number, into: Buffer[]): void {
  if (!Number.isSafeInteger(value)) into.push(double(value));
  else into.push(value >= 0 ? head(0, value) : head(1, -1 - value));
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = 0xfb;
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

function head(major: number, count: number): Buffer {
  const first = major << 5;
  if (count < 24) return Buffer.from([first | count]);
  if (count < 0x100) return Buffer.from([first | 24, count]);
  const size = count < 0x1_0000 ? 2 : count < 0x1_0000_0000 ? 4 : 8;
  const bytes = Buffer.alloc(1 + size);
  bytes[0] = first | (size === 2 ? 25 : size === 4 ? 26 : 27);
  if (size === 8) bytes.writeBigUInt64BE(BigInt(count), 1);
  else bytes.writeUIntBE(count, 1, size);
  return bytes;
}
