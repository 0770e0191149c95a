/**
 * Keeps a picture of something stored up to date.
 *
 * Owns   when it is loaded anew.
 * Asks   `load` to do it, `listen` for news that it should be done.
 *
 * Tick or poke: news, somebody who waits and the periodic check all run the same load; lost news cost at most one
 * interval, never truth. While loading fails it is tried again, and whoever has the picture goes on with the last one.
 */
import type { Clock, Timer } from './clock.ts';
import { Refresher } from './refresher.ts';
import type { Service } from './service.ts';

export interface FollowerOptions {
  readonly load: () => Promise<void>;
  /** Calls `poke` when there may be something new. @returns ends the listening */
  readonly listen: (poke: () => void) => Promise<() => Promise<void>>;
  readonly clock: Clock;
  /** A load that nobody waits for and that failed, to be written down; it is tried again. */
  readonly onTrouble: (error: unknown) => void;
  /** Time between checks, ms; default 30 s. */
  readonly checkEveryMs?: number | undefined;
  /** Time between tries while loading fails, ms; default 1 s. */
  readonly retryEveryMs?: number | undefined;
}

export class Follower implements Service {
  readonly #options: FollowerOptions;
  readonly #loads: Refresher;
  #running = false;
  #unlisten: (() => Promise<void>) | null = null;
  #timer: Timer | null = null;
  #watched: Promise<void> | null = null;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#loads = new Refresher(options.load);
  }

  /** @throws what the first load failed with; nothing is left running then */
  async start(): Promise<void> {
    this.#running = true;
    // Listen first: what changes between the two is then announced, not missed.
    this.#unlisten = await this.#options.listen(() => this.poke());
    try {
      await this.#loads.refresh();
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#checkIn(this.#options.checkEveryMs ?? 30_000);
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#timer?.cancel();
    const unlisten = this.#unlisten;
    this.#unlisten = null;
    await unlisten?.().catch(() => {}); // the database may be away; its connection is then gone anyway
    await this.#loads.pending?.catch(() => {});
  }

  /**
   * Resolves when what was stored before the call is in the picture.
   *
   * @throws what loading failed with
   */
  refresh(): Promise<void> {
    return this.#loads.refresh();
  }

  /** Loads, for nobody in particular: what goes wrong is told to `onTrouble`. */
  poke(): void {
    if (!this.#running) return;
    const load = this.#loads.refresh();
    if (load === this.#watched) return;
    this.#watched = load;
    const { checkEveryMs = 30_000, retryEveryMs = 1_000 } = this.#options;
    load.then(
      () => this.#checkIn(checkEveryMs),
      (error) => {
        if (!this.#running) return; // what it loads from is going, too
        this.#options.onTrouble(error);
        this.#checkIn(retryEveryMs);
      },
    );
  }

  #checkIn(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#running ? this.#options.clock.after(delayMs, () => this.poke()) : null;
  }
}
