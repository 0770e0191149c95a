/**
 * Blank sandboxes: booted ahead of demand, one shelf per runtime and memory size (V8's heap limit
 * is fixed when a process starts). Taken once, given a function's code, and never blank again.
 *
 * How many wait on a shelf follows what was taken from it lately, between `min` and `max`. The last
 * `RESERVED` of a shelf are for a function's first instance, so that one function's storm leaves
 * another's first request its quick start. Refilling is one boot at a time per shelf, through the
 * same start slots as everything else, so it never takes more than its turn.
 */
import type { Clock } from '../base/index.ts';
import type { RuntimeName, Version } from '../model/index.ts';
import type { StartSlots } from './start-slots.ts';
import type { Booted, Starter } from './starter.ts';

export interface BlankOptions {
  /** Blank sandboxes that wait on a shelf in quiet times. 0 turns them off. Default 3. */
  readonly min: number;
  /** The most that wait on one shelf, however busy. Default 8. */
  readonly max: number;
}

const RESERVED = 2;
/** What was taken within this time counts as lately, in ms. */
const LATELY_MS = 10_000;
/** A shelf is refilled this long after something was taken, in ms: booting at once would slow down what was started. */
const REFILL_AFTER_MS = 100;
/** After a boot that failed the shelf rests this long, in ms. */
const REST_MS = 5_000;
/** Most shelves; a node with more memory sizes in use starts the rest without blanks. */
const MAX_SHELVES = 8;

interface Shelf {
  readonly runtime: RuntimeName;
  readonly memoryMb: number;
  readonly ready: Booted[];
  takenAtMs: number[];
  refilling: boolean;
  restUntilMs: number;
  wanted: boolean;
}

export interface BlankParts {
  readonly starter: Pick<Starter, 'boot' | 'discard' | 'canBeBlank'>;
  readonly slots: StartSlots;
  readonly clock: Clock;
  readonly onProblem: (problem: unknown) => void;
}

export class Blanks {
  readonly #parts: BlankParts;
  readonly #options: BlankOptions;
  readonly #shelves = new Map<string, Shelf>();
  #closed = false;

  constructor(parts: BlankParts, options: BlankOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** Blank sandboxes that are ready now. */
  get ready(): number {
    return [...this.#shelves.values()].reduce((sum, shelf) => sum + shelf.ready.length, 0);
  }

  /** Keeps shelves for these versions, and clears the ones that none of them would use. */
  stock(versions: Iterable<Version>): void {
    if (this.#options.max === 0 || this.#closed) return;
    for (const shelf of this.#shelves.values()) shelf.wanted = false;
    for (const version of versions) {
      if (this.#parts.starter.canBeBlank(version)) this.#want(version);
    }
    for (const [key, shelf] of this.#shelves) {
      if (shelf.wanted) this.#refill(shelf);
      else {
        this.#shelves.delete(key);
        for (const booted of shelf.ready.splice(0)) void this.#parts.starter.discard(booted);
      }
    }
  }

  /**
   * @param first whether it is for the only instance its function would have
   * @returns a booted sandbox of the version's runtime and memory size, or null
   */
  take(version: Version, first: boolean): Booted | null {
    if (!this.#parts.starter.canBeBlank(version)) return null;
    const shelf = this.#shelves.get(keyOf(version));
    if (shelf === undefined) return null;
    const nowMs = this.#parts.clock.nowMs();
    shelf.takenAtMs = shelf.takenAtMs.filter((atMs) => atMs > nowMs - LATELY_MS).slice(-this.#options.max);
    shelf.takenAtMs.push(nowMs);
    const booted = first || shelf.ready.length > RESERVED ? (shelf.ready.shift() ?? null) : null;
    if (booted !== null) shelf.restUntilMs = Math.max(shelf.restUntilMs, nowMs + REFILL_AFTER_MS);
    this.#refill(shelf);
    return booted;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#shelves.values()].flatMap((shelf) => shelf.ready.splice(0));
    await Promise.all(all.map((booted) => this.#parts.starter.discard(booted)));
  }

  #want(version: Version): void {
    const key = keyOf(version);
    const { runtime, memoryMb } = version.config;
    const shelf = this.#shelves.get(key);
    if (shelf !== undefined) shelf.wanted = true;
    else if (this.#shelves.size < MAX_SHELVES) {
      const fresh = { ready: [], takenAtMs: [], refilling: false, restUntilMs: 0, wanted: true };
      this.#shelves.set(key, { runtime, memoryMb, ...fresh });
    }
  }

  #refill(shelf: Shelf): void {
    const target = Math.min(this.#options.max, Math.max(this.#options.min, shelf.takenAtMs.length));
    if (shelf.refilling || this.#closed || !shelf.wanted || shelf.ready.length >= target) return;
    const waitMs = shelf.restUntilMs - this.#parts.clock.nowMs();
    shelf.refilling = true;
    if (waitMs > 0) {
      this.#parts.clock.after(waitMs, () => {
        shelf.refilling = false;
        this.#refill(shelf);
      });
      return;
    }
    void this.#bootOne(shelf).finally(() => {
      shelf.refilling = false;
      this.#refill(shelf);
    });
  }

  #died(shelf: Shelf, booted: Booted): void {
    if (!remove(shelf.ready, booted)) return; // it had been taken: its owner knows
    shelf.restUntilMs = this.#parts.clock.nowMs() + REST_MS;
    this.#refill(shelf);
  }

  async #bootOne(shelf: Shelf): Promise<void> {
    const release = await this.#parts.slots.acquire(`blank ${shelf.runtime}`);
    try {
      if (this.#closed || !shelf.wanted) return;
      const booted = await this.#parts.starter.boot(shelf.runtime, shelf.memoryMb);
      if (this.#closed || !shelf.wanted) return await this.#parts.starter.discard(booted);
      shelf.ready.push(booted);
      booted.sandbox.exited.then(() => this.#died(shelf, booted));
    } catch (problem) {
      shelf.restUntilMs = this.#parts.clock.nowMs() + REST_MS;
      this.#parts.onProblem(problem);
    } finally {
      release();
    }
  }
}

function keyOf({ config }: Version): string {
  return `${config.runtime} ${config.memoryMb}`;
}

/** @returns whether it was there */
function remove<T>(list: T[], item: T): boolean {
  const at = list.indexOf(item);
  if (at !== -1) list.splice(at, 1);
  return at !== -1;
}
