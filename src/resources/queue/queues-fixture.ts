/** Queues of a node on a real database, for tests: made by hand, without a control plane or a registry. */
import assert from 'node:assert/strict';
import { type Clock, systemClock, uuidSource } from '../../base/index.ts';
import { LIMITS, type QueueEntry, type QueueSettings } from '../../model/index.ts';
import { changeQueues } from '../../store/index.ts';
import type { TestDatabase } from '../../store/testing.ts';
import { createQueues } from './create.ts';
import { createMoves } from './mover.ts';
import type { Queues } from './queues.ts';
import { openQueueStore } from './store-thread.ts';

export const PLAIN: QueueSettings = {
  delayMs: 0,
  maxMessageBytes: LIMITS.queueMessageBytes.default,
  retentionMs: LIMITS.queueRetentionMs.default,
  receiveWaitMs: 0,
  visibilityTimeoutMs: LIMITS.queueVisibilityMs.default,
  redrive: null,
  redriveAllow: null,
  fifo: null,
  encryption: { sqsManaged: true, kmsKeyId: null, kmsKeyReuseMs: 300_000 },
};
export const FIFO: QueueSettings = {
  ...PLAIN,
  fifo: { contentBasedDeduplication: true, deduplicationScope: 'queue', throughputLimit: 'perQueue' },
};
export const NEVER = new AbortController().signal;

export interface QueuesOfTest extends Queues, AsyncDisposable {
  /** Makes or changes a queue, for this node. */
  put(name: string, over?: Partial<QueueSettings> & { readonly paused?: boolean }): Promise<QueueEntry>;
  /** Another node has made or changed it. */
  know(entry: QueueEntry): void;
  forget(name: string): void;
  /** One pass of the tasks that move messages. */
  runMoves(): Promise<void>;
  sweep(): Promise<void>;
}

export async function openQueues(
  database: TestDatabase,
  { holder = 'one', clock = systemClock }: { holder?: string; clock?: Clock } = {},
): Promise<QueuesOfTest> {
  const known = new Map<string, QueueEntry>();
  const watchers = new Set<() => void>();
  const problems: unknown[] = [];
  const store = openQueueStore({ databaseUrl: database.url, holder });
  const newId = uuidSource(() => systemClock.wallMs());
  const queues = createQueues({
    ...{ clock, newId, store },
    directory: {
      current: () => ({ queues: known }),
      onChange: (action) => {
        watchers.add(action);
        return () => watchers.delete(action);
      },
    },
    onProblem: (problem) => problems.push(problem),
  });
  await queues.start();
  const know = (entry: QueueEntry) => {
    known.set(entry.name, entry);
    for (const watcher of watchers) watcher();
  };
  const over: Omit<QueuesOfTest, keyof Queues> = {
    know,
    forget: (name) => known.delete(name),
    sweep: () => store.sweep(null),
    runMoves: () =>
      createMoves({
        ...{ store, newId },
        entry: (name) => known.get(name)!,
        queues: () => known,
        onMoved() {},
      }).run(),
    async put(name, { paused = false, ...settings } = {}) {
      const base = name.endsWith('.fifo') ? FIFO : PLAIN;
      const { result } = await changeQueues(database.sql, (all) =>
        all.put({ name, app: null, settings: { ...base, ...settings }, policy: null, tags: {}, paused }),
      );
      know(result);
      return result;
    },
    async [Symbol.asyncDispose]() {
      await queues.stop();
      assert.deepEqual(problems, []);
    },
  };
  return Object.assign(queues, over);
}

/** Bodies of messages. */
export function bodies(messages: readonly { readonly body: string }[]): string[] {
  return messages.map(({ body }) => body);
}

/** As if so much time had passed for what is in the queues. */
export async function pass({ sql }: TestDatabase, ms: number): Promise<void> {
  await sql`update skein.messages set visible_at = visible_at - ${ms} * interval '1 ms',
    sent_at = sent_at - ${ms} * interval '1 ms'`;
  await sql`update skein.message_groups set free_at = free_at - ${ms} * interval '1 ms'`;
  await sql`update skein.message_deduplications set expires_at = expires_at - ${ms} * interval '1 ms'`;
}
