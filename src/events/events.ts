/** Events: invocations that nobody waits for, from their acceptance to what became of them. */
import {
  type Clock,
  Fault,
  Group,
  periodically,
  type Random,
  type Service,
  type Weather,
} from '../base/index.ts';
import { isOrdered, LIMITS } from '../model/index.ts';
import type { ClaimedEvent, Settlement } from '../store/index.ts';
import { deliver } from './delivery.ts';
import { Dispatcher } from './dispatcher.ts';
import type { EventRequest, EventVolume } from './event.ts';
import type { EventStore } from './event-store.ts';
import { Keys } from './idempotency/keys.ts';
import { type Invoke, invokeOnce } from './idempotency/once.ts';
import { Intake } from './intake.ts';
import { Sampler } from './shapes/sampler.ts';
import type { Directory } from './target.ts';
import { inWeather } from './weather.ts';

export interface Events extends Service {
  /**
   * Takes an event in. When this resolves it is committed: it will be run, whatever happens to this process.
   *
   * @throws {Fault} `function-not-found`, `version-not-found`, `payload-too-large`, `bad-request`, `events-full`,
   *   `event-loop`, `shutting-down`; `database-unavailable`: it is most likely not taken, but may be
   */
  enqueue(request: EventRequest): Promise<{ readonly requestId: string }>;
  /** Looks for events that somebody else has stored, now rather than within a second. */
  lookAround(): void;
  /** The one door, with idempotency before it: see once.ts. For callers that wait for the answer. */
  readonly invokeOnce: Invoke;
  /** Idempotency keys, for what is not one invocation. */
  readonly keys: Pick<Keys, 'begin'>;
  /** What waited when it was last counted, some seconds ago at most. */
  volume(): EventVolume;
}

export interface EventsParts {
  readonly store: EventStore;
  readonly directory: Directory;
  readonly invoke: Invoke;
  readonly clock: Clock;
  readonly random: Random;
  readonly newId: () => string;
  readonly onProblem: (problem: unknown) => void;
  /** How long after its first failure an event is run again, ms; after the second twice as long. Default 1 min, as on AWS. */
  readonly retryMs: number;
  /** Invocations at once on this node. */
  readonly accountConcurrency: number;
  /** Faults made on purpose. */
  readonly weather: Weather;
}

/** How often all lanes are counted, ms: what other nodes take in is known no later. */
const COUNT_EVERY_MS = 5_000;
/** How long a node that stops waits for the database to take what it has settled. */
const STOP_MS = 5_000;
const MB = 1024 * 1024;

export function createEvents(given: EventsParts): Events {
  const onProblem = sparing(given);
  const { store, clock, directory } = given;
  const keys = new Keys({ ...given, onProblem });
  const parts = { ...given, onProblem, invoke: invokeOnce({ ...given, keys }) };
  const settling = new Group<Settlement, readonly string[]>({
    ...{ clock, writers: 1, maxItems: 500, maxBytes: 8 * MB, maxWaitingBytes: Number.POSITIVE_INFINITY },
    timeoutMs: Number.POSITIVE_INFINITY,
    bytesOf: settlementBytes,
    write: (settlements) => store.settle(settlements),
  });
  const sampler = new Sampler({ clock, onProblem, write: (seen) => store.keepShapes(seen) });
  const onHandled = (event: ClaimedEvent) => sampler.handled(event);
  const dispatcher = new Dispatcher({
    ...{ clock, onProblem },
    store: { ...store, settle: async ([one]) => await settling.add(one!) },
    deliver: (event, lane, signals) =>
      inWeather(
        (one) => deliver({ ...parts, onHandled }, { event: one, lane, signals }),
        given.weather,
      )(event),
    limitOf: (lane) => limitOf(parts, lane),
    atOnce: Math.min(LIMITS.eventsAtOnce, parts.accountConcurrency),
  });
  const intake = new Intake({
    store,
    directory,
    clock,
    onProblem,
    onStored: (lane) => dispatcher.poke(lane),
  });
  return overStore({ parts, dispatcher, intake, keys });
}

/** What it carries: events that it leads to, and a function's error, which may be as long as an answer. */
function settlementBytes({ sends, messages, failure }: Settlement): number {
  return [...sends, ...messages].reduce(
    (sum, { bytes }) => sum + bytes,
    500 + (failure?.payload.length ?? 0),
  );
}

interface Assembled {
  readonly parts: EventsParts;
  readonly dispatcher: Dispatcher;
  readonly intake: Intake;
  readonly keys: Keys;
}

function overStore({ parts, dispatcher, intake, keys }: Assembled): Events {
  const { store, clock, onProblem } = parts;
  let oldestAtMs: number | null = null;
  const count = async () => {
    intake.recount(await store.volumes());
    oldestAtMs = await store.oldestAtMs();
  };
  let endCounting = () => {};
  let stopping: Promise<void> | null = null;
  const stop = async () => {
    endCounting();
    await dispatcher.stop();
    keys.stop();
    await Promise.race([store.release().catch(onProblem), passed(clock, STOP_MS)]);
    await store.close();
  };
  return {
    async start() {
      // What an earlier life of this node had in hand runs nowhere any more.
      const freed = await store.release();
      if (freed > 0) onProblem(`${freed} events that an earlier node had in hand are run again`);
      await count();
      endCounting = periodically(clock, { everyMs: COUNT_EVERY_MS, task: count, onProblem });
      dispatcher.start();
    },
    async stop() {
      stopping ??= stop();
      await stopping;
    },
    async enqueue(request) {
      if (stopping !== null)
        throw new Fault('shutting-down', 'This node is shutting down. Try again on another, or later.');
      await intake.take(request);
      return { requestId: request.requestId };
    },
    invokeOnce: parts.invoke,
    keys,
    lookAround: () => dispatcher.lookAround(),
    volume: () => ({ ...intake.total, oldestAtMs }),
  };
}

/** How often it is said that the database is away, ms: it is asked once a second. */
const AWAY_EVERY_MS = 60_000;

function sparing({ clock, onProblem }: EventsParts): EventsParts['onProblem'] {
  let saidAtMs = Number.NEGATIVE_INFINITY;
  return (problem) => {
    const away = problem instanceof Fault && problem.code === 'database-unavailable';
    if (away && clock.nowMs() - saidAtMs < AWAY_EVERY_MS) return;
    if (away) saidAtMs = clock.nowMs();
    onProblem(problem);
  };
}

/** One at a time where none may run: it finds out that it is too old, or that it is to be told to somebody. */
function limitOf({ directory, accountConcurrency }: EventsParts, lane: string): number {
  if (isOrdered(lane)) return 1;
  const reserved = directory.current().functions.get(lane)?.reserved ?? accountConcurrency;
  return Math.max(1, reserved);
}

function passed(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}
