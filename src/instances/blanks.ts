/**
 * Blank sandboxes: booted ahead of demand, one shelf per runtime and memory size (V8's heap limit
 * is fixed when a process starts). Taken once, given a function's code, and never blank again.
 *
 * How many wait on a shelf follows what was taken from it lately, between `min` and `max`. The last
 * `RESERVED` of a shelf are for a function's first instance, so that one function's storm leaves
 * another's first request its quick start. Refilling is one boot at a time per shelf, and two while
 * fewer than the reserved ones are left, through the same start slots as everything else, so it never
 * takes more than its turn. Nothing is booted ahead while the machine is short of memory.
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
/** A shelf with its reserved ones left is refilled this long after something was taken, in ms: booting at once would slow down what was started. */
const REFILL_AFTER_MS = 100;
/** After a boot that failed the shelf rests this long, in ms. */
const REST_MS = 5_000;
/** Boots at once for a shelf that is nearly empty. */
const URGENT_BOOTS = 2;
/** Most shelves; a node with more memory sizes in use starts the rest without blanks. */
const MAX_SHELVES = 8;

interface Shelf {
  readonly runtime: RuntimeName;
  readonly memoryMb: number;
  readonly ready: Booted[];
  takenAtMs: number[];
  /** Boots under way, or waiting to begin. */
  refilling: number;
  /** Does not even try before: a boot failed. */
  restUntilMs: number;
  /** Lets what was just started have the processors. */
  politeUntilMs: number;
  wanted: boolean;
}

export interface BlankParts {
  readonly starter: Pick<Starter, 'boot' | 'discard' | 'canBeBlank'>;
  readonly slots: StartSlots;
  /** Whether there is memory for one more. */
  readonly hasRoom: () => boolean;
  readonly clock: Clock;
  readonly onProblem: (problem: unknown) => void;
}

export class Blanks {
  readonly #parts: BlankParts;
  readonly #options: BlankOptions;
  readonly #shelves = new Map<string, Shelf>();
  #closed = false;
  #firsts = { asked: 0, missed: 0 };

  constructor(parts: BlankParts, options: BlankOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** Blank sandboxes that are ready now. */
  get ready(): number {
    return [...this.#shelves.values()].reduce((sum, shelf) => sum + shelf.ready.length, 0);
  }

  /** How many first starts of a function asked for a blank, and how many of them there was none for. */
  get firsts(): { readonly asked: number; readonly missed: number } {
    return { ...this.#firsts };
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
    this.#firsts.asked += Number(first);
    this.#firsts.missed += Number(first && booted === null);
    if (booted !== null) shelf.politeUntilMs = nowMs + REFILL_AFTER_MS;
    this.#refill(shelf);
    return booted;
  }

  /** Ends those that wait: memory is short. @returns whether there were any */
  giveUp(): boolean {
    let any = false;
    for (const shelf of this.#shelves.values()) {
      shelf.restUntilMs = this.#parts.clock.nowMs() + REST_MS;
      for (const booted of shelf.ready.splice(0)) {
        any = true;
        void this.#parts.starter.discard(booted);
      }
    }
    return any;
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
      const fresh = {
        ready: [],
        takenAtMs: [],
        refilling: 0,
        restUntilMs: 0,
        politeUntilMs: 0,
        wanted: true,
      };
      this.#shelves.set(key, { runtime, memoryMb, ...fresh });
    }
  }

  #refill(shelf: Shelf): void {
    const target = Math.min(this.#options.max, Math.max(this.#options.min, shelf.takenAtMs.length));
    while (!this.#closed && shelf.wanted && shelf.ready.length + shelf.refilling < target) {
      const urgent = shelf.takenAtMs.length > 0 && shelf.ready.length < RESERVED;
      if (shelf.refilling >= (urgent ? URGENT_BOOTS : 1)) return;
      this.#refillOne(shelf, urgent);
    }
  }

  #refillOne(shelf: Shelf, urgent: boolean): void {
    const { clock } = this.#parts;
    const untilMs = urgent ? shelf.restUntilMs : Math.max(shelf.restUntilMs, shelf.politeUntilMs);
    const waitMs = untilMs - clock.nowMs();
    const again = () => {
      shelf.refilling -= 1;
      this.#refill(shelf);
    };
    shelf.refilling += 1;
    if (waitMs > 0) clock.after(waitMs, again);
    else void this.#bootOne(shelf).finally(again);
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
      if (!this.#parts.hasRoom()) {
        shelf.restUntilMs = this.#parts.clock.nowMs() + REST_MS;
        return;
      }
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
