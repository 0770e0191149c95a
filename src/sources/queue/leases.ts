/**
 * This node's leases on triggers that may run only so much at once in the whole cluster.
 *
 * Owns   which it wants, which it holds, and until when it may trust that.
 * Asks   the store, whose clock decides; tells `onChange` when one was got or lost.
 *
 * A lease is granted for 30 s and renewed every 5. It is trusted for 20 s from before the question that it was granted
 * to: then what runs under it is ended, well before anybody else could get it. Time and poke run the same pass.
 */
import { type Clock, periodically, type Timer } from '../../base/index.ts';

export interface LeaseWish {
  /** UUID of the trigger. */
  readonly id: string;
  /** How long one invocation for it may run, ms. */
  readonly runMs: number;
}

export interface LeaseStore {
  /** @returns ids of those that are this node's now */
  take(wanted: readonly LeaseWish[], leaseMs: number): Promise<readonly string[]>;
  release(ids: readonly string[]): Promise<void>;
}

export interface LeasesParts {
  readonly store: LeaseStore;
  readonly clock: Clock;
  /** Some were got or lost. */
  readonly onChange: () => void;
  readonly onProblem: (problem: unknown) => void;
}

const LEASE_MS = 30_000;
const TRUSTED_MS = 20_000;
const RENEW_EVERY_MS = 5_000;

export class Leases {
  readonly #parts: LeasesParts;
  #wanted: readonly LeaseWish[] = [];
  /** Until when each is trusted, monotonic ms. */
  readonly #trustedUntilMs = new Map<string, number>();
  #asking: Promise<void> | null = null;
  #again = false;
  #end = () => {};
  #expiry: Timer | null = null;

  constructor(parts: LeasesParts) {
    this.#parts = parts;
  }

  start(): void {
    const { clock, onProblem } = this.#parts;
    // Not awaited: a question that hangs must not keep the next from being asked.
    const task = async () => this.#poke();
    this.#end = periodically(clock, { everyMs: RENEW_EVERY_MS, task, onProblem });
  }

  stop(): void {
    this.#end();
    this.#expiry?.cancel();
  }

  holds(id: string): boolean {
    return (this.#trustedUntilMs.get(id) ?? 0) > this.#parts.clock.nowMs();
  }

  /** All that are wanted from now on. Those that are not any more stay until they are released. */
  want(wanted: readonly LeaseWish[]): void {
    const known = new Set(this.#wanted.map(({ id }) => id));
    this.#wanted = wanted;
    if (wanted.some(({ id }) => !known.has(id))) this.#poke();
  }

  /** Nothing runs under it any more, and nothing will. */
  async release(id: string): Promise<void> {
    if (!this.#trustedUntilMs.delete(id)) return;
    await this.#parts.store.release([id]).catch(() => {}); // then it runs out
  }

  #poke(): void {
    this.#again = true;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
  }

  async #ask(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        await this.runOnce();
      } catch (problem) {
        this.#parts.onProblem(problem);
      }
    }
  }

  /** Asks for all that are wanted. */
  async runOnce(): Promise<void> {
    const { store, clock, onChange } = this.#parts;
    const wanted = this.#wanted;
    if (wanted.length === 0) return;
    const askedAtMs = clock.nowMs();
    const got = new Set(await store.take(wanted, LEASE_MS));
    let changed = false;
    for (const { id } of wanted) {
      const held = this.#trustedUntilMs.has(id);
      if (got.has(id)) this.#trustedUntilMs.set(id, askedAtMs + TRUSTED_MS);
      else this.#trustedUntilMs.delete(id);
      changed ||= held !== got.has(id);
    }
    this.#expireLater();
    if (changed) onChange();
  }

  #expireLater(): void {
    const { clock } = this.#parts;
    this.#expiry?.cancel();
    this.#expiry = null;
    const first = Math.min(...this.#trustedUntilMs.values());
    if (Number.isFinite(first))
      this.#expiry = clock.after(Math.ceil(first - clock.nowMs()), () => this.#expire());
  }

  /** The store has not answered for too long. */
  #expire(): void {
    const nowMs = this.#parts.clock.nowMs();
    let lost = false;
    for (const [id, untilMs] of this.#trustedUntilMs) {
      if (untilMs > nowMs) continue;
      this.#trustedUntilMs.delete(id);
      lost = true;
    }
    this.#expireLater();
    if (lost) this.#parts.onChange();
  }
}
