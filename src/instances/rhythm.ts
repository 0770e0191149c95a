/**
 * The rhythm in a function's history, as arithmetic: requests that come after a pause are beats; where
 * the last pauses between beats were nearly the same, the next beat can be foretold.
 */

/** Requests closer together than this are of one beat, in ms. */
export const PAUSE_MS = 30_000;
/** Beats that are remembered. */
export const MAX_BEATS = 9;
/** Pauses that must agree. */
const MIN_GAPS = 4;
/** How far a pause may be from the usual one: a tenth of it, and a minute at most. */
const MAX_SPREAD = 0.1;
const MAX_SPREAD_MS = 60_000;

export interface Prediction {
  /** When the next beat is due, monotonic ms. */
  readonly dueMs: number;
  /** Between beats, as a rule. */
  readonly everyMs: number;
  /** How far off it may be, either way. */
  readonly spreadMs: number;
}

/**
 * Foretells the next beat. Conservative: one pause out of line, and it says nothing until enough new
 * ones agree.
 *
 * @param beats monotonic ms, oldest first
 * @returns null when there is no rhythm
 *
 * @example
 * predict([0, 600_000, 1_201_000, 1_800_000, 2_400_000]) // due at 3,000,000, ± 1,000
 */
export function predict(beats: readonly number[]): Prediction | null {
  const gaps = beats.slice(1).map((beat, index) => beat - (beats[index] as number));
  if (gaps.length < MIN_GAPS) return null;
  const everyMs = median(gaps);
  const spreadMs = Math.max(...gaps.map((gap) => Math.abs(gap - everyMs)));
  if (spreadMs > Math.min(MAX_SPREAD_MS, everyMs * MAX_SPREAD)) return null;
  return { dueMs: (beats.at(-1) as number) + everyMs, everyMs, spreadMs };
}

/** The beats with one more, of the newest `MAX_BEATS`; what did not fit the others is forgotten with them. */
export function withBeat(beats: readonly number[], atMs: number): number[] {
  const all = [...beats, atMs].slice(-MAX_BEATS);
  // A new rhythm need not wait until the old one has grown out of the memory.
  return predict(all) === null && predict(all.slice(-MIN_GAPS - 1)) !== null ? all.slice(-MIN_GAPS - 1) : all;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2;
}
