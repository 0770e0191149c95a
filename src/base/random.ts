import { randomBytes } from 'node:crypto';

/** A number in [0, 1). Passed to whatever chooses by chance, so that a test can own chance. */
export type Random = () => number;

export const systemRandom: Random = Math.random;

/** The same sequence for the same seed (mulberry32). For tests and simulations, never for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/**
 * A source of UUIDs of version 7 (RFC 9562): ordered by time, so that a database index on them
 * grows at its end. Within one millisecond a 12-bit counter keeps the order; the 62 random bits
 * are drawn afresh for every id, since request ids must not be guessable from one another.
 */
export function uuidSource(wallMs: () => number): () => string {
  let pool = Buffer.alloc(0);
  let used = 0;
  let lastMs = 0;
  let counter = 0;
  /** The part that is the same for a whole millisecond: making it costs more than all the rest. */
  let time = '';

  return () => {
    if (used + 8 > pool.length) {
      pool = randomBytes(4096);
      used = 0;
    }
    const ms = Math.floor(wallMs());
    if (ms > lastMs) {
      lastMs = ms;
      counter = 0;
      time = timePart(ms);
    } else if (++counter > 0xfff) {
      lastMs += 1; // borrow from the next millisecond rather than lose the order
      counter = 0;
      time = timePart(lastMs);
    }
    const b = (at: number) => HEX[pool[used + at] as number] as string;
    const variant = HEX[((pool[used] as number) & 0x3f) | 0x80] as string;
    const id = `${time}-7${HEX[counter >> 4]?.slice(-2)}${HEX[counter & 0xf]?.slice(-1)}-${variant}${b(1)}-${b(2)}${b(3)}${b(4)}${b(5)}${b(6)}${b(7)}`;
    used += 8;
    return id;
  };
}

function timePart(ms: number): string {
  const hex = ms.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}`;
}
