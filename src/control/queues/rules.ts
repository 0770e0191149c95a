/** What a queue's settings must be, each by itself and with other queues: SQS's rules. Pure but for the look at another queue. */
import { Fault } from '../../base/index.ts';
import { LIMITS, type QueueEntry, type QueueSettings } from '../../model/index.ts';

const NAME = /^[A-Za-z0-9_-]+(?:\.fifo)?$/;
const RANGES = {
  delayMs: { ...LIMITS.queueDelayMs, attribute: 'DelaySeconds', unit: 's' },
  maxMessageBytes: { ...LIMITS.queueMessageBytes, attribute: 'MaximumMessageSize', unit: 'bytes' },
  retentionMs: { ...LIMITS.queueRetentionMs, attribute: 'MessageRetentionPeriod', unit: 's' },
  receiveWaitMs: { ...LIMITS.queueWaitMs, attribute: 'ReceiveMessageWaitTimeSeconds', unit: 's' },
  visibilityTimeoutMs: { ...LIMITS.queueVisibilityMs, attribute: 'VisibilityTimeout', unit: 's' },
} as const;
const KMS_REUSE_MS = { min: 60_000, max: 86_400_000 };
const MAX_ALLOWED_SOURCES = 10;

/** @throws {Fault} `parameter-invalid` */
export function checkQueueName(name: string): void {
  if (NAME.test(name) && name.length <= LIMITS.queueNameLength) return;
  const rule = `1 to ${LIMITS.queueNameLength} letters, digits, hyphens and underscores, with .fifo at the end of a FIFO queue's`;
  throw new Fault('parameter-invalid', `${JSON.stringify(name)} cannot be a queue's name: it has ${rule}.`, {
    facts: { parameter: 'QueueName', value: name },
  });
}

/** @throws {Fault} `queue-attribute-invalid` (facts: `attribute` by SQS's name, `value`) */
export function checkSettings(settings: QueueSettings): void {
  for (const [key, range] of Object.entries(RANGES)) {
    const value = settings[key as keyof typeof RANGES];
    const { attribute, min, max, unit } = range;
    const whole = unit === 's' ? value % 1_000 === 0 : Number.isInteger(value);
    if (whole && value >= min && value <= max) continue;
    const [shown, from, to] = [value, min, max].map((one) => (unit === 's' ? one / 1_000 : one));
    throw invalid(attribute, shown!, `must be a whole number of ${unit} from ${from} to ${to}`);
  }
  const { encryption, fifo, redrive, redriveAllow } = settings;
  const { kmsKeyReuseMs } = encryption;
  if (kmsKeyReuseMs < KMS_REUSE_MS.min || kmsKeyReuseMs > KMS_REUSE_MS.max)
    throw invalid('KmsDataKeyReusePeriodSeconds', kmsKeyReuseMs / 1_000, 'must be from 60 to 86400');
  if (fifo?.throughputLimit === 'perMessageGroupId' && fifo.deduplicationScope !== 'messageGroup')
    throw invalid('FifoThroughputLimit', fifo.throughputLimit, 'needs DeduplicationScope messageGroup');
  const { min, max } = LIMITS.queueReceives;
  const receives = redrive?.maxReceiveCount ?? min;
  if (!Number.isInteger(receives) || receives < min || receives > max)
    throw invalid('RedrivePolicy', receives, `needs a maxReceiveCount from ${min} to ${max}`);
  if ((redriveAllow?.sources.length ?? 0) > MAX_ALLOWED_SOURCES)
    throw invalid(
      'RedriveAllowPolicy',
      redriveAllow!.sources.length,
      `names at most ${MAX_ALLOWED_SOURCES} queues`,
    );
}

/**
 * @param target the queue that `redrive` names; null: there is none
 * @throws {Fault} `queue-attribute-invalid`
 */
export function checkRedrive(
  name: string,
  { redrive, fifo }: QueueSettings,
  target: Pick<QueueEntry, 'settings'> | null,
): void {
  if (redrive === null) return;
  const { deadLetter } = redrive;
  const wrong = (why: string) => invalid('RedrivePolicy', deadLetter, why);
  if (deadLetter === name) throw wrong('cannot be the dead-letter queue of itself');
  if (target === null) throw wrong('does not exist, so it cannot be a dead-letter queue');
  if ((target.settings.fifo === null) !== (fifo === null))
    throw wrong(
      'is of another kind: the dead-letter queue of a FIFO queue is a FIFO queue, of a standard one a standard one',
    );
  const { permission, sources } = target.settings.redriveAllow ?? { permission: 'allowAll', sources: [] };
  if (permission === 'denyAll' || (permission === 'byQueue' && !sources.includes(name)))
    throw wrong(`does not allow ${name} to use it as its dead-letter queue`);
}

function invalid(attribute: string, value: string | number, why: string): Fault {
  return new Fault('queue-attribute-invalid', `${attribute}: ${value} ${why}.`, {
    facts: { attribute, value },
  });
}
