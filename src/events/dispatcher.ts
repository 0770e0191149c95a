/**
 * The dispatcher: claims events that can run now, and sees each through until it is settled.
 *
 * Owns   which lanes have something due, what this node has claimed, and the leases' renewal.
 * Asks   lane.ts how many of a lane may run, delivery.ts to run one and to say what becomes of it.
 * Never  claims what has no place to run: what waits, waits in the database, where it costs nothing and other
 *        nodes can have it.
 *
 * A tick (every second) and a poke (something was stored here or elsewhere, a place became free) run the same
 * pass; a lost poke costs time, never an event.
 */
import { type Clock, periodically, type Timer } from '../base/index.ts';
import { isOrdered } from '../model/index.ts';
import type { ClaimedEvent, Settlement } from '../store/index.ts';
import type { EventStore } from './event-store.ts';
import { Fence } from './fence.ts';
import { Lane } from './lane.ts';

export interface Signals {
  /** Gives up waiting for an instance. */
  readonly signal: AbortSignal;
  /** Ends what runs; null: nothing does. */
  readonly cut: AbortSignal | null;
}

export interface DispatcherParts {
  readonly store: EventStore;
  readonly clock: Clock;
  /** Runs an event, and decides. Never rejects. */
  readonly deliver: (event: ClaimedEvent, lane: Lane, signals: Signals) => Promise<Settlement>;
  /** Most events of a lane at once, by its function's reserved concurrency. */
  readonly limitOf: (lane: string) => number;
  /** Most events at once. */
  readonly atOnce: number;
  readonly onProblem: (problem: unknown) => void;
}

const TICK_MS = 1_000;
const LEASE_MS = 30_000;
const RENEW_EVERY_MS = LEASE_MS / 3;
/** Payloads of what has been claimed. */
const MAX_BYTES = 64 * 1024 * 1024;
/** What runs when the node stops may take this long. */
const STOP_GRACE_MS = 5_000;

export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #lanes = new Map<string, Lane>();
  /** Claimed and not settled, by id. */
  readonly #held = new Map<string, ClaimedEvent>();
  readonly #fence = new Fence();
  readonly #stopping = new AbortController();
  #running = 0;
  #bytes = 0;
  #started = false;
  #passing = false;
  #again = false;
  #look = true;
  #wake: Timer | null = null;
  #ends: (() => void)[] = [];
  #drained: (() => void) | null = null;
  #passed = Promise.resolve();

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#started = true;
    const { clock, onProblem, store } = this.#parts;
    const task = async () => {
      this.#fence.cutLate(clock.nowMs());
      this.lookAround();
    };
    this.#ends = [
      periodically(clock, { everyMs: TICK_MS, task, onProblem }),
      periodically(clock, { everyMs: RENEW_EVERY_MS, task: () => this.#renew(), onProblem }),
    ];
    store.onNews(() => this.lookAround());
    this.lookAround();
  }

  /** Something may be due in any lane. */
  lookAround(): void {
    this.#look = true;
    this.#pass();
  }

  /** Something is due in this lane. */
  poke(lane: string): void {
    this.#lane(lane).dueAt(this.#parts.clock.nowMs());
    this.#pass();
  }

  /** Takes nothing more, gives what runs a little time, and gives the rest back. Idempotent. */
  async stop(): Promise<void> {
    for (const end of this.#ends) end();
    this.#wake?.cancel();
    this.#stopping.abort(new Error('this node is shutting down'));
    await this.#passed;
    if (this.#held.size === 0) return;
    const drained = Promise.withResolvers<void>();
    this.#drained = drained.resolve;
    const patience = this.#parts.clock.after(STOP_GRACE_MS, drained.resolve);
    await drained.promise;
    patience.cancel();
    this.#fence.cutAll();
  }

  #lane(name: string): Lane {
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = new Lane(name);
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  #pass(): void {
    this.#again = true;
    if (this.#passing || !this.#started) return;
    this.#passing = true;
    this.#passed = this.#passes().finally(() => {
      this.#passing = false;
      this.#wakeLater();
    });
  }

  async #passes(): Promise<void> {
    while (this.#again && !this.#stopping.signal.aborted) {
      this.#again = false;
      try {
        await this.runOnce();
      } catch (problem) {
        this.#parts.onProblem(problem);
        return; // the next tick tries again
      }
    }
  }

  /** One pass: looks what is due, if it must, and claims what there is room for. */
  async runOnce(): Promise<void> {
    const { store, clock } = this.#parts;
    if (this.#look) {
      this.#look = false;
      const due = await store.dueLanes();
      const nowMs = clock.nowMs();
      for (const { lane, dueInMs } of due) this.#lane(lane).dueAt(nowMs + dueInMs);
    }
    const wanted = this.#wanted();
    if (wanted.length === 0) return;
    const maxBytes = MAX_BYTES - this.#bytes;
    for (const { lane } of wanted) this.#lane(lane).dueAtMs = Number.POSITIVE_INFINITY; // until the claim says more
    const claimedAtMs = clock.nowMs();
    const claimed = await this.#claim(wanted, maxBytes);
    if (this.#stopping.signal.aborted) return; // they are given back with all that is held
    const bytes = claimed.reduce((sum, event) => sum + event.bytes, 0);
    const taken = Map.groupBy(claimed, (event) => event.lane);
    for (const { lane, room } of wanted) {
      const more = bytes >= maxBytes || (taken.get(lane)?.length ?? 0) === room;
      if (more) this.#lane(lane).dueAt(clock.nowMs());
    }
    for (const event of claimed) void this.#see(event, claimedAtMs + LEASE_MS);
    if (claimed.length > 0) this.#again = true;
  }

  async #claim(wanted: readonly { lane: string; room: number }[], maxBytes: number) {
    try {
      return await this.#parts.store.claim({ wanted, maxBytes, leaseMs: LEASE_MS });
    } catch (error) {
      this.#look = true; // what was claimed, if anything was, is due again when its lease ends
      throw error;
    }
  }

  #wanted(): { lane: string; room: number }[] {
    const nowMs = this.#parts.clock.nowMs();
    let free = this.#free();
    const wanted: { lane: string; room: number }[] = [];
    for (const lane of this.#ready(nowMs)) {
      const room = lane.room({ limit: this.#parts.limitOf(lane.name), free });
      if (room === 0) continue;
      free -= room;
      wanted.push({ lane: lane.name, room });
    }
    return wanted;
  }

  /** Places on this node. What is being settled takes memory, though it runs no more. */
  #free(): number {
    const { atOnce } = this.#parts;
    if (this.#bytes >= MAX_BYTES) return 0;
    return Math.max(0, Math.min(atOnce - this.#running, 4 * atOnce - this.#held.size));
  }

  /** Those that run least come first. */
  #ready(nowMs: number): Lane[] {
    const ready: Lane[] = [];
    for (const lane of this.#lanes.values()) {
      if (lane.readyAtMs <= nowMs) ready.push(lane);
      else if (lane.idle) this.#lanes.delete(lane.name);
    }
    return ready.sort((a, b) => a.running - b.running);
  }

  async #see(event: ClaimedEvent, untilMs: number): Promise<void> {
    const lane = this.#lane(event.lane);
    this.#held.set(event.id, event);
    this.#bytes += event.bytes;
    lane.running += 1;
    this.#running += 1;
    const cut = isOrdered(event.lane) ? this.#fence.hold(event.id, untilMs) : null;
    const settlement = await this.#parts.deliver(event, lane, { signal: this.#stopping.signal, cut });
    this.#fence.release(event.id);
    lane.running -= 1;
    this.#running -= 1;
    this.#pass(); // a place is free; what was answered may be written meanwhile
    await this.#settle(event, settlement);
  }

  async #settle(event: ClaimedEvent, settlement: Settlement): Promise<void> {
    const { store, clock, onProblem } = this.#parts;
    try {
      const done = await store.settle([settlement]);
      if (done.includes(event.id)) {
        if (settlement.againInMs !== null) this.#lane(event.lane).dueAt(clock.nowMs() + settlement.againInMs);
        // The next one of it could not be claimed while this one was there.
        else if (isOrdered(event.lane)) this.#lane(event.lane).dueAt(clock.nowMs());
        for (const { lane } of settlement.sends) this.#lane(lane).dueAt(clock.nowMs());
      }
    } catch (problem) {
      onProblem(problem);
    }
    // It may be held anew: where a lease could not be renewed in time, what runs here is claimed once more.
    if (this.#held.get(event.id) === event) this.#held.delete(event.id);
    this.#bytes -= event.bytes;
    if (this.#held.size === 0) this.#drained?.();
    this.#pass();
  }

  /**
   * A lease that could not be renewed is no reason to stop what runs: whoever settles must hold it. Where order is
   * kept it is one.
   */
  async #renew(): Promise<void> {
    const { clock, store } = this.#parts;
    const held = [...this.#held.values()].map(({ id, lease }) => ({ id, lease }));
    if (held.length === 0) return;
    const untilMs = clock.nowMs() + LEASE_MS;
    this.#fence.renewed(await store.renew({ held, leaseMs: LEASE_MS }), untilMs);
  }

  /** When the next lane is ready, unless something else comes first. */
  #wakeLater(): void {
    this.#wake?.cancel();
    if (this.#stopping.signal.aborted) return;
    const { clock, limitOf } = this.#parts;
    const free = this.#free();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const lane of this.#lanes.values()) {
      // One without room is looked at again when something ends.
      if (lane.room({ limit: limitOf(lane.name), free }) > 0) nextMs = Math.min(nextMs, lane.readyAtMs);
    }
    const inMs = nextMs - clock.nowMs();
    if (inMs < TICK_MS) this.#wake = clock.after(Math.max(1, inMs), () => this.#pass());
  }
}
