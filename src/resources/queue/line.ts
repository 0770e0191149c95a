/**
 * The line of those who wait to receive from one queue.
 *
 * Owns   who waits, for how long, and when the store is asked: once for all who wait on the same terms.
 * Never  asks for a paused queue, and never twice at once.
 *
 * Tick or poke: news (something was sent, a timeout ends) only make the same pass run sooner. What the store hands out
 * for somebody who has gone in the meantime is given back, uncounted.
 */
import { type Clock, Fault, type Timer } from '../../base/index.ts';
import { LIMITS, type QueueEntry } from '../../model/index.ts';
import type { TakenMessage } from '../../store/index.ts';
import type { QueueStore, Received } from './queue-store.ts';

export interface LineParts {
  readonly store: Pick<QueueStore, 'receive' | 'count' | 'changeVisibility' | 'changeFifoVisibility'>;
  readonly clock: Clock;
  /** The queue as it is now; undefined: it is no more. */
  readonly queue: () => QueueEntry | undefined;
  /** A queue by its name, for the dead letters. */
  readonly queueNamed: (name: string) => QueueEntry | undefined;
  readonly onProblem: (problem: unknown) => void;
}

export interface Place {
  readonly max: number;
  readonly visibilityTimeoutMs: number;
  readonly waitMs: number;
  readonly attemptId: string | null;
}

interface Waiter extends Place {
  readonly resolve: (messages: readonly TakenMessage[]) => void;
  readonly reject: (error: unknown) => void;
  /** The store was asked for it, at least once. */
  asked: boolean;
  /** Its time is over: it takes what the store is being asked for, and no more. */
  late: boolean;
  timer: Timer | null;
}

/** What one question to the store brings at most. */
const MAX_MESSAGES = 1_000;
const MAX_BYTES = 16 * 1024 * 1024;
/** A queue that says it has something and hands out nothing is asked again after this, ms. */
const SETTLE_MS = 50;
/** Messages handed out after which those that are out are counted anew: other nodes hand out, too. */
const COUNT_EVERY = 10_000;
const NOTHING: Received = { messages: [], dueInMs: null };

export class Line {
  readonly #parts: LineParts;
  readonly #waiters: Waiter[] = [];
  #asking = false;
  #again = false;
  #next: { readonly atMs: number; readonly timer: Timer } | null = null;
  /** Messages that were out when they were last counted; null: they have not been. */
  #out: number | null = null;
  #outSince = 0;

  constructor(parts: LineParts) {
    this.#parts = parts;
  }

  get waiting(): boolean {
    return this.#waiters.length > 0;
  }

  /** @returns nothing when the time is over, or the signal aborts */
  join(place: Place, signal: AbortSignal): Promise<readonly TakenMessage[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly TakenMessage[]>();
    const waiter: Waiter = { ...place, resolve, reject, asked: false, late: false, timer: null };
    if (signal.aborted) return Promise.resolve([]);
    this.#waiters.push(waiter);
    if (place.waitMs > 0) {
      waiter.timer = this.#parts.clock.after(place.waitMs, () => {
        if (this.#asking || !waiter.asked) waiter.late = true;
        else this.#leave(waiter, []);
      });
    } else waiter.late = true;
    const onAbort = () => this.#leave(waiter, []);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#poke();
    return promise.finally(() => signal.removeEventListener('abort', onAbort));
  }

  /** There may be something to receive in so many ms. */
  pokeIn(dueInMs: number): void {
    if (this.#waiters.length === 0) return;
    if (dueInMs <= 0) {
      this.#poke();
      return;
    }
    const atMs = this.#parts.clock.nowMs() + dueInMs;
    if (this.#next !== null && this.#next.atMs <= atMs) return;
    this.#next?.timer.cancel();
    const timer = this.#parts.clock.after(dueInMs, () => {
      this.#next = null;
      this.#poke();
    });
    this.#next = { atMs, timer };
  }

  /** Who waits goes with nothing. What the store hands out in this moment is given back. */
  empty(): void {
    for (const waiter of [...this.#waiters]) this.#leave(waiter, []);
  }

  /** Sends everybody away. */
  close(reason: unknown): void {
    this.#next?.timer.cancel();
    this.#next = null;
    for (const waiter of [...this.#waiters]) this.#refuse(waiter, reason);
  }

  #poke(): void {
    this.#again = true;
    if (!this.#asking) void this.#pass();
  }

  async #pass(): Promise<void> {
    this.#asking = true;
    try {
      while (this.#again && this.#waiters.length > 0) {
        this.#again = false;
        await this.#askForAll();
      }
    } finally {
      this.#asking = false;
      this.#endLate();
    }
  }

  /** Asks until there is nothing more, or nobody waits. */
  async #askForAll(): Promise<void> {
    const queue = this.#parts.queue();
    if (queue === undefined) return this.close(noQueue());
    if (queue.paused) return this.#noteAsked();
    for (;;) {
      const batch = this.#nextBatch(queue);
      if (batch.length === 0) return;
      const received = await this.#ask(queue, batch).catch((error) => this.close(error));
      if (received === undefined || received.messages.length > 0) continue;
      this.#noteAsked();
      // Who repeats a receive may get what is out: it is asked for even where there is nothing more for others.
      if (this.#waiters.some(({ asked }) => !asked)) continue;
      this.#endLate();
      // What is further away is found by the tick, too.
      if (received.dueInMs !== null) this.pokeIn(Math.max(received.dueInMs, SETTLE_MS));
      return;
    }
  }

  #noteAsked(): void {
    const paused = this.#parts.queue()?.paused === true;
    for (const waiter of this.#waiters) if (paused || waiter.attemptId === null) waiter.asked = true;
  }

  /** The first in line, and those behind it who are served by the same question. */
  #nextBatch({ settings }: QueueEntry): Waiter[] {
    const first = this.#waiters.find(({ asked }) => !asked) ?? this.#waiters[0];
    if (first === undefined) return [];
    if (settings.fifo !== null) return [first];
    const batch: Waiter[] = [];
    let max = 0;
    for (const waiter of this.#waiters) {
      if (waiter.visibilityTimeoutMs !== first.visibilityTimeoutMs) continue;
      if (batch.length > 0 && max + waiter.max > MAX_MESSAGES) break;
      batch.push(waiter);
      max += waiter.max;
    }
    return batch;
  }

  async #ask(queue: QueueEntry, batch: readonly Waiter[]): Promise<Received> {
    const wanted = batch.reduce((sum, { max }) => sum + max, 0);
    const max = Math.min(wanted, await this.#room(queue, wanted));
    const [first] = batch as [Waiter];
    const received = max === 0 ? NOTHING : await this.#receive(queue, first, max);
    const { messages } = received;
    this.#outSince += messages.length;
    let given = 0;
    for (const waiter of batch) {
      waiter.asked = true;
      if (given >= messages.length || !this.#waiters.includes(waiter)) continue;
      this.#leave(waiter, messages.slice(given, given + waiter.max));
      given += waiter.max;
    }
    if (given < messages.length) await this.#giveBack(queue, messages.slice(given));
    return received;
  }

  #receive(queue: QueueEntry, { visibilityTimeoutMs, attemptId }: Waiter, max: number) {
    const { retentionMs, redrive, fifo } = queue.settings;
    const deadLetterId = redrive === null ? undefined : this.#parts.queueNamed(redrive.deadLetter)?.id;
    const { maxReceiveCount } = redrive ?? { maxReceiveCount: 0 };
    return this.#parts.store.receive({
      ...{ queueId: queue.id, queueName: queue.name, retentionMs, visibilityTimeoutMs, attemptId, max },
      ...{ maxBytes: MAX_BYTES, fifo: fifo !== null },
      redrive: deadLetterId === undefined ? null : { deadLetterId, maxReceiveCount },
    });
  }

  /** How many more may be out. @throws {Fault} `queue-over-limit` for a standard queue that has none */
  async #room({ id, name, settings }: QueueEntry, wanted: number): Promise<number> {
    const left = () => LIMITS.queueInFlight - (this.#out ?? 0) - this.#outSince;
    if (this.#out === null || this.#outSince >= COUNT_EVERY || left() < wanted) {
      this.#out = (await this.#parts.store.count(id)).inFlight;
      this.#outSince = 0;
    }
    if (left() <= 0 && settings.fifo === null)
      throw new Fault(
        'queue-over-limit',
        `${name} has ${this.#out} messages that were received and not deleted; at most ${LIMITS.queueInFlight} may be.`,
        { facts: { queue: name, inFlight: this.#out, max: LIMITS.queueInFlight } },
      );
    return Math.max(0, left());
  }

  async #giveBack({ settings }: QueueEntry, messages: readonly TakenMessage[]): Promise<void> {
    const { store, queue, onProblem } = this.#parts;
    const queueId = queue()?.id;
    if (queueId === undefined) return;
    const changes = messages.map(({ number, receipt }) => ({
      ...{ queueId, number, receipt, visibilityTimeoutMs: 0, uncounted: true },
    }));
    const change = settings.fifo === null ? store.changeVisibility : store.changeFifoVisibility;
    await change(changes).catch(onProblem); // they come back by themselves when their timeout is over
    this.#again = true;
  }

  #endLate(): void {
    for (const waiter of [...this.#waiters]) if (waiter.late && waiter.asked) this.#leave(waiter, []);
  }

  #leave(waiter: Waiter, messages: readonly TakenMessage[]): void {
    this.#remove(waiter);
    waiter.resolve(messages);
  }

  #refuse(waiter: Waiter, error: unknown): void {
    this.#remove(waiter);
    waiter.reject(error);
  }

  #remove(waiter: Waiter): void {
    waiter.timer?.cancel();
    const at = this.#waiters.indexOf(waiter);
    if (at !== -1) this.#waiters.splice(at, 1);
  }
}

function noQueue(): Fault {
  return new Fault('queue-not-found', 'The queue was deleted.');
}
