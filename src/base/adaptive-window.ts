/**
 * How much of something may be under way at once, where nobody says how much is right.
 *
 * It finds out by itself: it grows while everything is let in, halves at a refusal, and creeps up from there. After a
 * refusal nothing is tried for a while, longer each time in a row, so that a limit that is used up is tried by one
 * now and then and not by all.
 */
import type { Random } from './random.ts';

const FIRST_REST_MS = 50;
const LONGEST_REST_MS = 30_000;

export class AdaptiveWindow {
  #size: number;
  #careful = Number.POSITIVE_INFINITY;
  #refusals = 0;
  #restsUntilMs = 0;

  /** @param first what may be under way before anything is known */
  constructor(first: number) {
    this.#size = first;
  }

  /** What may be under way at once: a whole number from 1. */
  get size(): number {
    return Math.floor(this.#size);
  }

  /** Until then nothing is to be tried, monotonic ms. */
  get restsUntilMs(): number {
    return this.#restsUntilMs;
  }

  /** Whether the last was let in. */
  get calm(): boolean {
    return this.#refusals === 0;
  }

  /** One was let in. @param running how many others are under way */
  admitted(running: number): void {
    this.#refusals = 0;
    if (running + 1 < this.#size / 2) return; // it is not what holds us back
    this.#size += this.#size < this.#careful ? 1 : 1 / this.#size;
  }

  /**
   * One was refused. Many at once are one refusal.
   *
   * @param running how many are under way, this one included
   * @returns how long it is to wait, ms
   */
  refused(nowMs: number, { running, random }: { readonly running: number; readonly random: Random }): number {
    const jitter = 0.5 + random() / 2;
    if (nowMs < this.#restsUntilMs) return this.#restsUntilMs - nowMs + FIRST_REST_MS * jitter;
    this.#careful = Math.max(1, Math.min(this.#size, running) / 2);
    this.#size = this.#careful;
    const restMs = Math.min(FIRST_REST_MS * 2 ** this.#refusals, LONGEST_REST_MS) * jitter;
    this.#refusals = Math.min(this.#refusals + 1, 16);
    this.#restsUntilMs = nowMs + restMs;
    return restMs;
  }
}
