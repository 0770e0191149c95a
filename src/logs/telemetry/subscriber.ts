/**
 * What waits for one subscribed extension, and when it goes out.
 *
 * Owns   the batch that is being filled, and the one that is on its way. A batch goes when it is old enough,
 *        long enough or heavy enough, one after the other; what fails is tried again, later each time.
 * Never  holds more than twice what the extension asked to be buffered: beyond that records are dropped, and
 *        one record says how many. An instance that stands still is not written to.
 */
import type { Clock, Timer } from '../../base/index.ts';
import type { Subscription } from './subscription.ts';

/** Brings a batch to the extension. @throws when it was not taken */
export type Deliver = (records: readonly string[]) => Promise<void>;

const TRIES = 5;
const FIRST_WAIT_MS = 50;

export class Subscriber {
  readonly subscription: Subscription;
  readonly #deliver: Deliver;
  readonly #clock: Clock;
  #waiting: string[] = [];
  #bytes = 0;
  #timer: Timer | null = null;
  #sending: Promise<void> | null = null;
  #paused = false;
  #dropped = { records: 0, bytes: 0 };

  constructor(subscription: Subscription, deliver: Deliver, clock: Clock) {
    this.subscription = subscription;
    this.#deliver = deliver;
    this.#clock = clock;
  }

  /** @param record JSON of one event */
  take(record: string): void {
    const { maxItems, maxBytes, timeoutMs } = this.subscription.buffering;
    const bytes = Buffer.byteLength(record);
    if (this.#waiting.length >= 2 * maxItems || this.#bytes + bytes > 2 * maxBytes) {
      this.#dropped.records += 1;
      this.#dropped.bytes += bytes;
      return;
    }
    this.#waiting.push(record);
    this.#bytes += bytes;
    if (this.#waiting.length >= maxItems || this.#bytes >= maxBytes) void this.flush();
    else this.#timer ??= this.#clock.after(timeoutMs, () => void this.flush());
  }

  /** Sends what waits. Resolves when nothing is on its way any more, or it was given up. */
  async flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    while (this.#sending !== null) await this.#sending;
    if (this.#waiting.length === 0 || this.#paused) return;
    this.#sending = this.#sendAll().finally(() => {
      this.#sending = null;
    });
    await this.#sending;
  }

  /** Its instance stands still, or goes on. */
  pause(paused: boolean): void {
    this.#paused = paused;
    if (!paused && this.#waiting.length > 0) void this.flush();
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#paused) {
      const batch = this.#waiting.splice(0, this.subscription.buffering.maxItems);
      this.#bytes = this.#waiting.reduce((sum, record) => sum + Buffer.byteLength(record), 0);
      if (this.#dropped.records > 0) batch.push(this.#drops());
      await this.#send(batch);
    }
  }

  async #send(batch: readonly string[]): Promise<void> {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      try {
        return await this.#deliver(batch);
      } catch {
        const waitMs = FIRST_WAIT_MS * 2 ** attempt;
        await new Promise<void>((resolve) => this.#clock.after(waitMs, resolve));
      }
    }
    this.#dropped.records += batch.length;
    this.#dropped.bytes += batch.reduce((sum, record) => sum + Buffer.byteLength(record), 0);
  }

  #drops(): string {
    const { records: droppedRecords, bytes: droppedBytes } = this.#dropped;
    this.#dropped = { records: 0, bytes: 0 };
    const reason = 'Consumer seems to have fallen behind as it has not acknowledged receipt of logs.';
    return JSON.stringify({
      time: new Date(this.#clock.wallMs()).toISOString(),
      type: 'platform.logsDropped',
      record: { droppedBytes, droppedRecords, reason },
    });
  }
}
