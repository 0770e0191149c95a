/**
 * The fleet: all pools of this node, and what they share: start slots, blanks, room.
 *
 * Owns   one pool per version that is or was in use, until it is empty and no alias points at it.
 * Never  chooses a version: it is told which ones are current, and drains the others.
 */
import { type Clock, Fault } from '../base/index.ts';
import type { Version } from '../model/index.ts';
import { type BlankOptions, Blanks } from './blanks.ts';
import { oldestIdle } from './evict.ts';
import type { Life } from './life.ts';
import { type Lease, Pool, type PoolOptions } from './pool.ts';
import { StartSlots } from './start-slots.ts';
import type { Starter } from './starter.ts';

export interface FleetOptions extends PoolOptions {
  readonly blanks: BlankOptions;
  /** Processes that may be booting at once. Default: four per core. */
  readonly startSlots: number;
  /** Most instances on this node, idle ones included; an idle one makes room for a wanted one. */
  readonly maxInstances: number;
}

export interface FleetParts {
  readonly starter: Starter;
  readonly clock: Clock;
  /** Told about what is a bug, or what the machine cannot do; requests get their own answers. */
  readonly onProblem: (problem: unknown) => void;
}

export type InstanceCounts = Record<'starting' | 'idle' | 'busy' | 'frozen' | 'blank', number>;

export class Fleet {
  readonly #parts: FleetParts;
  readonly #options: FleetOptions;
  readonly #pools = new Map<string, { readonly version: Version; readonly pool: Pool }>();
  readonly #slots: StartSlots;
  readonly #blanks: Blanks;
  /** The same, without making a key for every lease. */
  readonly #poolOfVersion = new WeakMap<Version, Pool>();
  #current = new Set<string>();
  /** A start was refused for want of room since the last time there was some. */
  #starved = false;
  #closed = false;

  constructor(parts: FleetParts, options: FleetOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#slots = new StartSlots(options.startSlots);
    const { starter, clock, onProblem } = parts;
    this.#blanks = new Blanks({ starter, clock, onProblem, slots: this.#slots }, options.blanks);
  }

  /** See Pool.lease. */
  async lease(version: Version, signal: AbortSignal | null): Promise<Lease> {
    if (this.#closed)
      throw new Fault('shutting-down', 'This node is shutting down. Try again on another, or later.');
    return await this.#poolOf(version).lease(signal);
  }

  /** These versions are what aliases point at now: blanks are kept for them, and all other instances drain. */
  follow(current: readonly Version[]): void {
    this.#current = new Set(current.map(keyOf));
    for (const [key, { pool }] of this.#pools) {
      if (this.#current.has(key)) continue;
      pool.drain();
      this.#forgetIfEmpty(key);
    }
    this.#blanks.stock(current);
  }

  counts(): InstanceCounts {
    const counts = { starting: 0, idle: 0, busy: 0, frozen: 0, blank: this.#blanks.ready };
    for (const { pool } of this.#pools.values()) {
      for (const state of pool.states()) counts[COUNTED_AS[state]] += 1;
    }
    return counts;
  }

  /** Instances of one function, whatever their version and state. */
  countOf(functionName: string): number {
    let count = 0;
    for (const { version, pool } of this.#pools.values())
      if (version.functionName === functionName) count += pool.size;
    return count;
  }

  /** The versions that have, or may yet have, instances here. */
  versions(): Version[] {
    return [...this.#pools.values()].map(({ version }) => version);
  }

  /** Refuses new leases, and resolves when every instance is gone; busy ones are ended, too. */
  async stop(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#pools.values()].map(({ pool }) => pool.kill()));
    await this.#blanks.close();
  }

  #poolOf(version: Version): Pool {
    const last = this.#poolOfVersion.get(version);
    if (last !== undefined && !last.empty) return last; // an empty one may have been forgotten
    const pool = this.#poolByKey(version);
    this.#poolOfVersion.set(version, pool);
    return pool;
  }

  #poolByKey(version: Version): Pool {
    const key = keyOf(version);
    const known = this.#pools.get(key);
    if (known !== undefined) return known.pool;
    const pool = new Pool(version, this.#poolParts(key), this.#options);
    this.#pools.set(key, { version, pool });
    return pool;
  }

  #poolParts(key: string): ConstructorParameters<typeof Pool>[1] {
    const { starter, clock, onProblem } = this.#parts;
    return {
      start: (version, blank) => starter.start(version, blank),
      takeBlank: (version, first) => (this.#hasRoom() ? this.#blanks.take(version, first) : null),
      acquireSlot: (functionName) => this.#slots.acquire(functionName),
      admitStart: () => this.#makeRoom(key),
      onGone: () => {
        this.#forgetIfEmpty(key);
        this.#pokeAll();
      },
      onIdle: () => {
        if (this.#starved) this.#pokeAll();
      },
      onBug: onProblem,
      clock,
    };
  }

  #makeRoom(forKey: string): boolean {
    if (this.#hasRoom()) return true;
    const others = [...this.#pools].filter(([key]) => key !== forKey).map(([, { pool }]) => pool);
    const victim = oldestIdle(others);
    victim?.evictOldest();
    this.#starved ||= victim === null;
    return victim !== null;
  }

  /** Blank ones are processes, too. */
  #hasRoom(): boolean {
    let total = this.#blanks.ready;
    for (const { pool } of this.#pools.values()) total += pool.size;
    return total < this.#options.maxInstances;
  }

  /** Tries again what waited for room. */
  #pokeAll(): void {
    this.#starved = false;
    for (const { pool } of this.#pools.values()) pool.poke();
  }

  #forgetIfEmpty(key: string): void {
    if (!this.#current.has(key) && this.#pools.get(key)?.pool.empty) this.#pools.delete(key);
  }
}

const COUNTED_AS: Record<Life['at'], 'starting' | 'idle' | 'busy' | 'frozen'> = {
  starting: 'starting',
  idle: 'idle',
  busy: 'busy',
  draining: 'busy',
  frozen: 'frozen',
  stopping: 'idle',
  gone: 'idle',
};

/** A number can come again after its app was destroyed and deployed anew; the moment of its making does not. */
function keyOf(version: Version): string {
  return `${version.functionName}:${version.version}:${version.createdAtMs}`;
}
