/**
 * The poller: one trigger's share of the work on this node.
 *
 * Owns   what it has received and not settled, how many batches run, and when it asks for more.
 * Asks   the queue for messages, collector.ts for batches, delivery.ts to run one, settling.ts for what follows.
 * Never  takes what it has no place to run: what waits, waits in the queue, where other nodes can have it.
 *
 *   resting    follow(null): takes nothing; what waits for its window or for an instance goes back uncounted, what
 *              runs is seen through
 *   polling    follow(plan): one receive at a time, for as many messages as there is room for. Without any it waits
 *              in the queue for 5 min, woken by a message, so an idle trigger costs next to nothing
 *
 * Begins with 5 batches at once, and finds out how many more its function takes (AdaptiveWindow).
 */
import { AdaptiveWindow, Fault, type Random } from '../../base/index.ts';
import { hopsOf } from '../../events/index.ts';
import { LIMITS } from '../../model/index.ts';
import type { Queues, ReceivedMessage } from '../../resources/index.ts';
import { Collector } from '../batch/collector.ts';
import { type AsideParts, putAside } from './aside.ts';
import type { Delivered, Taken } from './delivery.ts';
import { deliverOnce, type OnceParts } from './once.ts';
import type { TriggerPlan } from './plan.ts';
import { recordOf } from './record.ts';
import { Settling } from './settling.ts';

export interface PollerParts extends OnceParts, AsideParts {
  readonly queues: Pick<Queues, 'receive' | 'delete' | 'changeVisibility' | 'send'>;
  readonly random: Random;
}

const FIRST_AT_ONCE = 5;
const LONG_POLL_MS = 300_000;
/** What is not there now may be there after a deploy. */
const BROKEN_WAIT_MS = 30_000;
/** What runs with the same idempotency key is looked after this often. */
const DUPLICATE_WAIT_MS = 1_000;
/** Between receives that fail. */
const AGAIN_MS = 1_000;
/** Messages of one receive, and their bytes, as far as can be told from those before. */
const MAX_RECEIVE = 1_000;
const MAX_RECEIVE_BYTES = 16 * 1024 * 1024;
const LIKELY_BYTES = 32 * 1024;

const RESTS = new Error('the trigger rests');
const CUT = new Error('the trigger may not go on here');

export class Poller {
  readonly #parts: PollerParts;
  readonly #collector = new Collector<Taken>();
  readonly #window = new AdaptiveWindow(FIRST_AT_ONCE);
  readonly #settling: Settling;
  #plan: TriggerPlan | null = null;
  #polling = false;
  /** Batches that run, and messages that are settled without. */
  #running = 0;
  /** Of a message, by what came last. */
  #messageBytes = LIKELY_BYTES;
  /** Of this stretch of polling: ends its waiting, for messages and for instances. */
  #pause = new AbortController();
  /** Ends what runs. */
  #cut = new AbortController();
  /** Tells the loop that a place is free, or the plan another. */
  #wake = () => {};
  #onIdle: (() => void)[] = [];

  /** @param queue its name, which a trigger never changes */
  constructor(parts: PollerParts, queue: string) {
    this.#parts = parts;
    this.#settling = new Settling(parts, queue);
  }

  /** Whether it does, and holds, nothing. */
  get idle(): boolean {
    return !this.#polling && this.#running === 0;
  }

  /** What to do from now on; null: nothing more. */
  follow(plan: TriggerPlan | null): void {
    this.#plan = plan;
    this.#wake();
    if (plan === null) {
      this.#pause.abort(RESTS);
      return;
    }
    if (this.#pause.signal.aborted) this.#pause = new AbortController();
    if (this.#cut.signal.aborted) this.#cut = new AbortController();
    if (!this.#polling) void this.#poll();
  }

  /** Rests, and ends what runs: its messages come again. */
  cut(): void {
    this.follow(null);
    this.#cut.abort(CUT);
  }

  /** Does not wait for the database any more to settle the rest. */
  abandon(): void {
    this.#settling.abandon();
  }

  /** Resolves when nothing is in hand any more. */
  async settled(): Promise<void> {
    while (!this.idle) await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  async #poll(): Promise<void> {
    this.#polling = true;
    for (let plan = this.#plan; plan !== null; plan = this.#plan) {
      try {
        await this.#turn(plan);
      } catch (problem) {
        // A fault: what it needs is away, or gone; whoever is asked next says so.
        if (problem !== RESTS && !(problem instanceof Fault)) this.#parts.onProblem(problem);
        if (problem !== RESTS) await this.#news(AGAIN_MS);
      }
      if (this.#plan === null) await this.#settling.putBack(this.#collector.takeAll(), 0);
    }
    this.#polling = false;
    this.#tellIdle();
  }

  /** One pass: runs what is ready, and takes more where there is room for it. */
  async #turn(plan: TriggerPlan): Promise<void> {
    const { clock, queues } = this.#parts;
    this.#runReady(plan);
    const room = this.#room(plan);
    const restMs = this.#window.restsUntilMs - clock.nowMs();
    if (room === 0) return await this.#news(restMs > 0 ? restMs : Number.POSITIVE_INFINITY);
    const holdMs = this.#settling.holdMs(plan.visibilityTimeoutMs);
    const dueInMs = this.#collector.dueAtMs(plan.bounds) - clock.nowMs();
    const waitMs = Math.ceil(Math.max(0, Math.min(LONG_POLL_MS, dueInMs)));
    const wanted = { max: this.#most(plan, room), visibilityTimeoutMs: holdMs, waitMs };
    const messages = await queues.receive(plan.queue, wanted, this.#pause.signal);
    if (messages.length === 0) return;
    const receivedAtMs = clock.nowMs();
    const taken = messages.map((message) => takenOf(message, { plan, receivedAtMs }));
    this.#messageBytes = Math.max(...taken.map(({ bytes }) => bytes));
    this.#settling.hold(taken, holdMs);
    this.#sort(this.#plan ?? plan, taken); // it may have changed while nothing came
  }

  /** Batches that there is a place for. */
  #room({ limit }: TriggerPlan): number {
    if (this.#window.restsUntilMs > this.#parts.clock.nowMs()) return 0;
    return Math.max(0, Math.min(limit, this.#window.size) - this.#running);
  }

  #most({ bounds, fifo }: TriggerPlan, room: number): number {
    // Of a FIFO queue one batch: a second one could have messages of the same groups.
    const places = fifo ? bounds.maxItems : room * bounds.maxItems - this.#collector.size;
    const likely = Math.ceil(MAX_RECEIVE_BYTES / this.#messageBytes);
    return Math.max(1, Math.min(places, likely, MAX_RECEIVE));
  }

  /** What the function is not to get goes, what leads in a circle is put aside, the rest is collected. */
  #sort(plan: TriggerPlan, taken: readonly Taken[]): void {
    const {
      circle = [],
      unwanted,
      wanted = [],
    } = Object.groupBy(taken, ({ record, message }) => {
      if (plan.endsChains && hopsOf(message.traceHeader) >= LIMITS.eventHops) return 'circle';
      return plan.wants(record) ? 'wanted' : 'unwanted';
    });
    this.#collector.add(wanted, this.#parts.clock.nowMs());
    if (unwanted !== undefined) void this.#count(this.#settling.remove(unwanted));
    for (const one of circle) {
      const keep = () => putAside(this.#parts, plan, one.message);
      void this.#count(this.#settling.putAside(one, keep));
    }
  }

  #runReady(plan: TriggerPlan): void {
    for (let room = this.#room(plan); room > 0; room--) {
      const batch = this.#collector.take(plan.bounds, this.#parts.clock.nowMs());
      if (batch === null) return;
      void this.#count(this.#run(plan, batch));
      // What of one receive did not fit into one batch may be of the same groups: it waits for its turn in the queue.
      if (plan.fifo && this.#collector.size > 0)
        void this.#count(this.#settling.putBack(this.#collector.takeAll(), 0));
    }
  }

  /** Until it is done it takes a place. */
  async #count(work: Promise<void>): Promise<void> {
    this.#running += 1;
    try {
      await work;
    } catch (problem) {
      this.#parts.onProblem(problem);
    } finally {
      this.#running -= 1;
      this.#wake();
      this.#tellIdle();
    }
  }

  async #run(plan: TriggerPlan, batch: readonly Taken[]): Promise<void> {
    const signals = { signal: this.#pause.signal, cut: this.#cut.signal };
    const delivered = await deliverOnce(this.#parts, { plan, batch, signals });
    const waitMs = this.#learn(delivered);
    if (delivered.kind !== 'ran') return await this.#settling.putBack(batch, waitMs);
    const { failed, later = new Set<Taken>() } = delivered;
    const done = batch.filter((taken) => !failed.has(taken) && !later.has(taken));
    const { visibilityTimeoutMs } = plan;
    await Promise.all([
      this.#settling.remove(done),
      this.#settling.retry([...failed], visibilityTimeoutMs),
      this.#settling.putBack([...later], DUPLICATE_WAIT_MS),
    ]);
  }

  /** @returns how long its messages wait, where they have not been run */
  #learn({ kind }: Delivered): number {
    const { clock, random } = this.#parts;
    const running = this.#running;
    if (kind === 'ran') this.#window.admitted(running - 1);
    if (kind === 'ran' || kind === 'cut') return 0;
    const restMs = this.#window.refused(clock.nowMs(), { running, random });
    return kind === 'broken' ? BROKEN_WAIT_MS * (0.5 + random()) : restMs;
  }

  /** Waits until something has changed, or so long. */
  #news(forMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = Number.isFinite(forMs)
        ? this.#parts.clock.after(Math.ceil(forMs), () => this.#wake())
        : null;
      this.#wake = () => {
        timer?.cancel();
        this.#wake = () => {};
        resolve();
      };
    });
  }

  #tellIdle(): void {
    if (!this.idle) return;
    for (const told of this.#onIdle.splice(0)) told();
  }
}

function takenOf(
  message: ReceivedMessage,
  { plan, receivedAtMs }: { plan: TriggerPlan; receivedAtMs: number },
): Taken {
  const record = recordOf(message, plan.queueArn);
  const text = JSON.stringify(record);
  const { receipt } = message;
  return { message, receipt, record, text, bytes: Buffer.byteLength(text) + 1, receivedAtMs };
}
