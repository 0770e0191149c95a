/**
 * Group commit: what comes while a batch is being written is the next batch. Nobody waits for company: the first
 * one goes at once, and the busier it is, the more share a transaction.
 *
 * Never reorders. A batch that fails for want of the database fails for all that are in it; one that fails for
 * what is in it is written one by one, so that what cannot be written fails alone.
 */
import type { Clock, Timer } from './clock.ts';
import { Fault } from './fault.ts';

export interface GroupOptions<Item, Done> {
  readonly write: (items: readonly Item[]) => Promise<Done>;
  readonly bytesOf: (item: Item) => number;
  readonly clock: Clock;
  /** Batches under way at once. */
  readonly writers: number;
  /** Of one batch. */
  readonly maxItems: number;
  readonly maxBytes: number;
  /** Of all that wait; the next is refused. */
  readonly maxWaitingBytes: number;
  /** How long one waits for its batch to be written, ms; infinite: as long as it takes. */
  readonly timeoutMs: number;
}

interface Waiting<Item, Done> {
  readonly item: Item;
  readonly bytes: number;
  readonly lateAtMs: number;
  readonly resolve: (done: Done) => void;
  readonly reject: (error: unknown) => void;
}

/** How often those that wait for too long are looked for, ms. */
const LOOK_EVERY_MS = 250;

export class Group<Item, Done> {
  readonly #options: GroupOptions<Item, Done>;
  readonly #waiting: Waiting<Item, Done>[] = [];
  readonly #writing = new Set<readonly Waiting<Item, Done>[]>();
  #waitingBytes = 0;
  #look: Timer | null = null;

  constructor(options: GroupOptions<Item, Done>) {
    this.#options = options;
  }

  /**
   * Resolves when the batch that it is in has been written.
   *
   * @throws {Fault} `database-unavailable` when that takes too long, or too much waits already; what `write` throws
   */
  add(item: Item): Promise<Done> {
    const bytes = this.#options.bytesOf(item);
    if (this.#waitingBytes + bytes > this.#options.maxWaitingBytes) return Promise.reject(notKeepingUp());
    const { promise, resolve, reject } = Promise.withResolvers<Done>();
    const lateAtMs = this.#options.clock.nowMs() + this.#options.timeoutMs;
    this.#waiting.push({ item, bytes, lateAtMs, resolve, reject });
    this.#waitingBytes += bytes;
    // Not at once: what else this turn of the loop brings comes along.
    if (this.#waiting.length === 1) setImmediate(() => this.#writeNext());
    this.#lookSoon();
    return promise;
  }

  #writeNext(): void {
    while (this.#waiting.length > 0 && this.#writing.size < this.#options.writers)
      void this.#write(this.#take());
  }

  #take(): Waiting<Item, Done>[] {
    let bytes = 0;
    let count = 0;
    for (const one of this.#waiting) {
      if (count > 0 && (count >= this.#options.maxItems || bytes + one.bytes > this.#options.maxBytes)) break;
      bytes += one.bytes;
      count += 1;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  async #write(batch: Waiting<Item, Done>[]): Promise<void> {
    this.#writing.add(batch);
    try {
      const done = await this.#options.write(batch.map(({ item }) => item));
      for (const { resolve } of batch) resolve(done);
    } catch (error) {
      if (error instanceof Fault || batch.length === 1) for (const { reject } of batch) reject(error);
      else
        for (const { item, resolve, reject } of batch)
          await this.#options.write([item]).then(resolve, reject);
    } finally {
      this.#writing.delete(batch);
      this.#writeNext();
    }
  }

  #lookSoon(): void {
    if (this.#look !== null || this.#options.timeoutMs === Number.POSITIVE_INFINITY) return;
    this.#look = this.#options.clock.after(LOOK_EVERY_MS, () => {
      this.#look = null;
      this.#refuseLate();
      if (this.#waiting.length + this.#writing.size > 0) this.#lookSoon();
    });
  }

  #refuseLate(): void {
    const nowMs = this.#options.clock.nowMs();
    const late = this.#waiting.findLastIndex(({ lateAtMs }) => lateAtMs <= nowMs);
    for (const one of this.#waiting.splice(0, late + 1)) {
      this.#waitingBytes -= one.bytes;
      one.reject(tooLate(this.#options.timeoutMs));
    }
    for (const batch of this.#writing)
      for (const { lateAtMs, reject } of batch)
        if (lateAtMs <= nowMs) reject(tooLate(this.#options.timeoutMs));
  }
}

function tooLate(timeoutMs: number): Fault {
  const message = `The database has not answered for ${timeoutMs / 1_000} s, so nothing was stored, as far as is known. Send it again when the database is back.`;
  return new Fault('database-unavailable', message, { facts: { waitedMs: timeoutMs } });
}

function notKeepingUp(): Fault {
  const message =
    'More is waiting to be written than this node can hold: the database does not keep up. Try again shortly.';
  return new Fault('database-unavailable', message);
}
