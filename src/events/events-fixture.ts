/** For tests: events over a store in memory whose clock is the test's, and functions by hand. */
import { type FakeClock, fakeClock } from '../base/fake-clock.ts';
import { FAIR_WEATHER, Fault, seededRandom, type Weather } from '../base/index.ts';
import type { Invocation, InvokeResult, Report } from '../invoke/index.ts';
import { type FunctionEntry, functionArn, isOrdered, type QueueEntry } from '../model/index.ts';
import { functionByHand } from '../model/testing.ts';
import type {
  ClaimedEvent,
  EventFailure,
  FoundKey,
  MessageRow,
  NewEvent,
  RecordedAnswer,
  Settlement,
} from '../store/index.ts';
import type { EventRequest } from './event.ts';
import type { EventStore } from './event-store.ts';
import { createEvents } from './events.ts';

interface Row extends Required<Omit<NewEvent, 'delivery'>>, Pick<NewEvent, 'delivery'> {
  dueAtMs: number;
  acceptedAtMs: number;
  lease: string | null;
  claims: number;
  attempts: number;
  failure: EventFailure | null;
}

export interface MemoryStore extends EventStore {
  readonly rows: Map<string, Row>;
  readonly failed: { readonly id: string; readonly reason: string; readonly told: readonly string[] }[];
  readonly messages: MessageRow[];
  away: boolean;
}

/** What the SQL does, in a map. */
export function memoryStore(clock: FakeClock): MemoryStore {
  const rows = new Map<string, Row>();
  const failed: MemoryStore['failed'] = [];
  const messages: MessageRow[] = [];
  let leases = 0;
  const guard = () => {
    if (store.away) throw new Fault('database-unavailable', 'away');
  };
  const held = (id: string, lease: string) => {
    const row = rows.get(id);
    return row?.lease === lease ? row : undefined;
  };
  const volumes = () => {
    const lanes = Map.groupBy(rows.values(), ({ lane }) => lane);
    return [...lanes].map(([lane, of]) => ({ lane, waiting: of.length, bytes: of.length }));
  };
  const add = (event: NewEvent) => {
    const nowMs = clock.nowMs();
    const fresh = { terms: event.terms ?? null, lease: null, claims: 0, attempts: 0, failure: null };
    rows.set(event.id, { ...event, ...fresh, dueAtMs: nowMs, acceptedAtMs: nowMs });
  };
  const settle = (settlement: Settlement) => {
    const { id, lease, againInMs, attempts, failure, keptFor, sends, told } = settlement;
    const row = held(id, lease);
    if (row === undefined) return [];
    row.failure = failure ?? row.failure;
    if (againInMs === null) {
      rows.delete(id);
      for (const event of sends) add(event);
      messages.push(...settlement.messages);
      if (keptFor !== null) failed.push({ id, reason: keptFor, told });
    } else Object.assign(row, { dueAtMs: clock.nowMs() + againInMs, lease: null, attempts });
    return [id];
  };
  const store: MemoryStore = {
    ...{ rows, failed, messages, away: false },
    async insert(events) {
      guard();
      for (const event of events) add(event);
      return volumes();
    },
    async dueLanes() {
      guard();
      const lanes = Map.groupBy(rows.values(), ({ lane }) => lane);
      return [...lanes].map(([lane, of]) => ({
        lane,
        dueInMs: Math.min(...of.map(({ dueAtMs }) => dueAtMs)) - clock.nowMs(),
      }));
    },
    async claim({ wanted, leaseMs }) {
      guard();
      const lease = `lease-${++leases}`;
      const due = (lane: string) =>
        [...rows.values()]
          .filter((row) => row.lane === lane)
          .slice(0, isOrdered(lane) ? 1 : undefined)
          .filter((row) => row.dueAtMs <= clock.nowMs());
      return wanted.flatMap(({ lane, room }) =>
        due(lane)
          .slice(0, room)
          .map((row): ClaimedEvent => {
            Object.assign(row, { lease, claims: row.claims + 1, dueAtMs: clock.nowMs() + leaseMs });
            return { ...row, lease, ageMs: clock.nowMs() - row.acceptedAtMs };
          }),
      );
    },
    async renew({ held: wanted, leaseMs }) {
      guard();
      const mine = wanted.flatMap(({ id, lease }) => held(id, lease) ?? []);
      for (const row of mine) row.dueAtMs = clock.nowMs() + leaseMs;
      return mine.map(({ id }) => id);
    },
    async settle(settlements) {
      guard();
      return settlements.flatMap(settle);
    },
    async release() {
      for (const row of rows.values())
        if (row.lease !== null) Object.assign(row, { lease: null, dueAtMs: clock.nowMs() });
      return 0;
    },
    ...memoryKeys(clock),
    keepShapes: async () => {},
    volumes: async () => volumes(),
    oldestAtMs: async () => null,
    onNews: () => {},
    close: async () => {},
  };
  return store;
}

interface Key {
  lease: string | null;
  leasedUntilMs: number;
  answer: RecordedAnswer | null;
  expiresAtMs: number;
}

function memoryKeys(
  clock: FakeClock,
): Pick<EventStore, 'takeKeys' | 'endKeys' | 'renewKeys' | 'releaseKeys'> {
  const keys = new Map<string, Key>();
  const name = (of: { functionName: string; key: string }) => `${of.functionName} ${of.key}`;
  return {
    async takeKeys({ wanted, leaseMs }) {
      return wanted.map(({ lease, ...of }): FoundKey => {
        const found = keys.get(name(of));
        const nowMs = clock.nowMs();
        const free =
          found?.lease === null ? found.expiresAtMs <= nowMs : found && found.leasedUntilMs <= nowMs;
        if (found === undefined || free === true) {
          const [leasedUntilMs, expiresAtMs] = [nowMs + leaseMs, Number.POSITIVE_INFINITY];
          keys.set(name(of), { lease, leasedUntilMs, answer: null, expiresAtMs });
          return { lease, state: 'mine', answer: null };
        }
        return { lease, state: found.lease === null ? 'done' : 'running', answer: found.answer };
      });
    },
    async endKeys(ended) {
      for (const { answer, windowMs, lease, ...of } of ended) {
        if (keys.get(name(of))?.lease !== lease) continue;
        if (answer === null) keys.delete(name(of));
        else
          keys.set(name(of), {
            ...{ lease: null, leasedUntilMs: 0, answer },
            expiresAtMs: clock.nowMs() + windowMs,
          });
      }
    },
    async renewKeys({ leases, leaseMs }) {
      for (const key of keys.values())
        if (key.lease !== null && leases.includes(key.lease)) key.leasedUntilMs = clock.nowMs() + leaseMs;
    },
    async releaseKeys() {
      for (const [of, { lease }] of keys) if (lease !== null) keys.delete(of);
    },
  };
}

export const REPORT: Report = {
  ...{ outcome: 'ok', durationMs: 1, billedMs: 1, initMs: null, memoryMb: 128, maxMemoryMb: 1, queuedMs: 0 },
  ...{ phases: null, instanceId: 'one' },
};

export const answer = (payload: unknown = null): InvokeResult => ({
  ...{ kind: 'result', executedVersion: 0, payload: Buffer.from(JSON.stringify(payload)), report: REPORT },
});

export const functionError = (errorMessage = 'no'): InvokeResult => ({
  ...{ kind: 'error', executedVersion: 0, outcome: 'error', errorType: 'Error', report: REPORT },
  payload: Buffer.from(JSON.stringify({ errorType: 'Error', errorMessage })),
});

export const arnOf = (name: string) => functionArn(name);

/** A function of no app, called by `$LATEST`. */
export function entryOf(name: string, over: Partial<FunctionEntry> = {}): FunctionEntry {
  return functionByHand({ app: null, name, aliases: new Map(), ...over });
}

/** @param entries what is deployed; may be changed while it runs */
export function openWorld(
  entries: readonly FunctionEntry[],
  run: (invocation: Invocation) => InvokeResult | Promise<InvokeResult>,
  weather: Weather = FAIR_WEATHER,
) {
  const clock = fakeClock();
  const store = memoryStore(clock);
  const functions = new Map(entries.map((entry) => [entry.name, entry]));
  const queues = new Map<string, QueueEntry>();
  const calls: { readonly atMs: number; readonly invocation: Invocation }[] = [];
  const problems: unknown[] = [];
  let ids = 0;
  const newId = () => `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`;
  const events = createEvents({
    ...{ store, clock, random: seededRandom(1), newId },
    directory: { current: () => ({ functions, queues }) },
    async invoke(invocation) {
      calls.push({ atMs: clock.nowMs(), invocation });
      return await run(invocation);
    },
    onProblem: (problem) => problems.push(problem),
    ...{ retryMs: 60_000, accountConcurrency: 1_000, weather },
  });
  const enqueue = (functionName: string, event: unknown = {}, more: Partial<EventRequest> = {}) =>
    events.enqueue({
      ...{ functionName, qualifier: null, event: JSON.stringify(event), traceId: null, clientContext: null },
      requestId: newId(),
      ...more,
    });
  return { clock, store, functions, queues, calls, problems, events, enqueue };
}
