/**
 * The frames between a node and the Node.js runtime in a sandbox: bytes in, frames out. No socket,
 * no meaning. docs/guest-protocol.md is the protocol; guest/node/ is its other end.
 *
 * A frame is the length of its payload (4 bytes, big-endian), its kind (1 byte) and the payload.
 */
import { errorTypeOf, type Work } from '../guest.ts';

/** What hello must carry. A guest of another version is not talked to. */
export const PROTOCOL = 1;

export const FROM_HOST = { setup: 1, invoke: 2 } as const;

export const TO_HOST = {
  hello: 1,
  ready: 2,
  initError: 3,
  result: 4,
  error: 5,
  lastError: 6,
  streamStart: 7,
  streamData: 8,
  streamEnd: 9,
  streamDone: 10,
  goodbye: 11,
  compiled: 12,
} as const;

const HEADER_BYTES = 5;
/** Header, deadline and length of the texts of an invocation. */
const INVOKE_FIXED_BYTES = HEADER_BYTES + 12;

/** Bytes that are not the protocol: the guest is broken or hostile, and is given up. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** @returns one whole frame */
export function encodeFrame(kind: number, payload: string): Buffer {
  const length = Buffer.byteLength(payload);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + length);
  frame.writeUInt32BE(length, 0);
  frame[4] = kind;
  frame.write(payload, HEADER_BYTES);
  return frame;
}

/**
 * @returns the frame of an invocation; an event given as bytes is not copied, so what follows the
 *   first piece is the event itself
 */
export function encodeInvoke(work: Work): readonly [Buffer] | readonly [Buffer, Uint8Array] {
  const { event } = work;
  const texts = `${work.requestId}\n${work.functionArn}\n${work.traceId ?? ''}\n${work.clientContext ?? ''}`;
  const textBytes = Buffer.byteLength(texts);
  const eventBytes = typeof event === 'string' ? Buffer.byteLength(event) : event.length;
  const fixed = INVOKE_FIXED_BYTES + textBytes;
  const frame = Buffer.allocUnsafe(typeof event === 'string' ? fixed + eventBytes : fixed);
  frame.writeUInt32BE(fixed - HEADER_BYTES + eventBytes, 0);
  frame[4] = FROM_HOST.invoke;
  frame.writeDoubleBE(work.deadlineMs, HEADER_BYTES);
  frame.writeUInt32BE(textBytes, HEADER_BYTES + 8);
  frame.write(texts, INVOKE_FIXED_BYTES);
  if (typeof event !== 'string') return [frame, event];
  frame.write(event, fixed);
  return [frame];
}

/**
 * Cuts a guest's bytes into frames.
 *
 * @param maxBytes no payload may be longer
 * @param onFrame is given each frame in order; the payload is its own to keep
 * @returns takes the next bytes; @throws {ProtocolError} when a frame is longer than `maxBytes`
 */
export function frameReader(
  maxBytes: number,
  onFrame: (kind: number, payload: Buffer) => void,
): (chunk: Buffer) => void {
  let pieces: Buffer[] = [];
  let held = 0;
  let wanted = HEADER_BYTES;

  function sizeOf(bytes: Buffer, at: number): number {
    const length = bytes.readUInt32BE(at);
    if (length > maxBytes) {
      throw new ProtocolError(
        `a guest announced a frame of ${length} bytes; at most ${maxBytes} are allowed`,
      );
    }
    return HEADER_BYTES + length;
  }

  /** Whole frames at the start of `bytes` go out; the rest is kept. */
  function cut(bytes: Buffer): void {
    let at = 0;
    wanted = HEADER_BYTES;
    while (bytes.length - at >= HEADER_BYTES) {
      const frameBytes = sizeOf(bytes, at);
      if (bytes.length - at < frameBytes) {
        wanted = frameBytes;
        break;
      }
      onFrame(bytes[at + 4] as number, bytes.subarray(at + HEADER_BYTES, at + frameBytes));
      at += frameBytes;
    }
    if (at < bytes.length) pieces = [at === 0 ? bytes : bytes.subarray(at)];
    held = bytes.length - at;
  }

  return (chunk) => {
    if (held === 0) return cut(chunk);
    pieces.push(chunk);
    held += chunk.length;
    if (held < wanted) return;
    const all = Buffer.concat(pieces, held);
    pieces = [];
    cut(all);
  };
}

/** @returns the parts of an error frame: length of the type (2 bytes), the type, and the error object */
export function decodeError(payload: Buffer): { readonly errorType: string; readonly payload: Buffer } {
  if (payload.length < 2) throw new ProtocolError('a guest sent an error without a type');
  const end = 2 + payload.readUInt16BE(0);
  if (end > payload.length) throw new ProtocolError('a guest sent an error whose type is cut off');
  return { errorType: errorTypeOf(payload.toString('utf8', 2, end)), payload: payload.subarray(end) };
}
