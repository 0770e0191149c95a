/**
 * Keeps received messages out of others' sight for as long as they are in hand here, however long that is: a
 * function may run longer than its queue hides a message, and a batch may wait for its window.
 *
 * Renews each when half of its time is over. A lost renewal costs a message that is received twice, never one
 * that is lost.
 */
import { type Clock, Fault, type Timer } from '../../base/index.ts';

export interface Hold {
  readonly receipt: string;
}

export interface HoldsParts {
  readonly clock: Clock;
  /** Hides them for this long from now. */
  readonly renew: (receipts: readonly string[], forMs: number) => Promise<unknown>;
  readonly onProblem: (problem: unknown) => void;
}

interface Held {
  readonly forMs: number;
  renewAtMs: number;
  renewed: boolean;
}

export class Holds {
  readonly #parts: HoldsParts;
  readonly #held = new Map<string, Held>();
  #timer: Timer | null = null;

  constructor(parts: HoldsParts) {
    this.#parts = parts;
  }

  /** @param forMs how long they are hidden already, from now */
  add(holds: readonly Hold[], forMs: number): void {
    const renewAtMs = this.#parts.clock.nowMs() + forMs / 2;
    for (const { receipt } of holds) this.#held.set(receipt, { forMs, renewAtMs, renewed: false });
    this.#wakeLater();
  }

  /** They are not in hand any more. @returns those that were renewed, so that their time is not what it was */
  release(holds: readonly Hold[]): ReadonlySet<string> {
    const renewed = holds.filter(({ receipt }) => this.#held.get(receipt)?.renewed === true);
    for (const { receipt } of holds) this.#held.delete(receipt);
    if (this.#held.size === 0) {
      this.#timer?.cancel();
      this.#timer = null;
    }
    return new Set(renewed.map(({ receipt }) => receipt));
  }

  #wakeLater(): void {
    if (this.#timer !== null || this.#held.size === 0) return;
    const { clock } = this.#parts;
    let first = Number.POSITIVE_INFINITY;
    for (const { renewAtMs } of this.#held.values()) first = Math.min(first, renewAtMs);
    this.#timer = clock.after(Math.ceil(first - clock.nowMs()), () => void this.#renewDue());
  }

  async #renewDue(): Promise<void> {
    this.#timer = null;
    const { clock, renew, onProblem } = this.#parts;
    const nowMs = clock.nowMs();
    const due = [...this.#held].filter(([, held]) => held.renewAtMs <= nowMs);
    for (const [, held] of due) Object.assign(held, { renewAtMs: nowMs + held.forMs / 2, renewed: true });
    this.#wakeLater();
    for (const [forMs, group] of Map.groupBy(due, ([, held]) => held.forMs)) {
      const receipts = group.map(([receipt]) => receipt);
      await renew(receipts, forMs).catch((problem: unknown) => {
        if (!(problem instanceof Fault)) onProblem(problem); // the database is away: everybody knows
      });
    }
  }
}
