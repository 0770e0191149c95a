/** For tests: queues as the control API has them. */
import type { QueueEntry } from '../model/index.ts';
import type { MoveTask, PeekedMessage } from '../resources/index.ts';
import type { ApiOptions } from './options.ts';

/** One queue, `jobs`, and one message in it. */
export function queuesByHand(seen: { queue: unknown }): ApiOptions['queues'] {
  return {
    list: () => new Map([['jobs', JOBS]]),
    consumers: () => ['shop-work'],
    pause: async (name, paused) => {
      seen.queue = { name, paused };
    },
    messages: {
      send: async (name, messages) => {
        seen.queue = { name, messages };
        return [{ messageId: 'm-1', sequenceNumber: null }];
      },
      peek: async () => [MESSAGE],
      counts: async () => ({ visible: 1, inFlight: 2, delayed: 3 }),
      purge: async () => 6,
      moves: {
        start: async (wanted) => {
          seen.queue = wanted;
          return MOVE;
        },
        cancel: async () => 4,
        list: async () => [MOVE],
      },
    },
  };
}

const MESSAGE: PeekedMessage = {
  ...{ messageId: 'm-1', body: '{"n":1}', attributes: {}, traceHeader: null, senderId: null, sentAtMs: 0 },
  ...{ firstReceivedAtMs: null, receiveCount: 0, groupId: null, deduplicationId: null, sequenceNumber: null },
  ...{ deadLetterSource: null, position: 1, state: 'visible', visibleAtMs: 0 },
};
const MOVE: MoveTask = {
  ...{ id: '0190b4b0-0000-7000-8000-000000000001', source: 'jobs', destination: null, maxPerSecond: 5 },
  ...{ status: 'running', moved: 1, toMove: 2, failure: null, startedAtMs: 0 },
};
const JOBS: QueueEntry = {
  ...{ name: 'jobs', id: 1, app: 'shop', policy: null, tags: {}, paused: false, revision: 1 },
  ...{ createdAtMs: 0, modifiedAtMs: 0 },
  settings: {
    ...{ delayMs: 0, maxMessageBytes: 1_048_576, retentionMs: 345_600_000, receiveWaitMs: 0 },
    ...{ visibilityTimeoutMs: 30_000, redrive: null, redriveAllow: null, fifo: null },
    encryption: { sqsManaged: true, kmsKeyId: null, kmsKeyReuseMs: 300_000 },
  },
};
