/**
 * Foresight: a function that is called in a steady rhythm gets its instance just before it is due.
 *
 * Owns   when each function was called of late, and the starts that were made for what was foretold.
 * Asks   rhythm.ts whether there is a rhythm.
 * Never  holds up a request: on its path there is one comparison.
 *
 * Nobody came: the instance ends, and after two such misses in a row the rhythm is forgotten and has to
 * be learnt anew. So at most two starts are wasted each time a rhythm ends. What is known is
 * kept in memory only: a node that starts learns anew.
 */
import type { Clock, Timer } from '../base/index.ts';
import { PAUSE_MS, type Prediction, predict, withBeat } from './rhythm.ts';

export interface ForesightParts {
  readonly clock: Clock;
  /** Sees to it that the function has an instance, which stays until then. @returns whether one was started */
  readonly prewarm: (functionName: string, untilMs: number) => boolean;
  /** Ends what was started and not used. */
  readonly endUnused: (functionName: string) => void;
}

/** Starts ahead of what was foretold, and what came of them. */
export interface ForesightCounts {
  readonly started: number;
  readonly used: number;
  readonly wasted: number;
}

/** The calls of one function. */
export interface Visits {
  /** To be called for every request. */
  note(nowMs: number): void;
}

/** Started this long before it may be due, and kept as long after, in ms: a slow start, a late timer. */
const MARGIN_MS = 2_000;
const MAX_MISSES = 2;

export class Foresight {
  readonly #parts: ForesightParts;
  readonly #functions = new Map<string, Rhythmical>();
  #counts = { started: 0, used: 0, wasted: 0 };

  constructor(parts: ForesightParts) {
    this.#parts = parts;
  }

  get counts(): ForesightCounts {
    return { ...this.#counts };
  }

  of(functionName: string): Visits {
    let known = this.#functions.get(functionName);
    if (known === undefined) {
      known = new Rhythmical(functionName, this.#parts, this.#counts);
      this.#functions.set(functionName, known);
    }
    return known;
  }

  /** Forgets all other functions. */
  keepOnly(functionNames: ReadonlySet<string>): void {
    for (const name of this.#functions.keys()) if (!functionNames.has(name)) this.forget(name);
  }

  forget(functionName: string): void {
    this.#functions.get(functionName)?.stop();
    this.#functions.delete(functionName);
  }
}

class Rhythmical implements Visits {
  readonly #name: string;
  readonly #parts: ForesightParts;
  readonly #counts: { started: number; used: number; wasted: number };
  #lastMs = Number.NEGATIVE_INFINITY;
  #beats: number[] = [];
  #misses = 0;
  /** An instance was started for the beat that is due. */
  #started = false;
  #timer: Timer | null = null;

  constructor(
    name: string,
    parts: ForesightParts,
    counts: { started: number; used: number; wasted: number },
  ) {
    this.#name = name;
    this.#parts = parts;
    this.#counts = counts;
  }

  note(nowMs: number): void {
    const isBeat = nowMs - this.#lastMs >= PAUSE_MS;
    this.#lastMs = nowMs;
    if (isBeat) this.#beat(nowMs);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #beat(nowMs: number): void {
    this.#counts.used += Number(this.#started);
    this.#started = false;
    this.#misses = 0;
    this.#beats = withBeat(this.#beats, nowMs);
    const next = predict(this.#beats);
    if (next === null) this.stop();
    else this.#await(next);
  }

  #await(next: Prediction): void {
    const { clock } = this.#parts;
    const untilMs = next.dueMs + next.spreadMs + MARGIN_MS;
    this.#at(next.dueMs - next.spreadMs - MARGIN_MS - clock.nowMs(), () => {
      this.#started = this.#parts.prewarm(this.#name, untilMs);
      this.#counts.started += Number(this.#started);
      this.#at(untilMs - clock.nowMs(), () => this.#missed(next));
    });
  }

  #missed(next: Prediction): void {
    this.#counts.wasted += Number(this.#started);
    if (this.#started) this.#parts.endUnused(this.#name);
    this.#started = false;
    this.#misses += 1;
    if (this.#misses < MAX_MISSES) this.#await({ ...next, dueMs: next.dueMs + next.everyMs });
    else this.#beats = [];
  }

  #at(delayMs: number, action: () => void): void {
    this.stop();
    this.#timer = this.#parts.clock.after(delayMs, action);
  }
}
