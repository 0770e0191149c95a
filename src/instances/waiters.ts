/** Who waits for an instance, longest first, and each until when. The pool bounds how many. */
import type { Clock, Timer } from '../base/index.ts';

interface Waiter<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
  /** Gives up `delayMs` from now, if that is sooner than before. */
  hurry(delayMs: number, why: () => unknown): void;
}

export class Waiters<T> {
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiter<T>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** The one that has waited longest. */
  first(): Waiter<T> | undefined {
    return this.#waiting.values().next().value;
  }

  /** @param tooLate what the waiter is told after `timeoutMs` */
  wait(signal: AbortSignal | null, timeoutMs: number, tooLate: () => unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter<T> = {
        resolve: (value) => {
          leave();
          resolve(value);
        },
        reject: (error) => {
          leave();
          reject(error);
        },
        hurry: (delayMs, why) => {
          const atMs = this.#clock.nowMs() + delayMs;
          if (atMs >= untilMs) return;
          untilMs = atMs;
          timer.cancel();
          timer = this.#clock.after(delayMs, () => waiter.reject(why()));
        },
      };
      const leave = () => {
        this.#waiting.delete(waiter);
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
      };
      const onAbort = () => waiter.reject(signal?.reason);
      let untilMs = this.#clock.nowMs() + timeoutMs;
      let timer: Timer = this.#clock.after(timeoutMs, () => waiter.reject(tooLate()));
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(waiter);
    });
  }

  rejectAll(error: unknown): void {
    for (const waiter of [...this.#waiting]) waiter.reject(error);
  }

  hurryAll(delayMs: number, why: () => unknown): void {
    for (const waiter of [...this.#waiting]) waiter.hurry(delayMs, why);
  }
}
