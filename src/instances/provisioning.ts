/**
 * Provisioned concurrency of one pool, as arithmetic: how many instances are to stand ready, when the
 * next may be tried, and for how long they have stood. The pool starts and ends them.
 *
 * One that crashes is replaced at once; if its successor lives no longer than `STEADY_MS`, or cannot
 * even initialise, the next waits a second, then two, up to a minute, so that broken code does not
 * keep the machine busy. Requests are meanwhile served on demand.
 */

/** One that has stood this long before it crashed is no sign of a broken function, in ms. */
const STEADY_MS = 10_000;
const FIRST_REST_MS = 1_000;
const LONGEST_REST_MS = 60_000;

export class Provisioning {
  #target = 0;
  #ready = 0;
  /** Bad ends in a row. */
  #badEnds = 0;
  #restUntilMs = Number.NEGATIVE_INFINITY;
  #instanceMs = 0;
  #countedMs: number;
  #waiting: ((problem: unknown) => void)[] = [];
  /** Of the last start that came to nothing; null once all stand ready, or more are asked for. */
  #problem: unknown = null;

  constructor(nowMs: number) {
    this.#countedMs = nowMs;
  }

  get target(): number {
    return this.#target;
  }

  /** How many stand ready, idle or busy. */
  get ready(): number {
    return this.#ready;
  }

  /** Why not all stand ready, as far as is known; else null. */
  get problem(): unknown {
    return this.#ready >= this.#target ? null : this.#problem;
  }

  /** How long the next start has to wait, in ms. */
  restMs(nowMs: number): number {
    return Math.max(0, this.#restUntilMs - nowMs);
  }

  aim(target: number): void {
    if (target > this.#target) {
      this.#rest(0, Number.NEGATIVE_INFINITY); // asked anew: tried anew
      this.#problem = null;
    }
    this.#target = target;
    this.#tellIfReady();
  }

  began(nowMs: number): void {
    this.#count(nowMs);
    this.#ready += 1;
    this.#tellIfReady();
  }

  /** One that stood ready does so no more, in order. */
  ended(nowMs: number): void {
    this.#count(nowMs);
    this.#ready -= 1;
  }

  /** @param livedMs how long it had stood ready */
  crashed(livedMs: number, nowMs: number): void {
    this.ended(nowMs);
    if (this.restMs(nowMs) > 0) return; // of the same stroke as one before
    const badEnds = livedMs >= STEADY_MS ? 1 : this.#badEnds + 1;
    this.#rest(badEnds, badEnds === 1 ? nowMs : nowMs + restAfter(badEnds));
  }

  /** A start came to nothing. @param problem what whoever waits is told */
  failed(problem: unknown, nowMs: number): void {
    this.#problem = problem;
    if (this.restMs(nowMs) === 0) {
      const badEnds = Math.max(2, this.#badEnds + 1);
      this.#rest(badEnds, nowMs + restAfter(badEnds));
    }
    this.#tell(problem);
  }

  /** @returns null as soon as all stand ready; else the first problem there is from now on */
  settled(): Promise<unknown> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#tellIfReady();
    });
  }

  /** @returns instances × ms that stood ready since the last time this was asked */
  takeInstanceMs(nowMs: number): number {
    this.#count(nowMs);
    const instanceMs = this.#instanceMs;
    this.#instanceMs = 0;
    return instanceMs;
  }

  #count(nowMs: number): void {
    this.#instanceMs += this.#ready * (nowMs - this.#countedMs);
    this.#countedMs = nowMs;
  }

  #rest(badEnds: number, untilMs: number): void {
    this.#badEnds = badEnds;
    this.#restUntilMs = untilMs;
  }

  #tellIfReady(): void {
    if (this.#ready < this.#target) return;
    this.#problem = null;
    this.#tell(null);
  }

  #tell(problem: unknown): void {
    for (const resolve of this.#waiting.splice(0)) resolve(problem);
  }
}

function restAfter(badEnds: number): number {
  return Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** (badEnds - 2));
}
