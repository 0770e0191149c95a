/** `queues`: an app's own, by key; how each is set. */
import { type AppQueue, LIMITS, queueName } from '../model/index.ts';
import { described, name, named, optional, required } from './fields.ts';
import { below, flag, listOf, mapOf, type Rule, record, report, type Spot, shown, whole } from './rules.ts';
import { duration } from './units.ts';

const SECOND = 1_000;

type Settings = Omit<AppQueue, 'key'>;

interface QueueText {
  fifo: boolean;
  delay: number;
  retention: number;
  receiveWait: number;
  visibilityTimeout: number;
  deadLetter: string | null;
  maxReceiveCount: number | null;
  contentBasedDeduplication: boolean;
  highThroughput: boolean;
}

const receives = whole({ ...LIMITS.queueReceives, what: 'receives' });

const queueRule = record<QueueText>(
  {
    fifo: optional(
      described(flag, 'Keeps the order within each message group.', { default: false }),
      () => false,
    ),
    delay: optional(
      described(duration(LIMITS.queueDelayMs), 'How long a new message is held back.', { default: '0s' }),
      () => LIMITS.queueDelayMs.default,
    ),
    retention: optional(
      described(duration(LIMITS.queueRetentionMs), 'How long a message is kept.', { default: '96h' }),
      () => LIMITS.queueRetentionMs.default,
    ),
    receiveWait: optional(
      described(duration(LIMITS.queueWaitMs), 'How long a receive waits for a message.', { default: '0s' }),
      () => LIMITS.queueWaitMs.default,
    ),
    visibilityTimeout: optional(
      described(duration(LIMITS.queueVisibilityMs), 'How long a received message stays out of sight.', {
        default: '30s',
      }),
      () => LIMITS.queueVisibilityMs.default,
    ),
    deadLetter: optional<string | null>(
      described(name, 'The queue of this app that gets what was received too often.'),
      () => null,
    ),
    maxReceiveCount: optional<number | null>(
      described(receives, 'How often a message is handed out before it goes there.', {
        default: LIMITS.queueReceives.default,
      }),
      () => null,
    ),
    contentBasedDeduplication: optional(
      described(flag, 'FIFO: a message without a deduplication id has one made of its body.', {
        default: false,
      }),
      () => false,
    ),
    highThroughput: optional(
      described(flag, 'FIFO: duplicates and throughput are looked at by group.', { default: false }),
      () => false,
    ),
  },
  { what: 'a map ({} will do)', across: checkText },
);

/** As a manifest has it. */
export const queues = mapOf(queueRule, named('queues', LIMITS.queuesPerApp));

function checkText(found: QueueText, spot: Spot): void {
  for (const key of ['delay', 'retention', 'receiveWait', 'visibilityTimeout'] as const)
    if (found[key] % SECOND !== 0) report(below(spot, key), 'must be whole seconds');
  if (found.maxReceiveCount !== null && found.deadLetter === null)
    report(
      below(spot, 'maxReceiveCount'),
      'needs `deadLetter`, the queue where a message goes after that',
      'key',
    );
  for (const key of ['contentBasedDeduplication', 'highThroughput'] as const)
    if (found[key] && !found.fifo) report(below(spot, key), 'needs `fifo: true`', 'key');
}

/** A manifest's queues as an app has them. */
export function toQueues(found: ReadonlyMap<string, QueueText>): AppQueue[] {
  return [...found].map(([key, one]) => ({
    key,
    fifo: one.fifo,
    delayMs: one.delay,
    retentionMs: one.retention,
    receiveWaitMs: one.receiveWait,
    visibilityTimeoutMs: one.visibilityTimeout,
    deadLetter: one.deadLetter,
    maxReceiveCount: one.maxReceiveCount ?? LIMITS.queueReceives.default,
    contentBasedDeduplication: one.contentBasedDeduplication,
    highThroughput: one.highThroughput,
  }));
}

const ms = (range: { readonly min: number; readonly max: number }) =>
  required(whole({ ...range, what: 'ms' }));
const nameOrNull: Rule<string | null> = {
  schema: { type: ['string', 'null'] },
  read: (value, spot) => (value === null ? null : name.read(value, spot)),
};

/** As the JSON of an app has them. */
export const queueObjects = listOf(
  record<Settings & { key: string }>(
    {
      key: required(name),
      fifo: required(flag),
      delayMs: ms(LIMITS.queueDelayMs),
      retentionMs: ms(LIMITS.queueRetentionMs),
      receiveWaitMs: ms(LIMITS.queueWaitMs),
      visibilityTimeoutMs: ms(LIMITS.queueVisibilityMs),
      deadLetter: required(nameOrNull),
      maxReceiveCount: required(receives),
      contentBasedDeduplication: required(flag),
      highThroughput: required(flag),
    },
    { what: 'a queue' },
  ),
  { max: LIMITS.queuesPerApp, what: 'queues' },
);

/** @param at where a queue is below the whole */
export function checkQueues(
  { app, queues }: { readonly app: string; readonly queues: readonly AppQueue[] },
  spot: Spot,
  at: (queue: AppQueue, index: number) => string | number,
): void {
  const byKey = new Map(queues.map((queue) => [queue.key, queue]));
  for (const [index, queue] of queues.entries()) {
    const here = below(below(spot, 'queues'), at(queue, index));
    const full = queueName(app, queue);
    if (full.length > LIMITS.queueNameLength)
      report(
        here,
        `the full name ${full} has ${full.length} characters; at most ${LIMITS.queueNameLength} are allowed`,
        'key',
      );
    if (queue.deadLetter === null) continue;
    const target = byKey.get(queue.deadLetter);
    const wrong = (why: string) => report(below(here, 'deadLetter'), `${shown(queue.deadLetter)} ${why}`);
    if (target === undefined) wrong('is not a queue of this app; write its key below `queues`');
    else if (target === queue) wrong('is this queue itself');
    else if (target.fifo !== queue.fifo)
      wrong(`must be ${queue.fifo ? 'a FIFO queue, too' : 'a standard queue, as this one is'}`);
  }
}
