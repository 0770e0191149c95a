/** A queue's attributes, which SQS writes as text, and its settings. What they may be, control says. */
import type { QueueChanges } from '../../../control/index.ts';
import { type FifoSettings, parseQueueArn, type QueueEntry, queueArn } from '../../../model/index.ts';
import type { QueueCounts } from '../../../resources/index.ts';
import { AwsError } from '../protocol/index.ts';
import { invalidAttribute, invalidValue, unknownAttribute } from './errors.ts';

interface NumberAttribute {
  readonly key: 'delayMs' | 'maxMessageBytes' | 'receiveWaitMs' | 'retentionMs' | 'visibilityTimeoutMs';
  /** Of the setting in one of the attribute. */
  readonly unit: number;
}

const SECOND = 1_000;

const NUMBERS: Readonly<Record<string, NumberAttribute>> = {
  DelaySeconds: { key: 'delayMs', unit: SECOND },
  MaximumMessageSize: { key: 'maxMessageBytes', unit: 1 },
  MessageRetentionPeriod: { key: 'retentionMs', unit: SECOND },
  ReceiveMessageWaitTimeSeconds: { key: 'receiveWaitMs', unit: SECOND },
  VisibilityTimeout: { key: 'visibilityTimeoutMs', unit: SECOND },
};

/** What SQS says itself, and nobody can set. */
const READ_ONLY = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesDelayed',
  'ApproximateNumberOfMessagesNotVisible',
  'CreatedTimestamp',
  'LastModifiedTimestamp',
  'QueueArn',
] as const;

/**
 * @param attributes as a request says them
 * @param queue what they are set of; `exists`: whether it is there already
 * @throws {AwsError} `InvalidAttributeName`, `InvalidAttributeValue`, `InvalidParameterValueException`
 */
export function readAttributes(
  attributes: Readonly<Record<string, string>>,
  queue: { readonly isFifo: boolean; readonly exists: boolean },
): QueueChanges {
  if (attributes.SqsManagedSseEnabled === 'true' && (attributes.KmsMasterKeyId ?? '') !== '') {
    const message =
      'You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.';
    throw new AwsError('InvalidAttributeName', message);
  }
  return Object.entries(attributes).reduce<QueueChanges>(
    (changes, [name, value]) => merged(changes, readAttribute({ name, value }, queue)),
    {},
  );
}

/** Settings that several attributes are parts of. */
function merged(before: QueueChanges, more: QueueChanges): QueueChanges {
  return {
    ...before,
    ...more,
    ...((before.fifo ?? more.fifo) !== undefined && { fifo: { ...before.fifo, ...more.fifo } }),
    ...((before.encryption ?? more.encryption) !== undefined && {
      encryption: { ...before.encryption, ...more.encryption },
    }),
  };
}

interface Given {
  readonly name: string;
  readonly value: string;
}

function readAttribute(
  given: Given,
  { isFifo, exists }: { readonly isFifo: boolean; readonly exists: boolean },
): QueueChanges {
  const { name, value } = given;
  const number = NUMBERS[name];
  if (number !== undefined) return { [number.key]: numberOf(given) * number.unit };
  switch (name) {
    case 'Policy':
      return { policy: value === '' ? null : jsonPolicy(given) };
    case 'RedrivePolicy':
      return { redrive: value === '' ? null : readRedrive(given) };
    case 'RedriveAllowPolicy':
      return { redriveAllow: value === '' ? null : readRedriveAllow(given) };
    case 'KmsMasterKeyId':
      return { encryption: value === '' ? { kmsKeyId: null } : { kmsKeyId: value, sqsManaged: false } };
    case 'KmsDataKeyReusePeriodSeconds':
      return { encryption: { kmsKeyReuseMs: numberOf(given) * SECOND } };
    case 'SqsManagedSseEnabled':
      return { encryption: { sqsManaged: flag(given) } };
    case 'FifoQueue':
      if (!isFifo) throw unknownAttribute(name);
      if (exists && !flag(given)) throw invalidAttribute(name, 'Modifying queue type is not supported.');
      return {};
    default:
      return { fifo: readFifo(given, isFifo) };
  }
}

function readFifo(given: Given, isFifo: boolean): Partial<FifoSettings> {
  const { name, value } = given;
  switch (name) {
    case 'ContentBasedDeduplication':
      if (!isFifo) throw unknownAttribute(name);
      return { contentBasedDeduplication: flag(given) };
    case 'DeduplicationScope':
      if (!isFifo) throw onlyFifo(name);
      if (value !== 'queue' && value !== 'messageGroup') throw invalidAttribute(name);
      return { deduplicationScope: value };
    case 'FifoThroughputLimit':
      if (!isFifo) throw onlyFifo(name);
      if (value !== 'perQueue' && value !== 'perMessageGroupId') throw invalidAttribute(name);
      return { throughputLimit: value };
    default:
      throw unknownAttribute(name);
  }
}

function onlyFifo(name: string): AwsError {
  const message = `You can specify the ${name} only when FifoQueue is set to true.`;
  return new AwsError('InvalidAttributeName', message);
}

function numberOf({ name, value }: Given): number {
  if (/^\d{1,10}$/.test(value)) return Number(value);
  throw invalidAttribute(name);
}

function flag({ name, value }: Given): boolean {
  if (/^(?:true|false)$/i.test(value)) return value.toLowerCase() === 'true';
  throw invalidAttribute(name);
}

function jsonPolicy({ name, value }: Given): string {
  if (jsonObject(value) === null) throw invalidAttribute(name);
  return value;
}

function jsonObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

function readRedrive({ name, value }: Given): NonNullable<QueueChanges['redrive']> {
  const wrong = (reason: string) => invalidValue(name, value, reason);
  const policy = jsonObject(value);
  if (policy === null) throw wrong("Amazon SQS can't create the redrive policy, as it's not in JSON format.");
  const { deadLetterTargetArn: arn, maxReceiveCount: count } = policy;
  for (const [key, given] of Object.entries({ deadLetterTargetArn: arn, maxReceiveCount: count })) {
    if (given === undefined) throw wrong(`Redrive policy does not contain mandatory attribute: ${key}.`);
  }
  if (!/^\d{1,10}$/.test(String(count)))
    throw wrong(`Invalid value for maxReceiveCount: ${String(count).slice(0, 50)}.`);
  const deadLetter = parseQueueArn(String(arn));
  if (deadLetter === null) throw wrong('Dead letter target does not exist.');
  return { deadLetter, maxReceiveCount: Number(count) };
}

function readRedriveAllow({ name, value }: Given): NonNullable<QueueChanges['redriveAllow']> {
  const wrong = (reason: string) => invalidValue(name, value, reason);
  const policy = jsonObject(value);
  if (policy === null)
    throw wrong("Amazon SQS can't create the redrive allow policy, as it's not in JSON format.");
  const { redrivePermission: permission, sourceQueueArns: arns } = policy;
  if (permission !== 'allowAll' && permission !== 'denyAll' && permission !== 'byQueue')
    throw wrong('The redrivePermission must be one of allowAll, denyAll and byQueue.');
  if ((permission === 'byQueue') !== (arns !== undefined))
    throw wrong('The sourceQueueArns go with redrivePermission byQueue, and only with it.');
  if (arns !== undefined && (!Array.isArray(arns) || arns.length === 0))
    throw wrong('The sourceQueueArns must be a list of ARNs.');
  const sources = ((arns ?? []) as readonly unknown[]).map((arn) => {
    const source = parseQueueArn(String(arn));
    if (source === null)
      throw wrong(`${String(arn).slice(0, 200)} is not the ARN of a queue of this account.`);
    return source;
  });
  return { permission, sources };
}

/** Names that `GetQueueAttributes` knows. */
export const ATTRIBUTE_NAMES: ReadonlySet<string> = new Set([
  ...Object.keys(NUMBERS),
  ...READ_ONLY,
  ...['All', 'ContentBasedDeduplication', 'DeduplicationScope', 'FifoQueue', 'FifoThroughputLimit'],
  ...['KmsDataKeyReusePeriodSeconds', 'KmsMasterKeyId', 'Policy', 'RedriveAllowPolicy', 'RedrivePolicy'],
  'SqsManagedSseEnabled',
]);

/** All that a queue has. */
export function writeAttributes(queue: QueueEntry, counts: QueueCounts): Readonly<Record<string, string>> {
  const { settings, policy } = queue;
  const { redrive, redriveAllow, fifo, encryption } = settings;
  const numbers = Object.entries(NUMBERS).map(([name, { key, unit }]) => [
    name,
    String(settings[key] / unit),
  ]);
  return {
    QueueArn: queueArn(queue.name),
    ApproximateNumberOfMessages: String(counts.visible),
    ApproximateNumberOfMessagesNotVisible: String(counts.inFlight),
    ApproximateNumberOfMessagesDelayed: String(counts.delayed),
    CreatedTimestamp: seconds(queue.createdAtMs),
    LastModifiedTimestamp: seconds(queue.modifiedAtMs),
    ...Object.fromEntries(numbers),
    ...(policy !== null && { Policy: policy }),
    ...(redrive !== null && {
      RedrivePolicy: JSON.stringify({
        deadLetterTargetArn: queueArn(redrive.deadLetter),
        maxReceiveCount: redrive.maxReceiveCount,
      }),
    }),
    ...(redriveAllow !== null && { RedriveAllowPolicy: writeRedriveAllow(redriveAllow) }),
    ...(fifo !== null && {
      FifoQueue: 'true',
      ContentBasedDeduplication: String(fifo.contentBasedDeduplication),
      DeduplicationScope: fifo.deduplicationScope,
      FifoThroughputLimit: fifo.throughputLimit,
    }),
    ...(encryption.kmsKeyId !== null && {
      KmsMasterKeyId: encryption.kmsKeyId,
      KmsDataKeyReusePeriodSeconds: String(encryption.kmsKeyReuseMs / SECOND),
    }),
    SqsManagedSseEnabled: String(encryption.sqsManaged),
  };
}

function writeRedriveAllow({ permission, sources }: NonNullable<QueueChanges['redriveAllow']>): string {
  const arns = permission === 'byQueue' ? { sourceQueueArns: sources.map(queueArn) } : {};
  return JSON.stringify({ redrivePermission: permission, ...arns });
}

function seconds(ms: number): string {
  return String(Math.floor(ms / SECOND));
}
