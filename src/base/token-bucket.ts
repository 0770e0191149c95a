/**
 * A rate with a burst: `burst` tokens at most, refilled at `perSecond`. Pure arithmetic over the
 * time it is given.
 */
export class TokenBucket {
  readonly #burst: number;
  readonly #perMs: number;
  #tokens: number;
  #atMs: number;

  constructor({ burst, perSecond, nowMs }: { burst: number; perSecond: number; nowMs: number }) {
    this.#burst = burst;
    this.#perMs = perSecond / 1_000;
    this.#tokens = burst;
    this.#atMs = nowMs;
  }

  /** Takes all of `count` or nothing. @returns whether it was there */
  take(count: number, nowMs: number): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + Math.max(0, nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }
}
