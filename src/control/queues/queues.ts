/**
 * Queues' configuration. Each verb is one transaction in which nobody else changes queues, and answers when this
 * node serves the change.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Clock, Fault } from '../../base/index.ts';
import { compilePolicy } from '../../identity/index.ts';
import {
  defaultQueueSettings,
  type FifoSettings,
  LIMITS,
  type QueueEncryption,
  type QueueEntry,
  type QueueSettings,
} from '../../model/index.ts';
import type { Snapshot } from '../../registry/index.ts';
import { changeQueues, type QueueTransaction, type Sql } from '../../store/index.ts';
import { serve } from '../serve.ts';
import { type AccountGrant, grantTo, revokeFrom } from './policy.ts';
import { checkQueueName, checkRedrive, checkSettings } from './rules.ts';

export interface QueueControlOptions {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly registry: {
    current(): Snapshot;
    reach(revision: number, signal: AbortSignal): Promise<void>;
  };
}

/** What is left out stays as it is; of a new queue it is the default. */
export interface QueueChanges extends Partial<Omit<QueueSettings, 'encryption' | 'fifo'>> {
  readonly encryption?: Partial<QueueEncryption>;
  /** Of a FIFO queue. */
  readonly fifo?: Partial<FifoSettings>;
  /** An IAM document, JSON text; null: none. */
  readonly policy?: string | null;
}

/** Every verb that names a queue throws the Fault `queue-not-found`; every one `database-unavailable`. */
export interface QueueControl {
  /**
   * Makes a queue. Does nothing where one of this name is there with the same values for all that is given.
   *
   * @throws {Fault} `queue-exists` (fact `attribute`), `queue-attribute-invalid` (facts `attribute`, `value`),
   *   `parameter-invalid`, `policy-invalid`
   */
  create(wanted: NewQueue): Promise<void>;
  /** All of it or nothing. @throws {Fault} `queue-attribute-invalid`, `policy-invalid` */
  change(name: string, changes: QueueChanges): Promise<void>;
  /** With all that is in it, for good. */
  delete(name: string): Promise<void>;
  /** @throws {Fault} `parameter-invalid` above 50 tags */
  tag(name: string, tags: Readonly<Record<string, string>>): Promise<void>;
  untag(name: string, keys: readonly string[]): Promise<void>;
  /** Adds a statement to the queue's policy. @throws {Fault} `resource-conflict`: the label is taken */
  addPermission(name: string, grant: AccountGrant): Promise<void>;
  /** @throws {Fault} `parameter-invalid`: no statement has this label */
  removePermission(name: string, label: string): Promise<void>;
  /** On all nodes: nothing is handed out any more, also to triggers; or again. */
  pause(name: string, paused: boolean): Promise<void>;
}

export interface NewQueue {
  readonly name: string;
  readonly changes: QueueChanges;
  readonly tags: Readonly<Record<string, string>>;
}

export function createQueueControl(options: QueueControlOptions): QueueControl {
  const change = (name: string, what: (queue: QueueEntry) => QueueEntry) =>
    run(options, async (queues) => {
      const queue = await queues.find(name);
      if (queue === null) throw noQueue(name);
      await queues.put(await checked(queues, what(queue)));
    });
  return {
    create: (wanted) => run(options, (queues) => create(queues, wanted)),
    change: (name, changes) => change(name, (queue) => changed(queue, changes)),
    delete: (name) =>
      run(options, async (queues) => {
        if ((await queues.find(name)) === null) throw noQueue(name);
        await queues.drop(name);
      }),
    tag: (name, tags) => change(name, (queue) => ({ ...queue, tags: { ...queue.tags, ...tags } })),
    untag: (name, keys) =>
      change(name, (queue) => {
        const left = Object.entries(queue.tags).filter(([key]) => !keys.includes(key));
        return { ...queue, tags: Object.fromEntries(left) };
      }),
    addPermission: (name, grant) => change(name, (queue) => ({ ...queue, policy: grantTo(queue, grant) })),
    removePermission: (name, label) =>
      change(name, (queue) => ({ ...queue, policy: revokeFrom(queue, label) })),
    pause: (name, paused) => change(name, (queue) => ({ ...queue, paused })),
  };
}

async function run(
  options: QueueControlOptions,
  work: (queues: QueueTransaction) => Promise<void>,
): Promise<void> {
  const { revision } = await changeQueues(options.sql, work);
  if (revision !== null) await serve(options, revision);
}

async function create(queues: QueueTransaction, { name, changes, tags }: NewQueue): Promise<void> {
  checkQueueName(name);
  const there = await queues.find(name);
  if (there !== null) return refuseDifference(there, changes);
  if ((await queues.count()) >= LIMITS.queues)
    throw new Fault('parameter-invalid', `There are ${LIMITS.queues} queues already, as many as may be.`, {
      facts: { parameter: 'QueueName', max: LIMITS.queues },
    });
  const fresh = { name, app: null, settings: defaultQueueSettings(name), policy: null, tags, paused: false };
  await queues.put(await checked(queues, changed(fresh, changes)));
}

type Draft = Pick<QueueEntry, 'name' | 'app' | 'settings' | 'policy' | 'tags' | 'paused'>;

function changed<D extends Draft>(queue: D, changes: QueueChanges): D {
  const { policy = queue.policy, fifo, encryption, ...settings } = changes;
  if (fifo !== undefined && queue.settings.fifo === null)
    throw new Fault(
      'queue-attribute-invalid',
      `${queue.name} is a standard queue: it has no FIFO attributes.`,
      {
        facts: { attribute: ATTRIBUTES.get(Object.keys(fifo)[0] ?? '') ?? 'FifoQueue' },
      },
    );
  const before = queue.settings;
  return {
    ...queue,
    policy,
    settings: {
      ...before,
      ...settings,
      fifo: before.fifo === null ? null : { ...before.fifo, ...fifo },
      encryption: { ...before.encryption, ...encryption },
    },
  };
}

/** @throws {Fault} where it cannot be so */
async function checked<D extends Draft>(queues: QueueTransaction, draft: D): Promise<D> {
  const { name, settings, policy, tags } = draft;
  checkSettings(settings);
  const { redrive } = settings;
  if (redrive !== null) checkRedrive(name, settings, await queues.find(redrive.deadLetter));
  if (policy !== null) compilePolicy(policy, 'resource');
  const count = Object.keys(tags).length;
  if (count > LIMITS.queueTags)
    throw new Fault(
      'parameter-invalid',
      `${name} would have ${count} tags; at most ${LIMITS.queueTags} are allowed.`,
      {
        facts: { parameter: 'Tags', count, max: LIMITS.queueTags },
      },
    );
  return draft;
}

/** What SQS calls what can be told apart. */
const ATTRIBUTES: ReadonlyMap<string, string> = new Map([
  ['delayMs', 'DelaySeconds'],
  ['maxMessageBytes', 'MaximumMessageSize'],
  ['retentionMs', 'MessageRetentionPeriod'],
  ['receiveWaitMs', 'ReceiveMessageWaitTimeSeconds'],
  ['visibilityTimeoutMs', 'VisibilityTimeout'],
  ['redrive', 'RedrivePolicy'],
  ['redriveAllow', 'RedriveAllowPolicy'],
  ['policy', 'Policy'],
  ['contentBasedDeduplication', 'ContentBasedDeduplication'],
  ['deduplicationScope', 'DeduplicationScope'],
  ['throughputLimit', 'FifoThroughputLimit'],
  ['sqsManaged', 'SqsManagedSseEnabled'],
  ['kmsKeyId', 'KmsMasterKeyId'],
  ['kmsKeyReuseMs', 'KmsDataKeyReusePeriodSeconds'],
]);

function refuseDifference({ name, settings, policy }: QueueEntry, changes: QueueChanges): void {
  const { fifo = {}, encryption = {}, ...others } = changes;
  const known = { ...settings, policy, ...settings.fifo, ...settings.encryption };
  for (const [key, value] of Object.entries({ ...others, ...fifo, ...encryption })) {
    if (value === undefined || isDeepStrictEqual(value, known[key as keyof typeof known])) continue;
    const attribute = ATTRIBUTES.get(key) ?? key;
    throw new Fault(
      'queue-exists',
      `There is a queue ${name} already, with another ${attribute}. Change that one, or take another name.`,
      { facts: { queue: name, attribute } },
    );
  }
}

function noQueue(name: string): Fault {
  return new Fault(
    'queue-not-found',
    `There is no queue "${name}" here. "skein queue list" shows what there is.`,
    {
      facts: { queue: name },
    },
  );
}
