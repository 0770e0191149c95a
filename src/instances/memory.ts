/**
 * The memory of the machine, as far as instances may have it: what was available when it was last
 * read, less a reserve for the node and its database, less what starts in flight are about to take.
 *
 * A process takes its memory over its first moments, so a start counts with its estimate until it
 * is over and the memory has been read again; then the reading tells. So estimates need not be good:
 * they only ever stand for the few starts that are under way.
 *
 * Reading is somebody else's (memory-reading.ts), off the path of a request. Where nothing can be read,
 * nothing is ever short.
 */
import { type FunctionConfig, type RuntimeFamily, type RuntimeName, runtimeParts } from '../model/index.ts';

export interface MemoryReading {
  /** What processes could still get without anything being killed, MB. */
  readonly availableMb: number;
}

export class Memory {
  readonly #reserveMb: number;
  #availableMb = Number.POSITIVE_INFINITY;
  #startingMb = 0;
  /** Of starts that were over after the last reading had begun. */
  #unreadMb = 0;

  /** @param reserveMb kept for the node, its database and the machine */
  constructor(reserveMb: number) {
    this.#reserveMb = reserveMb;
  }

  get reserveMb(): number {
    return this.#reserveMb;
  }

  get availableMb(): number {
    return this.#availableMb;
  }

  /** What a new start could have, MB; below zero: what is missing. */
  get freeMb(): number {
    return this.#availableMb - this.#reserveMb - this.#startingMb - this.#unreadMb;
  }

  /** Counts a start in. @returns to be called once, when it is over, whatever came of it */
  begin(needMb: number): () => void {
    this.#startingMb += needMb;
    return () => {
      this.#startingMb -= needMb;
      this.#unreadMb += needMb;
    };
  }

  /** To be called when a reading begins. @returns takes its result; null: it could not be read */
  reading(): (result: MemoryReading | null) => void {
    const unreadMb = this.#unreadMb;
    return (result) => {
      this.#unreadMb -= unreadMb;
      if (result !== null) this.#availableMb = result.availableMb;
    };
  }
}

/** How much memory to keep from instances, by default: a twentieth of the machine, 256 MB to 1 GB. */
export function defaultReserveMb(totalMb: number): number {
  return Math.round(Math.min(1_024, Math.max(256, totalMb / 20)));
}

/** How many instances to end at once when so much is missing: enough to matter, few enough to look again. */
export function evictionsFor(missingMb: number): number {
  return Math.min(MAX_EVICTIONS, Math.max(1, Math.ceil(missingMb / SMALL_INSTANCE_MB)));
}

/** What ending even a small instance gives back, MB. */
const SMALL_INSTANCE_MB = 12;
const MAX_EVICTIONS = 16;

/** What a runtime of its kind takes to boot, MB, before it has any code; null: the largest. */
export function bootMb(runtime: RuntimeName | null): number {
  return runtime === null ? Math.max(...Object.values(BOOT_MB)) : BOOT_MB[runtimeParts(runtime).family];
}

/**
 * What one more instance is going to take: what the version's others used at most of late; before any
 * is known, what its runtime takes.
 *
 * @param peakMb 0: not known yet
 * @param blank whether its runtime has booted already
 */
export function needMb(config: FunctionConfig, peakMb: number, blank: boolean): number {
  const boot = bootMb(config.runtime);
  const need = Math.min(config.memoryMb, Math.max(boot, peakMb));
  return blank ? need - boot : need;
}

/** With room to spare: a blank Node.js sandbox was seen to take 10 MB of its own and 2 of the kernel's. */
const BOOT_MB: Record<RuntimeFamily, number> = { nodejs: 32, python: 16, java: 48, provided: 8 };
