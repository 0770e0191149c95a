/** For tests: triggers over queues in memory whose clock is the test's, and functions by hand. */
import { type FakeClock, fakeClock } from '../../base/fake-clock.ts';
import { Fault, seededRandom } from '../../base/index.ts';
import type { Invocation, InvokeResult, Report } from '../../invoke/index.ts';
import type { EventSourceMapping, FunctionEntry, QueueEntry, QueueSettings } from '../../model/index.ts';
import { LIMITS, queueArn } from '../../model/index.ts';
import { functionByHand } from '../../model/testing.ts';
import type { Snapshot } from '../../registry/index.ts';
import type { NewMessage, Queues, ReceivedMessage } from '../../resources/index.ts';
import type { AsideEvent } from './aside.ts';
import type { LeaseStore } from './leases.ts';
import { createQueueTriggers } from './triggers.ts';

interface Lying extends NewMessage {
  readonly id: string;
  readonly sentAtMs: number;
  visibleAtMs: number;
  receives: number;
  receipt: string | null;
}

export interface MemoryQueue extends Pick<Queues, 'receive' | 'delete' | 'changeVisibility' | 'send'> {
  readonly messages: Lying[];
  /** To other queues. */
  readonly sent: (NewMessage & { readonly name: string })[];
  /** Receives so far. */
  receives: number;
  away: boolean;
  put(...bodies: (string | NewMessage)[]): void;
}

/** What a queue does, as far as a trigger can tell: one for all names. */
export function memoryQueue(clock: FakeClock, fifo = false): MemoryQueue {
  const messages: Lying[] = [];
  const waiting = new Set<() => void>();
  let made = 0;
  const wake = () => {
    for (const look of [...waiting]) look();
  };
  const guard = () => {
    if (queue.away) throw new Fault('database-unavailable', 'away');
  };
  const visible = () => {
    const nowMs = clock.nowMs();
    const locked = new Set(messages.filter((one) => one.visibleAtMs > nowMs).map(({ groupId }) => groupId));
    return messages.filter((one) => one.visibleAtMs <= nowMs && !(fifo && locked.has(one.groupId)));
  };
  const hand = (max: number, hiddenMs: number): ReceivedMessage[] =>
    visible()
      .slice(0, max)
      .map((one) => {
        one.receives += 1;
        one.receipt = `${one.id}/${one.receives}/${++made}`;
        one.visibleAtMs = clock.nowMs() + hiddenMs;
        return received(one);
      });
  const queue: MemoryQueue = {
    ...{ messages, sent: [], receives: 0, away: false },
    put(...bodies) {
      for (const body of bodies) {
        const message = typeof body === 'string' ? { body } : body;
        const at = { sentAtMs: clock.wallMs(), visibleAtMs: 0, receives: 0, receipt: null };
        messages.push({ ...message, id: `m${messages.length + ++made}`, ...at });
      }
      wake();
    },
    receive(_name, { max, visibilityTimeoutMs = 30_000, waitMs = 0 }, signal) {
      queue.receives += 1;
      guard();
      const found = hand(max, visibilityTimeoutMs);
      if (found.length > 0 || waitMs === 0 || signal.aborted) return Promise.resolve(found);
      return new Promise((resolve) => {
        const end = (given: ReceivedMessage[]) => {
          waiting.delete(look);
          timer.cancel();
          soon?.cancel();
          resolve(given);
        };
        const look = () => {
          const given = hand(max, visibilityTimeoutMs);
          if (given.length > 0) return end(given);
          lookLater();
        };
        let soon: { cancel(): void } | null = null;
        const lookLater = () => {
          soon?.cancel();
          const next = Math.min(...messages.map(({ visibleAtMs }) => visibleAtMs));
          if (Number.isFinite(next)) soon = clock.after(Math.max(1, next - clock.nowMs()), look);
        };
        const timer = clock.after(waitMs, () => end([]));
        waiting.add(look);
        signal.addEventListener('abort', () => end([]), { once: true });
        lookLater();
      });
    },
    async send(name, sent) {
      queue.sent.push(...sent.map((message) => ({ name, ...message })));
      return sent.map(() => ({ messageId: 'sent', sequenceNumber: null }));
    },
    async delete(_name, receipts) {
      guard();
      return receipts.map((receipt) => {
        const at = messages.findIndex((one) => one.receipt === receipt);
        if (at === -1) return 'stale';
        messages.splice(at, 1);
        wake();
        return 'deleted';
      });
    },
    async changeVisibility(_name, changes) {
      guard();
      return changes.map(({ receipt, visibilityTimeoutMs, uncounted = false }) => {
        const one = messages.find((message) => message.receipt === receipt);
        if (one === undefined || one.visibleAtMs <= clock.nowMs()) return 'not-in-flight';
        one.visibleAtMs = clock.nowMs() + visibilityTimeoutMs;
        if (uncounted) one.receives -= 1;
        wake(); // to look again when it is over
        return 'changed';
      });
    },
  };
  return queue;
}

function received(one: Lying): ReceivedMessage {
  const { id, body, attributes = {}, traceHeader = null, senderId = null, groupId = null } = one;
  return {
    ...{ messageId: id, receipt: one.receipt ?? '', body, attributes, traceHeader, senderId, groupId },
    ...{ sentAtMs: one.sentAtMs, firstReceivedAtMs: one.sentAtMs, receiveCount: one.receives },
    ...{ deduplicationId: null, sequenceNumber: null, deadLetterSource: null },
  };
}

export function queueByHand(name: string, settings: Partial<QueueSettings> = {}): QueueEntry {
  return {
    ...{ name, id: 1, app: null, policy: null, tags: {}, paused: false, revision: 1 },
    ...{ createdAtMs: 0, modifiedAtMs: 0 },
    settings: {
      ...{ delayMs: 0, maxMessageBytes: LIMITS.queueMessageBytes.max, receiveWaitMs: 0 },
      ...{ retentionMs: LIMITS.queueRetentionMs.default, visibilityTimeoutMs: 30_000 },
      ...{ redrive: null, redriveAllow: null, fifo: null },
      encryption: { sqsManaged: true, kmsKeyId: null, kmsKeyReuseMs: 300_000 },
      ...settings,
    },
  };
}

const FIFO = {
  contentBasedDeduplication: false,
  deduplicationScope: 'queue',
  throughputLimit: 'perQueue',
} as const;

const REPORT: Report = {
  ...{ outcome: 'ok', durationMs: 1, billedMs: 1, initMs: null, memoryMb: 128, maxMemoryMb: 1, queuedMs: 0 },
  ...{ phases: null, instanceId: 'one' },
};

export const answer = (payload: unknown = null): InvokeResult => ({
  ...{ kind: 'result', executedVersion: 0, payload: Buffer.from(JSON.stringify(payload)), report: REPORT },
});

export const functionError = (): InvokeResult => ({
  ...{ kind: 'error', executedVersion: 0, outcome: 'error', errorType: 'Error', report: REPORT },
  payload: Buffer.from('{"errorType":"Error","errorMessage":"no"}'),
});

/** Who has a key: somebody who runs, or nobody, for it is done. */
function keysByHand(
  keys: Map<string, 'running' | 'done'>,
): Parameters<typeof createQueueTriggers>[0]['keys'] {
  const done = {
    kind: 'done',
    answer: { kind: 'result', executedVersion: 0, contentType: null, body: null },
  } as const;
  return {
    async begin({ key }) {
      const state = keys.get(key);
      if (state !== undefined) return state === 'done' ? done : { kind: state };
      keys.set(key, 'running');
      return {
        kind: 'mine',
        end: async (kept) => void (kept === null ? keys.delete(key) : keys.set(key, 'done')),
      };
    },
  };
}

export interface Call {
  readonly atMs: number;
  readonly bodies: readonly string[];
  readonly invocation: Invocation;
}

export interface World {
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly queue?: Partial<QueueSettings>;
  readonly entry?: Partial<FunctionEntry>;
  readonly fifo?: boolean;
  readonly leases?: LeaseStore;
  readonly run: (call: Call) => InvokeResult | Promise<InvokeResult>;
}

/** A function `orders` of no app, and a trigger of its own on a queue. */
export function openWorld({ settings = {}, queue = {}, entry = {}, fifo = false, leases, run }: World) {
  const clock = fakeClock();
  const name = fifo ? 'jobs.fifo' : 'jobs';
  const messages = memoryQueue(clock, fifo);
  const fn = functionByHand({ app: null, name: 'orders', aliases: new Map(), ...entry });
  const mapping: EventSourceMapping = {
    ...{
      id: 'one',
      app: null,
      functionName: 'orders',
      qualifier: null,
      source: queueArn(name),
      enabled: true,
    },
    ...{ settings, tags: {}, modifiedAtMs: 0 },
  };
  let snapshot: Snapshot = {
    ...{ revision: 1, slugs: new Map(), routes: new Map(), databases: new Map() },
    functions: new Map([[fn.name, fn]]),
    queues: new Map([[name, queueByHand(name, { fifo: fifo ? FIFO : null, ...queue })]]),
    triggers: new Map([[mapping.id, mapping]]),
  };
  const watchers = new Set<(snapshot: Snapshot) => void>();
  const calls: Call[] = [];
  const problems: unknown[] = [];
  const keys = new Map<string, 'running' | 'done'>();
  const aside: AsideEvent[] = [];
  let ids = 0;
  const triggers = createQueueTriggers({
    ...{ queues: messages, clock, random: seededRandom(1) },
    newId: () => `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`,
    registry: {
      current: () => snapshot,
      onChange: (action) => {
        watchers.add(action);
        return () => watchers.delete(action);
      },
    },
    leases: leases ?? { take: async (wanted) => wanted.map(({ id }) => id), release: async () => {} },
    async invoke(invocation, signal) {
      const { Records } = JSON.parse(String(invocation.event)) as { Records: { body: string }[] };
      const call = { atMs: clock.nowMs(), bodies: Records.map(({ body }) => body), invocation };
      calls.push(call);
      signal?.throwIfAborted();
      return await run(call);
    },
    keep: async (event) => void aside.push(event),
    keys: keysByHand(keys),
    onProblem: (problem) => problems.push(problem),
  });
  const change = (over: Partial<EventSourceMapping>) => {
    snapshot = { ...snapshot, triggers: new Map([[mapping.id, { ...mapping, ...over }]]) };
    for (const watcher of watchers) watcher(snapshot);
  };
  return { clock, queue: messages, calls, keys, problems, aside, triggers, change };
}
