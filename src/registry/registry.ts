/**
 * The registry: this node's snapshot of all configuration.
 *
 * Owns   the current snapshot, and when a newer one is loaded.
 * Asks   `load` for the stored configuration, `listen` for news that it changed.
 * Never  blocks a request: `current()` answers from memory, also while the database is away, when the
 *        last snapshot goes on being served and loading is tried again.
 *
 * A load brings what changed since the snapshot there is, and makes a new snapshot of both.
 *
 * Tick or poke: a notification, a waiting deploy and the periodic check all run the same load; a lost
 * notification costs at most one check interval, never truth. One load runs at a time; a poke during a
 * load asks for one more after it, because the running one may have read the older state.
 */
import type { Clock, Service, Timer } from '../base/index.ts';
import type { Snapshot } from './snapshot.ts';
import { EMPTY, nextSnapshot, type StoredConfiguration } from './snapshot-of.ts';

export interface RegistryOptions {
  /** @param since the revision that is known; 0: none is, so everything is wanted */
  readonly load: (since: number) => Promise<StoredConfiguration>;
  /** Calls `poke` when the configuration may have changed. @returns ends the listening */
  readonly listen: (poke: () => void) => Promise<() => Promise<void>>;
  readonly clock: Clock;
  /** A load that failed, to be written down; it is tried again. */
  readonly onTrouble?: (error: unknown) => void;
  /** Time between checks, ms; default 30 s. */
  readonly checkEveryMs?: number;
  /** Time between tries while loading fails, ms; default 1 s. */
  readonly retryEveryMs?: number;
}

export interface Registry extends Service {
  /** The newest snapshot; before `start` an empty one of revision 0. */
  current(): Snapshot;
  /**
   * Resolves when this node serves the revision, or a later one.
   *
   * @throws the signal's reason, when it aborts first
   */
  reach(revision: number, signal: AbortSignal): Promise<void>;
  /** Calls `action` after each change, with the names of the functions that it concerned. @returns ends that */
  onChange(action: Watcher): () => void;
}

type Watcher = (snapshot: Snapshot, changed: readonly string[]) => void;

/** Not started: `start` loads the first snapshot and rejects when that fails. */
export function createRegistry(options: RegistryOptions): Registry {
  const loader = new SnapshotLoader(options);
  return {
    current: () => loader.snapshot,
    reach: (revision, signal) => loader.reach(revision, signal),
    onChange: (action) => {
      loader.watchers.add(action);
      return () => loader.watchers.delete(action);
    },
    start: () => loader.start(),
    stop: () => loader.stop(),
  };
}

class SnapshotLoader {
  snapshot: Snapshot = EMPTY;
  readonly watchers = new Set<Watcher>();
  readonly #options: Required<RegistryOptions>;
  #state: 'new' | 'running' | 'stopped' = 'new';
  #unlisten: (() => Promise<void>) | null = null;
  #timer: Timer | null = null;
  #pass: Promise<void> | null = null;
  #again = false;

  constructor(options: RegistryOptions) {
    this.#options = { onTrouble: () => {}, checkEveryMs: 30_000, retryEveryMs: 1_000, ...options };
  }

  async start(): Promise<void> {
    this.#state = 'running';
    // Listen first: what changes between the two is then announced, not missed.
    this.#unlisten = await this.#options.listen(() => this.#poke());
    try {
      this.#accept(await this.#options.load(this.snapshot.revision));
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#checkIn(this.#options.checkEveryMs);
  }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    this.#timer?.cancel();
    const unlisten = this.#unlisten;
    this.#unlisten = null;
    await unlisten?.().catch(() => {}); // the database may be away; its connection is then gone anyway
    await this.#pass;
  }

  async reach(revision: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.snapshot.revision >= revision) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onChange = (snapshot: Snapshot) => {
      if (snapshot.revision >= revision) resolve();
    };
    const onAbort = () => reject(signal.reason);
    this.watchers.add(onChange);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#poke();
    try {
      await promise;
    } finally {
      this.watchers.delete(onChange);
      signal.removeEventListener('abort', onAbort);
    }
  }

  #poke(): void {
    if (this.#state !== 'running') return;
    if (this.#pass !== null) {
      this.#again = true;
      return;
    }
    this.#pass = this.#runPasses().finally(() => {
      this.#pass = null;
    });
  }

  async #runPasses(): Promise<void> {
    do {
      this.#again = false;
      const worked = await this.#runOnce();
      this.#checkIn(worked ? this.#options.checkEveryMs : this.#options.retryEveryMs);
      if (!worked) return; // the retry is due soon; trying again at once would only heat the machine
    } while (this.#again && this.#state === 'running');
  }

  async #runOnce(): Promise<boolean> {
    try {
      this.#accept(await this.#options.load(this.snapshot.revision));
      return true;
    } catch (error) {
      this.#options.onTrouble(error);
      return false;
    }
  }

  #accept(stored: StoredConfiguration): void {
    if (stored.revision <= this.snapshot.revision && this.snapshot.revision > 0) return;
    this.snapshot = nextSnapshot(this.snapshot, stored);
    const changed = [...stored.gone, ...stored.functions.map(({ name }) => name)];
    for (const watcher of [...this.watchers]) watcher(this.snapshot, changed);
  }

  #checkIn(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#state === 'running' ? this.#options.clock.after(delayMs, () => this.#poke()) : null;
  }
}
