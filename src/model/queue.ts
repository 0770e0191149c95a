/**
 * A queue's configuration. Its settings are SQS's attributes under the platform's words: times in ms, other queues
 * by name. Ranges and defaults: LIMITS.
 */
import { LIMITS } from './limits.ts';
import { fullName } from './names.ts';

export interface QueueEntry {
  /** Ends with `.fifo` if, and only if, it keeps the order. */
  readonly name: string;
  /** Of this queue alone: one that is made later under the same name has another. */
  readonly id: number;
  /** The app whose manifest has it; null: it was made through an API. */
  readonly app: string | null;
  readonly settings: QueueSettings;
  /** The policy of the queue itself: an IAM document, JSON text; null: none. */
  readonly policy: string | null;
  readonly tags: Readonly<Record<string, string>>;
  /** Nothing is handed out; what is sent is kept. */
  readonly paused: boolean;
  /** Grows with each change. */
  readonly revision: number;
  /** Wall clock, ms. */
  readonly createdAtMs: number;
  readonly modifiedAtMs: number;
}

export interface QueueSettings {
  /** How long a new message is held back, where it does not say itself (SQS: DelaySeconds). */
  readonly delayMs: number;
  /** Of body and attributes together (MaximumMessageSize). */
  readonly maxMessageBytes: number;
  /** How long a message is kept (MessageRetentionPeriod). */
  readonly retentionMs: number;
  /** How long a receive waits for a message, where it does not say itself (ReceiveMessageWaitTimeSeconds). */
  readonly receiveWaitMs: number;
  /** How long a received message stays out of others' sight, where the receive does not say itself (VisibilityTimeout). */
  readonly visibilityTimeoutMs: number;
  /** Where a message goes that was received too often; null: nowhere, it is handed out again (RedrivePolicy). */
  readonly redrive: Redrive | null;
  /** Which queues may name this one as their dead-letter queue; null: all of its kind (RedriveAllowPolicy). */
  readonly redriveAllow: RedriveAllow | null;
  /** null: a standard queue. */
  readonly fifo: FifoSettings | null;
  /** Kept for those who ask; nothing is encrypted by it here. */
  readonly encryption: QueueEncryption;
}

export interface Redrive {
  /** A queue's name. */
  readonly deadLetter: string;
  /** A message that was handed out this often goes there instead of being handed out once more. */
  readonly maxReceiveCount: number;
}

/** `byQueue`: only the `sources`, which are names. */
export interface RedriveAllow {
  readonly permission: 'allowAll' | 'denyAll' | 'byQueue';
  readonly sources: readonly string[];
}

export interface FifoSettings {
  /** A message without a deduplication id has the SHA-256 of its body. */
  readonly contentBasedDeduplication: boolean;
  readonly deduplicationScope: 'queue' | 'messageGroup';
  readonly throughputLimit: 'perQueue' | 'perMessageGroupId';
}

export interface QueueEncryption {
  readonly sqsManaged: boolean;
  readonly kmsKeyId: string | null;
  readonly kmsKeyReuseMs: number;
}

/** A queue as a manifest has it. */
export interface AppQueue {
  /** The manifest's key. */
  readonly key: string;
  readonly fifo: boolean;
  readonly delayMs: number;
  readonly retentionMs: number;
  readonly receiveWaitMs: number;
  readonly visibilityTimeoutMs: number;
  /** Key of a queue of the same app; null: none. */
  readonly deadLetter: string | null;
  readonly maxReceiveCount: number;
  readonly contentBasedDeduplication: boolean;
  /** Deduplication and throughput by group instead of by queue. */
  readonly highThroughput: boolean;
}

/** @returns the one name of an app's queue, e.g. `bakery-jobs`, `bakery-orders.fifo` */
export function queueName(app: string, { key, fifo }: Pick<AppQueue, 'key' | 'fifo'>): string {
  return `${fullName(app, key)}${fifo ? '.fifo' : ''}`;
}

/** Settings of a queue of which nothing is said. Whether it is a FIFO queue, its name says. */
export function defaultQueueSettings(name: string): QueueSettings {
  return {
    delayMs: LIMITS.queueDelayMs.default,
    maxMessageBytes: LIMITS.queueMessageBytes.default,
    retentionMs: LIMITS.queueRetentionMs.default,
    receiveWaitMs: LIMITS.queueWaitMs.default,
    visibilityTimeoutMs: LIMITS.queueVisibilityMs.default,
    redrive: null,
    redriveAllow: null,
    fifo: name.endsWith('.fifo')
      ? { contentBasedDeduplication: false, deduplicationScope: 'queue', throughputLimit: 'perQueue' }
      : null,
    encryption: { sqsManaged: true, kmsKeyId: null, kmsKeyReuseMs: 300_000 },
  };
}

/** What a manifest says of a queue; of the rest, what `before` says. */
export function appQueueSettings(app: string, queue: AppQueue, before: QueueSettings): QueueSettings {
  const { delayMs, retentionMs, receiveWaitMs, visibilityTimeoutMs, deadLetter, maxReceiveCount } = queue;
  const { contentBasedDeduplication, highThroughput, fifo } = queue;
  return {
    ...before,
    ...{ delayMs, retentionMs, receiveWaitMs, visibilityTimeoutMs },
    redrive:
      deadLetter === null ? null : { deadLetter: queueName(app, { key: deadLetter, fifo }), maxReceiveCount },
    fifo: fifo
      ? {
          contentBasedDeduplication,
          deduplicationScope: highThroughput ? 'messageGroup' : 'queue',
          throughputLimit: highThroughput ? 'perMessageGroupId' : 'perQueue',
        }
      : null,
  };
}
