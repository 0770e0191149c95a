/**
 * JSON bodies with code in them: 70 MB, of which all but a line is one string of base64. To parse that
 * whole would stop the main loop for most of a second on a slow machine, so long strings are taken out
 * first: they are found by their quotes alone, decoded a slice at a time with a breath after each, and
 * what is left is small. Only strings without escapes are taken; any other JSON is parsed as it stands.
 */
import { setImmediate } from 'node:timers/promises';

/** Strings from this length on are taken out, in bytes. */
const LONG_BYTES = 256 * 1024;
/** Decoded at once; a multiple of 4, so that base64 is cut between groups. */
const SLICE_BYTES = 1024 * 1024;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** A string that was taken out of a body. */
export class LongText {
  /** As it stood between its quotes. */
  readonly bytes: Buffer;
  /** What it is as base64; null: it is none. */
  readonly decoded: Buffer | null;

  constructor(bytes: Buffer, decoded: Buffer | null) {
    this.bytes = bytes;
    this.decoded = decoded;
  }
}

/** A body, and what was taken out of it, in order: in the body stands `""` with a mark for each. */
export interface Lightened {
  readonly body: Buffer;
  readonly taken: ReadonlyMap<string, LongText>;
}

/**
 * @param mark text that the body does not have, by which the places are found again
 * @param longBytes strings from here on are taken out
 */
export async function lighten(
  body: Buffer,
  mark: string,
  longBytes: number = LONG_BYTES,
): Promise<Lightened> {
  const taken = new Map<string, LongText>();
  if (body.length < longBytes) return { body, taken };
  const parts: Buffer[] = [];
  let kept = 0;
  for (const [start, end] of longStrings(body, longBytes)) {
    const bytes = body.subarray(start, end);
    const name = `${mark}${taken.size}`;
    taken.set(name, new LongText(bytes, await decodeInSlices(bytes)));
    parts.push(body.subarray(kept, start), Buffer.from(name));
    kept = end;
  }
  parts.push(body.subarray(kept));
  return { body: taken.size === 0 ? body : Buffer.concat(parts), taken };
}

/** Puts what was taken out into a parsed body. */
export function restore(value: unknown, taken: Lightened['taken']): unknown {
  if (taken.size === 0) return value;
  if (typeof value === 'string') return taken.get(value) ?? value;
  if (Array.isArray(value)) return value.map((item) => restore(item, taken));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, restore(item, taken)]));
}

/** Where long strings without escapes begin and end, between their quotes. */
function* longStrings(body: Buffer, longBytes: number): Generator<readonly [number, number]> {
  let open = body.indexOf(QUOTE);
  while (open !== -1) {
    const close = closingQuote(body, open + 1);
    if (close === -1) return;
    const text = body.subarray(open + 1, close);
    if (text.length >= longBytes && !text.includes(BACKSLASH)) yield [open + 1, close];
    open = body.indexOf(QUOTE, close + 1);
  }
}

/** The first quote with an even number of backslashes before it; -1: the string does not end. */
function closingQuote(body: Buffer, from: number): number {
  let at = body.indexOf(QUOTE, from);
  while (at !== -1) {
    let slashes = 0;
    while (at - slashes > from && body[at - slashes - 1] === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return at;
    at = body.indexOf(QUOTE, at + 1);
  }
  return -1;
}

/** @returns null when a character is not base64 */
async function decodeInSlices(text: Buffer): Promise<Buffer | null> {
  if (text.length % 4 !== 0) return null;
  const padding = text.at(-1) !== 0x3d ? 0 : text.at(-2) !== 0x3d ? 1 : 2;
  const decoded = Buffer.allocUnsafe((text.length / 4) * 3 - padding);
  let written = 0;
  for (let at = 0; at < text.length; at += SLICE_BYTES) {
    const slice = text.subarray(at, at + SLICE_BYTES);
    const isLast = at + SLICE_BYTES >= text.length;
    const expected = (slice.length / 4) * 3 - (isLast ? padding : 0);
    // what is no base64 is passed over by the decoder, so that the length tells
    const length = decoded.write(slice.toString('latin1'), written, 'base64');
    if (length !== expected) return null;
    written += length;
    await setImmediate();
  }
  return decoded;
}
