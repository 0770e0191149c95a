/**
 * AWS's framing of events (`application/vnd.amazon.eventstream`): length, header length and their CRC,
 * headers, payload, and the CRC of all. Encodes one message; decodes a stream that comes in any pieces.
 */
import { crc32 } from 'node:zlib';
import { serializationError } from './refuse.ts';

/** Number: a 32-bit integer; bigint: a 64-bit one. */
export type EventHeader = string | boolean | number | bigint | Buffer | Date;

export interface EventMessage {
  readonly headers: Readonly<Record<string, EventHeader>>;
  readonly payload: Buffer;
}

/** Lengths and their CRC before the headers; the CRC after the payload. */
const PRELUDE_BYTES = 12;
const FRAME_BYTES = PRELUDE_BYTES + 4;
/** AWS's own bounds. */
const MAX_HEADER_BYTES = 128 * 1024;
const MAX_MESSAGE_BYTES = 24 * 1024 * 1024;

export function encodeEventMessage({ headers, payload }: EventMessage): Buffer {
  const head = Buffer.concat(Object.entries(headers).map(([name, value]) => encodeHeader(name, value)));
  const length = FRAME_BYTES + head.length + payload.length;
  if (head.length > MAX_HEADER_BYTES || length > MAX_MESSAGE_BYTES) {
    throw new RangeError(`an event of ${length} bytes with ${head.length} of headers is too large`);
  }
  const message = Buffer.allocUnsafe(length);
  message.writeUInt32BE(length, 0);
  message.writeUInt32BE(head.length, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  head.copy(message, PRELUDE_BYTES);
  payload.copy(message, PRELUDE_BYTES + head.length);
  message.writeUInt32BE(crc32(message.subarray(0, length - 4)), length - 4);
  return message;
}

function encodeHeader(name: string, value: EventHeader): Buffer {
  const label = Buffer.from(name);
  if (label.length > 255) throw new RangeError(`the header name ${name} is too long`);
  return Buffer.concat([Buffer.from([label.length]), label, encodeHeaderValue(value)]);
}

function encodeHeaderValue(value: EventHeader): Buffer {
  if (typeof value === 'boolean') return Buffer.from([value ? 0 : 1]);
  if (typeof value === 'string') return sized(7, Buffer.from(value));
  if (Buffer.isBuffer(value)) return sized(6, value);
  if (typeof value === 'number') {
    const bytes = Buffer.from([4, 0, 0, 0, 0]);
    bytes.writeInt32BE(value, 1);
    return bytes;
  }
  const bytes = Buffer.alloc(9);
  bytes[0] = typeof value === 'bigint' ? 5 : 8;
  bytes.writeBigInt64BE(typeof value === 'bigint' ? value : BigInt(value.getTime()), 1);
  return bytes;
}

function sized(type: number, bytes: Buffer): Buffer {
  const head = Buffer.from([type, 0, 0]);
  head.writeUInt16BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/**
 * @throws {AwsError} `SerializationException` for a wrong CRC, an impossible length, or an end inside a message
 */
export async function* decodeEventMessages(
  stream: AsyncIterable<Uint8Array>,
): AsyncGenerator<EventMessage, void, undefined> {
  let waiting: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    waiting = waiting.length === 0 ? Buffer.from(chunk) : Buffer.concat([waiting, chunk]);
    for (;;) {
      const length = lengthOf(waiting);
      if (length === null || waiting.length < length) break;
      yield decodeEventMessage(waiting.subarray(0, length));
      waiting = waiting.subarray(length);
    }
  }
  if (waiting.length > 0) throw corrupt('it ends inside a message');
}

/** @returns null while the prelude is not whole */
function lengthOf(bytes: Buffer): number | null {
  if (bytes.length < PRELUDE_BYTES) return null;
  const [length, headerBytes] = [bytes.readUInt32BE(0), bytes.readUInt32BE(4)];
  if (bytes.readUInt32BE(8) !== crc32(bytes.subarray(0, 8)))
    throw corrupt('the checksum of a prelude is wrong');
  const fits = headerBytes <= MAX_HEADER_BYTES && length <= MAX_MESSAGE_BYTES;
  if (!fits || length < FRAME_BYTES + headerBytes) throw corrupt('a length is impossible');
  return length;
}

/** @param bytes exactly one message */
export function decodeEventMessage(bytes: Buffer): EventMessage {
  const length = lengthOf(bytes);
  if (length === null || length !== bytes.length) throw corrupt('it ends inside a message');
  if (bytes.readUInt32BE(length - 4) !== crc32(bytes.subarray(0, length - 4))) {
    throw corrupt('the checksum of a message is wrong');
  }
  const payloadAt = PRELUDE_BYTES + bytes.readUInt32BE(4);
  const headers = decodeHeaders(bytes.subarray(PRELUDE_BYTES, payloadAt));
  return { headers, payload: Buffer.from(bytes.subarray(payloadAt, length - 4)) };
}

function decodeHeaders(bytes: Buffer): Record<string, EventHeader> {
  const entries: [string, EventHeader][] = [];
  let at = 0;
  const take = (count: number): Buffer => {
    if (at + count > bytes.length) throw corrupt('a header is cut off');
    at += count;
    return bytes.subarray(at - count, at);
  };
  while (at < bytes.length) {
    const name = take(take(1)[0] as number).toString('utf8');
    entries.push([name, decodeHeaderValue(take(1)[0] as number, take)]);
  }
  return Object.fromEntries(entries);
}

function decodeHeaderValue(type: number, take: (count: number) => Buffer): EventHeader {
  switch (type) {
    case 0:
    case 1:
      return type === 0;
    case 2:
      return take(1).readInt8();
    case 3:
      return take(2).readInt16BE();
    case 4:
      return take(4).readInt32BE();
    case 5:
      return take(8).readBigInt64BE();
    case 6:
      return Buffer.from(take(take(2).readUInt16BE()));
    case 7:
      return take(take(2).readUInt16BE()).toString('utf8');
    case 8:
      return new Date(Number(take(8).readBigInt64BE()));
    case 9:
      return Buffer.from(take(16));
    default:
      throw corrupt(`the type ${type} of a header is unknown`);
  }
}

function corrupt(why: string) {
  return serializationError(`The event stream is corrupt: ${why}`);
}
