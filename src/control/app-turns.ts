/**
 * Who may change which app now, on this node.
 *
 * Owns the order: changes of one app run one after the other, those of several apps at once, and
 * whoever waits gets its turn or a refusal within 30 s. Never knows what a change is.
 */
import { type Clock, Fault } from '../base/index.ts';

/** Each holds one of the pool's ten connections throughout and needs a second one now and then. */
const AT_ONCE = 3;
const WAIT_MS = 30_000;
const MAX_WAITING = 100;

interface Waiting {
  readonly app: string;
  readonly begin: () => void;
}

export class AppTurns {
  readonly #clock: Clock;
  readonly #running = new Set<string>();
  readonly #waiting = new Set<Waiting>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws {Fault} `deploy-in-progress` when its turn has not come within 30 s, or 100 wait already */
  async run<T>(app: string, work: () => Promise<T>): Promise<T> {
    await this.#turn(app);
    try {
      return await work();
    } finally {
      this.#running.delete(app);
      this.#admit();
    }
  }

  async #turn(app: string): Promise<void> {
    if (this.#waiting.size >= MAX_WAITING)
      throw busy(`${MAX_WAITING} changes are waiting already, and no more may`, { waiting: MAX_WAITING });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting: Waiting = { app, begin: resolve };
    this.#waiting.add(waiting);
    this.#admit();
    if (!this.#waiting.has(waiting)) return promise;
    const timer = this.#clock.after(WAIT_MS, () => {
      this.#waiting.delete(waiting);
      const what = `A change of app "${app}", or of ${AT_ONCE} others, has been running for more than ${WAIT_MS / 1_000} s`;
      reject(busy(what, { app, waitedMs: WAIT_MS }));
    });
    return promise.finally(() => timer.cancel());
  }

  /** In order; an app that is being changed does not hold up those behind it. */
  #admit(): void {
    for (const waiting of this.#waiting) {
      if (this.#running.size >= AT_ONCE) return;
      if (this.#running.has(waiting.app)) continue;
      this.#running.add(waiting.app);
      this.#waiting.delete(waiting);
      waiting.begin();
    }
  }
}

function busy(what: string, facts: Readonly<Record<string, string | number>>): Fault {
  return new Fault('deploy-in-progress', `${what}. Nothing was changed; try again when it is done.`, {
    facts,
  });
}
