/**
 * The scheduler: fires each slot of each schedule once, whichever node is there to do it.
 *
 * Owns   a timer that sleeps until the next slot.
 * Asks   the database what is due by its clock, decide.ts what becomes of it.
 * Never  remembers a schedule, and calls nothing: what fires is an event, kept in the transaction that moves the schedule on.
 *
 * A poke (a schedule was changed here), the timer, and a look every ten seconds (for what other nodes have made, and for
 * what they would have fired) run the same pass: a lost poke costs time, never a slot.
 */
import { type Clock, type Service, sleep, type Timer } from '../../base/index.ts';
import type { DueSchedule, Fired, Firing, Schedule, ScheduleMove } from '../../store/index.ts';
import { moveOn } from './decide.ts';
import { type FiredParts, firedBy } from './fired.ts';

export interface SchedulerParts extends FiredParts {
  readonly store: {
    fire(firing: {
      readonly limit: number;
      readonly decide: (due: readonly DueSchedule[], nowMs: number) => readonly ScheduleMove[];
    }): Promise<Firing>;
    /** How long until the next schedule fires, ms; null: there is none. */
    nextInMs(): Promise<number | null>;
    /** Keeps what no slot has asked for. */
    keep(fired: Fired): Promise<unknown>;
  };
  readonly clock: Clock;
  readonly newId: () => string;
  /** Events were kept that are to be run now. */
  readonly onFired: () => void;
}

export interface Scheduler extends Service {
  /** A schedule was made or changed. */
  poke(): void;
  /** Fires it, whatever its times. @returns the id of the event */
  fireNow(schedule: Schedule): Promise<string>;
}

/** Schedules in one transaction. */
const BATCH = 100;
const LOOK_EVERY_MS = 10_000;
/** After a pass that failed. */
const RETRY_MS = 1_000;
/** How long a node that stops waits for a database that does not answer. */
const STOP_MS = 5_000;

export function createScheduler(parts: SchedulerParts): Scheduler {
  const { clock, onProblem } = parts;
  let timer: Timer | null = null;
  let stopped = true;
  let running = Promise.resolve();
  let passing = false;
  let again = false;
  let failing = false;

  const pass = async () => {
    timer?.cancel();
    let inMs = RETRY_MS;
    try {
      do {
        again = false;
        inMs = await runOnce(parts);
      } while (again && !stopped);
      failing = false;
    } catch (problem) {
      if (!failing) onProblem(problem); // once, not each second for as long as the database is away
      failing = true;
    }
    passing = false;
    if (!stopped) timer = clock.after(inMs, poke);
  };
  const poke = () => {
    again = true;
    if (passing || stopped) return;
    passing = true;
    running = pass();
  };
  return {
    async start() {
      stopped = false;
      poke();
    },
    async stop() {
      stopped = true;
      timer?.cancel();
      await Promise.race([running, sleep(clock, STOP_MS)]);
    },
    poke,
    async fireNow(schedule) {
      const id = parts.newId();
      await parts.store.keep(firedBy(parts, schedule, { id, slotMs: clock.wallMs() }));
      parts.onFired();
      return id;
    },
  };
}

/** Fires all that is due. @returns when to look again, ms from now */
async function runOnce(parts: SchedulerParts): Promise<number> {
  const decide = (due: readonly DueSchedule[], nowMs: number) =>
    due.map((schedule) => moveOn(parts, schedule, nowMs));
  const { store, onFired } = parts;
  for (let moved = BATCH; moved === BATCH; ) {
    const fired = await store.fire({ limit: BATCH, decide });
    if (fired.fired > 0) onFired();
    moved = fired.moved;
  }
  const nextMs = (await store.nextInMs()) ?? LOOK_EVERY_MS;
  // What is due and was not ours to fire is in another node's hands.
  return nextMs <= 0 ? RETRY_MS : Math.min(Math.ceil(nextMs), LOOK_EVERY_MS);
}
