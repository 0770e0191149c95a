/**
 * The fleet: all pools of this node, and what they share: start slots, blanks, room.
 *
 * Owns   one pool per version that is or was in use, until it is empty and no alias points at it.
 * Asks   room.ts whether one more instance fits, foresight.ts who is about to be called.
 * Never  chooses a version: it is told which ones are current, and drains the others.
 */
import { type Clock, Fault, periodically, type Timer } from '../base/index.ts';
import type { Version } from '../model/index.ts';
import { type BlankOptions, Blanks } from './blanks.ts';
import {
  countStates,
  type InstanceCounts,
  type ProvisionedCounts,
  type ProvisionedState,
  sumProvisioned,
} from './counts.ts';
import { Foresight, type ForesightCounts, type Visits } from './foresight.ts';
import { bootMb, Memory, needMb } from './memory.ts';
import type { MemoryReader } from './memory-reading.ts';
import { type Lease, Pool, type PoolOptions } from './pool.ts';
import { Room } from './room.ts';
import { StartSlots } from './start-slots.ts';
import type { Starter } from './starter.ts';

export interface FleetOptions extends PoolOptions {
  readonly blanks: BlankOptions;
  /** Processes that may be booting at once. Default: twice the processors. */
  readonly startSlots: number;
  /** Most instances on this node, idle ones included; an idle one makes room for a wanted one. */
  readonly maxInstances: number;
  /** Memory that instances leave to the node, its database and the machine, MB. */
  readonly memoryReserveMb: number;
  /** Whether functions with a steady rhythm are started just before they are due. */
  readonly prewarm: boolean;
}

export interface FleetParts {
  readonly starter: Starter;
  readonly memory: MemoryReader;
  readonly clock: Clock;
  /** Another text when new instances of a version would find another environment than those before. */
  readonly stampOf?: (version: Version) => string;
  /** Told about what is a bug, or what the machine cannot do; requests get their own answers. */
  readonly onProblem: (problem: unknown) => void;
}

/** A version that an alias points at. */
export interface Followed {
  readonly version: Version;
  /** Instances that are to stand ready; 0: none. */
  readonly provisioned: number;
}

/** What provisioned instances of a version have stood ready for. */
export interface ProvisionedTime {
  readonly version: Version;
  /** Instances × ms. */
  readonly instanceMs: number;
}

interface Entry {
  readonly version: Version;
  /** What its newest instances were started with; see FleetParts. */
  stamp: string;
  readonly pool: Pool;
  readonly visits: Visits;
  /** Instances that a deploy waits for, before an alias points here. */
  prepared: number;
}

/** How often the memory of the machine is read, in ms: a few small files each time. */
const READ_MEMORY_MS = 500;
/** After changes of single functions: what blanks wait for is counted once for all of them, in ms. */
const STOCK_WITHIN_MS = 250;

export class Fleet {
  readonly #parts: FleetParts;
  readonly #options: FleetOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #slots: StartSlots;
  readonly #blanks: Blanks;
  readonly #memory: Memory;
  readonly #room: Room;
  readonly #foresight: Foresight;
  /** The same, without making a key for every lease. */
  readonly #entryOfVersion = new WeakMap<Version, Entry>();
  readonly #current = new Map<string, Followed>();
  /** The same by function; of each, what callers without a qualifier get is the first. */
  readonly #followed = new Map<string, readonly Followed[]>();
  #stockDue: Timer | null = null;
  /** Of versions that were forgotten since it was asked. */
  #leftTime: ProvisionedTime[] = [];
  #reading: Promise<void> | null = null;
  readonly #endWatch: () => void;
  #closed = false;

  constructor(parts: FleetParts, options: FleetOptions) {
    this.#parts = parts;
    this.#options = options;
    const { starter, clock, onProblem } = parts;
    this.#slots = new StartSlots(options.startSlots, () => clock.nowMs());
    this.#memory = new Memory(options.memoryReserveMb);
    const hasRoom = () => !this.#room.starved && this.#room.has(bootMb(null));
    this.#blanks = new Blanks({ starter, clock, onProblem, hasRoom, slots: this.#slots }, options.blanks);
    this.#room = new Room({
      pools: () => this.#pools(),
      blanks: this.#blanks,
      memory: this.#memory,
      maxInstances: options.maxInstances,
    });
    this.#foresight = new Foresight({
      clock,
      prewarm: (name, untilMs) => this.#currentOf(name)?.prewarm(untilMs) ?? false,
      endUnused: (name) => this.#currentOf(name)?.endUnused(),
    });
    this.#endWatch = periodically(clock, {
      everyMs: READ_MEMORY_MS,
      task: () => this.#watchMemory(),
      onProblem,
    });
    void this.#watchMemory();
  }

  /** See Pool.lease. */
  async lease(version: Version, signal: AbortSignal | null): Promise<Lease> {
    if (this.#closed) throw shuttingDown();
    const { pool, visits } = this.#entryOf(version);
    if (this.#options.prewarm) visits.note(this.#parts.clock.nowMs());
    return await pool.lease(signal);
  }

  /**
   * These versions are what names point at now: blanks are kept for them, and the instances of those that were
   * drain. One that never was, called by its number, goes on until it is unused.
   */
  follow(current: readonly Followed[]): void {
    const functions = Map.groupBy(current, ({ version }) => version.functionName);
    const gone = [...this.#followed.keys()].filter((name) => !functions.has(name));
    this.followSome([...functions, ...gone.map((name) => [name, []] as const)]);
    this.#foresight.keepOnly(new Set(functions.keys()));
    this.#stock();
  }

  /**
   * The same for what changed, by function: with thousands of functions, one change does not look at all of them.
   * Blanks follow within `STOCK_WITHIN_MS`.
   */
  followSome(changes: Iterable<readonly [functionName: string, current: readonly Followed[]]>): void {
    for (const [name, current] of changes) {
      const before = this.#followed.get(name) ?? [];
      if (current.length === 0) this.#followed.delete(name);
      else this.#followed.set(name, current);
      for (const { version } of before) this.#current.delete(keyOf(version));
      for (const followed of current) {
        this.#current.set(keyOf(followed.version), followed);
        if (followed.provisioned > 0) this.#entryOf(followed.version);
      }
      for (const key of new Set([...before, ...current].map(({ version }) => keyOf(version)))) {
        const entry = this.#entries.get(key);
        if (entry !== undefined) this.#settle(key, entry);
      }
      if (current.length === 0) this.#foresight.forget(name);
    }
    this.#stockDue ??= this.#parts.clock.after(STOCK_WITHIN_MS, () => this.#stock());
  }

  #stock(): void {
    this.#stockDue?.cancel();
    this.#stockDue = null;
    if (this.#closed) return;
    // What callers without a qualifier get comes first of each function: first choice of the shelves, too.
    const first = [...this.#followed.values()].map(([live]) => live as Followed);
    const others = [...this.#followed.values()].flatMap(([, ...rest]) => rest);
    this.#blanks.stock([...first, ...others].map(({ version }) => version));
  }

  /** Instances whose environment would be another one now end as those of an old version do. */
  renew(): void {
    for (const [key, entry] of this.#entries) {
      const stamp = this.#stampOf(entry.version);
      if (stamp === entry.stamp) continue;
      entry.stamp = stamp;
      entry.pool.drain();
      this.#settle(key, entry);
    }
  }

  /**
   * Starts provisioned instances of a version before an alias points at it, and keeps them until it is
   * let go. `null`: all of them stand ready; else the first problem there was.
   */
  async prepare(version: Version, count: number): Promise<{ problem: unknown; letGo(): void }> {
    if (this.#closed) throw shuttingDown();
    const entry = this.#entryOf(version);
    entry.prepared = count;
    this.#settle(keyOf(version), entry);
    const letGo = () => {
      entry.prepared = 0;
      this.#settle(keyOf(version), entry);
    };
    return { problem: await entry.pool.provisionSettled(), letGo };
  }

  /**
   * Somebody is known to call this version soon: there is to be a free instance, which stays until then. Not
   * where starts ahead are turned off.
   *
   * @param untilMs monotonic ms
   * @returns whether one had to be started
   */
  expect(version: Version, untilMs: number): boolean {
    if (this.#closed || !this.#options.prewarm) return false;
    return this.#entryOf(version).pool.prewarm(untilMs, { free: true });
  }

  /** @returns when every provisioned instance of what is current stands ready, or has met with a problem */
  async provisioned(): Promise<void> {
    await Promise.all(this.#pools().map((pool) => pool.provisionSettled()));
  }

  counts(): InstanceCounts {
    return { ...countStates(this.#pools()), blank: this.#blanks.ready };
  }

  provisionedCounts(): ProvisionedCounts {
    return sumProvisioned(this.#pools());
  }

  /** Of one version; its instances on this node. */
  provisionedOf(version: Version): ProvisionedState {
    const pool = this.#entries.get(keyOf(version))?.pool;
    if (pool === undefined) return { wanted: 0, ready: 0, problem: null };
    return { ...pool.provisioned, problem: pool.provisionProblem };
  }

  /** Starts ahead of a rhythm, and first starts with and without a blank. */
  starts(): { readonly prewarmed: ForesightCounts; readonly firsts: Blanks['firsts'] } {
    return { prewarmed: this.#foresight.counts, firsts: this.#blanks.firsts };
  }

  /** Of one function, whatever their version and state; and its provisioned ones. */
  countOf(functionName: string): { instances: number; provisioned: ProvisionedCounts } {
    const mine = [...this.#entries.values()].filter(({ version }) => version.functionName === functionName);
    const provisioned = this.#currentOf(functionName)?.provisioned ?? { wanted: 0, ready: 0 };
    return { instances: mine.reduce((sum, { pool }) => sum + pool.size, 0), provisioned };
  }

  /** The versions that have, or may yet have, instances here. */
  versions(): Version[] {
    return [...this.#entries.values()].map(({ version }) => version);
  }

  /** @returns what provisioned instances have stood ready for since the last time this was asked */
  takeProvisionedTime(): ProvisionedTime[] {
    const left = this.#leftTime;
    this.#leftTime = [];
    const now = [...this.#entries.values()].map(({ version, pool }) => {
      return { version, instanceMs: pool.takeProvisionedMs() };
    });
    return [...left, ...now].filter(({ instanceMs }) => instanceMs > 0);
  }

  /** Refuses new leases, and resolves when every instance is gone; busy ones are ended, too. */
  async stop(): Promise<void> {
    this.#closed = true;
    this.#stockDue?.cancel();
    this.#endWatch();
    this.#foresight.keepOnly(new Set());
    await Promise.all(this.#pools().map((pool) => pool.kill()));
    await this.#blanks.close();
  }

  /** What is current, or is being prepared to be, has what it should; the rest goes. */
  #settle(key: string, entry: Entry): void {
    const followed = this.#current.get(key);
    if (followed === undefined && entry.prepared === 0) {
      entry.pool.drain();
      this.#forgetIfEmpty(key);
    } else entry.pool.provision(Math.max(followed?.provisioned ?? 0, entry.prepared));
  }

  #stampOf(version: Version): string {
    return version.config.secrets.length === 0 ? '' : (this.#parts.stampOf?.(version) ?? '');
  }

  #pools(): Pool[] {
    return [...this.#entries.values()].map(({ pool }) => pool);
  }

  #currentOf(functionName: string): Pool | undefined {
    const live = this.#followed.get(functionName)?.[0];
    return live === undefined ? undefined : this.#entries.get(keyOf(live.version))?.pool;
  }

  #entryOf(version: Version): Entry {
    const last = this.#entryOfVersion.get(version);
    if (last !== undefined && !last.pool.empty) return last; // an empty one may have been forgotten
    const entry = this.#entryByKey(version);
    this.#entryOfVersion.set(version, entry);
    return entry;
  }

  #entryByKey(version: Version): Entry {
    const key = keyOf(version);
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const pool: Pool = new Pool(
      version,
      this.#poolParts(version, () => pool),
      this.#options,
    );
    const visits = this.#foresight.of(version.functionName);
    const entry = { version, stamp: this.#stampOf(version), pool, visits, prepared: 0 };
    this.#entries.set(key, entry);
    return entry;
  }

  #poolParts(version: Version, pool: () => Pool): ConstructorParameters<typeof Pool>[1] {
    const { starter, clock, onProblem } = this.#parts;
    const need = (blank: boolean) => needMb(version.config, pool().peakMb, blank);
    return {
      start: (_, blank, kind) => {
        const over = this.#memory.begin(need(blank !== null));
        return starter.start(version, blank, kind).finally(() => {
          over();
          void this.#readMemory(); // a storm of starts must not run ahead of what is known
        });
      },
      takeBlank: (_, first) => (this.#room.has(need(true)) ? this.#blanks.take(version, first) : null),
      acquireSlot: (functionName) => this.#slots.acquire(functionName),
      slotWaitMs: (functionName) => this.#slots.expectedWaitMs(functionName),
      admitStart: () => this.#room.admit(version, need(false), pool()),
      onGone: () => {
        this.#forgetIfEmpty(keyOf(version));
        this.#roomMade();
      },
      onIdle: () => {
        if (this.#room.starved) this.#pokeAll();
      },
      onBug: onProblem,
      clock,
    };
  }

  /** An instance is gone. Who waits for memory must not be judged by how little there was before. */
  #roomMade(): void {
    if (this.#room.starved) void this.#readMemory().then(() => this.#pokeAll());
    else this.#pokeAll();
  }

  #readMemory(): Promise<void> {
    this.#reading ??= this.#readOnce().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #readOnce(): Promise<void> {
    const take = this.#memory.reading();
    take(await this.#parts.memory.read());
  }

  async #watchMemory(): Promise<void> {
    await this.#readMemory();
    this.#room.relieve();
    if (this.#room.starved) this.#pokeAll();
  }

  /** Tries again what waited for room. */
  #pokeAll(): void {
    this.#room.reset();
    for (const { pool } of this.#entries.values()) pool.poke();
  }

  #forgetIfEmpty(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#current.has(key) || entry.prepared > 0 || !entry.pool.empty) return;
    this.#leftTime.push({ version: entry.version, instanceMs: entry.pool.takeProvisionedMs() });
    this.#entries.delete(key);
  }
}

function shuttingDown(): Fault {
  return new Fault('shutting-down', 'This node is shutting down. Try again on another, or later.');
}

/** A number can come again after its app was destroyed and deployed anew; the moment of its making does not. */
function keyOf(version: Version): string {
  let key = keys.get(version);
  if (key === undefined) {
    key = `${version.functionName}:${version.version}:${version.createdAtMs}`;
    keys.set(version, key);
  }
  return key;
}

/** Made once: each change of the configuration asks for the keys of all versions. */
const keys = new WeakMap<Version, string>();
