/**
 * The registry: this node's snapshot of all configuration.
 *
 * Owns   the current snapshot, and when a newer one is loaded.
 * Asks   `load` for the stored configuration, `listen` for news that it changed.
 * Never  blocks a request: `current()` answers from memory, also while the database is away, when the
 *        last snapshot goes on being served and loading is tried again.
 *
 * A load brings what changed since the snapshot there is, and makes a new snapshot of both.
 */
import { type Clock, Follower, type Service } from '../base/index.ts';
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
  readonly #load: RegistryOptions['load'];
  readonly #follower: Follower;

  constructor({ load, onTrouble = () => {}, ...options }: RegistryOptions) {
    this.#load = load;
    this.#follower = new Follower({ ...options, onTrouble, load: () => this.#read() });
  }

  start(): Promise<void> {
    return this.#follower.start();
  }

  stop(): Promise<void> {
    return this.#follower.stop();
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
    this.#follower.poke();
    try {
      await promise;
    } finally {
      this.watchers.delete(onChange);
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #read(): Promise<void> {
    const stored = await this.#load(this.snapshot.revision);
    if (stored.revision <= this.snapshot.revision && this.snapshot.revision > 0) return;
    this.snapshot = nextSnapshot(this.snapshot, stored);
    const changed = [...stored.gone, ...stored.functions.map(({ name }) => name)];
    for (const watcher of [...this.watchers]) watcher(this.snapshot, changed);
  }
}
