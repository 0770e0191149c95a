/**
 * One lane on this node: how many of its events may run here at once.
 *
 * The window finds out by itself: it doubles while everything that runs is let in, halves when the platform
 * refuses (a throttle, no capacity), and creeps up from there. After a refusal the lane rests, longer each time
 * in a row, so that a function whose concurrency is in use is tried by one event now and then and not by all.
 */
import type { Random } from '../base/index.ts';

const FIRST_WINDOW = 8;
const FIRST_REST_MS = 50;
const LONGEST_REST_MS = 30_000;

export class Lane {
  readonly name: string;
  running = 0;
  /** When an event of it is due, monotonic ms; infinite: none that is known of. */
  dueAtMs = Number.POSITIVE_INFINITY;
  #window = FIRST_WINDOW;
  #careful = Number.POSITIVE_INFINITY;
  #refusals = 0;
  #restsUntilMs = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** When it can be claimed from: when an event is due, and it does not rest. */
  get readyAtMs(): number {
    return Math.max(this.dueAtMs, this.#restsUntilMs);
  }

  /** Whether there is nothing to remember of it. */
  get idle(): boolean {
    return this.running === 0 && this.dueAtMs === Number.POSITIVE_INFINITY && this.#refusals === 0;
  }

  dueAt(ms: number): void {
    this.dueAtMs = Math.min(this.dueAtMs, ms);
  }

  /**
   * Events that may be claimed now.
   *
   * @param limit at once, by the function's reserved concurrency
   * @param free places on this node: nobody takes more than it leaves, so that there is always one for a lane that comes late
   */
  room({ limit, free }: { readonly limit: number; readonly free: number }): number {
    const left = Math.min(Math.floor(this.#window), limit) - this.running;
    return Math.max(0, Math.min(left, Math.ceil((free - this.running) / 2)));
  }

  /** It was let in. */
  admitted(): void {
    this.#refusals = 0;
    if (this.running + 1 < this.#window / 2) return; // it is not what holds us back
    this.#window += this.#window < this.#careful ? 1 : 1 / this.#window;
  }

  /** Many at once are one refusal. @returns how long the event is to wait, ms */
  refused(nowMs: number, random: Random): number {
    const jitter = 0.5 + random() / 2;
    if (nowMs < this.#restsUntilMs) return this.#restsUntilMs - nowMs + FIRST_REST_MS * jitter;
    this.#careful = Math.max(1, Math.min(this.#window, this.running) / 2);
    this.#window = this.#careful;
    const restMs = Math.min(FIRST_REST_MS * 2 ** this.#refusals, LONGEST_REST_MS) * jitter;
    this.#refusals = Math.min(this.#refusals + 1, 16);
    this.#restsUntilMs = nowMs + restMs;
    return restMs;
  }
}
