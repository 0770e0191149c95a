import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { QueueEntry } from '../../../model/index.ts';
import { readAttributes, writeAttributes } from './attributes.ts';
import { FIFO_ENTRY, STANDARD_ENTRY } from './sqs-fixture.ts';

const STANDARD = { isFifo: false, exists: false };
const FIFO = { isFifo: true, exists: false };
const ARN = 'arn:aws:sqs:us-east-1:000000000000:failed';
const redrive = (policy: unknown) => ({
  RedrivePolicy: typeof policy === 'string' ? policy : JSON.stringify(policy),
});

suite('attributes that are set', () => {
  test('are settings in ms, and queues by name', () => {
    assert.deepEqual(
      readAttributes(
        {
          ...{ DelaySeconds: '5', MaximumMessageSize: '2048', MessageRetentionPeriod: '60' },
          ...{ ReceiveMessageWaitTimeSeconds: '20', VisibilityTimeout: '0', Policy: '{"Statement":[]}' },
          ...redrive({ deadLetterTargetArn: ARN, maxReceiveCount: '3' }),
          RedriveAllowPolicy: JSON.stringify({ redrivePermission: 'byQueue', sourceQueueArns: [ARN] }),
          ...{ KmsMasterKeyId: 'alias/a', KmsDataKeyReusePeriodSeconds: '300' },
        },
        STANDARD,
      ),
      {
        ...{ delayMs: 5_000, maxMessageBytes: 2_048, retentionMs: 60_000, receiveWaitMs: 20_000 },
        ...{ visibilityTimeoutMs: 0, policy: '{"Statement":[]}' },
        redrive: { deadLetter: 'failed', maxReceiveCount: 3 },
        redriveAllow: { permission: 'byQueue', sources: ['failed'] },
        encryption: { kmsKeyId: 'alias/a', sqsManaged: false, kmsKeyReuseMs: 300_000 },
      },
    );
  });

  test('are taken away by nothing', () => {
    assert.deepEqual(
      readAttributes({ Policy: '', RedrivePolicy: '', RedriveAllowPolicy: '', KmsMasterKeyId: '' }, STANDARD),
      { policy: null, redrive: null, redriveAllow: null, encryption: { kmsKeyId: null } },
    );
  });

  test('of a FIFO queue', () => {
    const attributes = {
      FifoQueue: 'true',
      ContentBasedDeduplication: 'true',
      DeduplicationScope: 'messageGroup',
    };
    assert.deepEqual(readAttributes({ ...attributes, FifoThroughputLimit: 'perMessageGroupId' }, FIFO), {
      fifo: {
        contentBasedDeduplication: true,
        deduplicationScope: 'messageGroup',
        throughputLimit: 'perMessageGroupId',
      },
    });
  });

  for (const [attributes, queue, code, message] of [
    [{ Colour: 'red' }, STANDARD, 'InvalidAttributeName', 'Unknown Attribute Colour.'],
    [{ QueueArn: ARN }, STANDARD, 'InvalidAttributeName', 'Unknown Attribute QueueArn.'],
    [{ FifoQueue: 'false' }, STANDARD, 'InvalidAttributeName', 'Unknown Attribute FifoQueue.'],
    [
      { FifoQueue: 'false' },
      { isFifo: true, exists: true },
      'InvalidAttributeValue',
      'Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.',
    ],
    [
      { ContentBasedDeduplication: 'true' },
      STANDARD,
      'InvalidAttributeName',
      'Unknown Attribute ContentBasedDeduplication.',
    ],
    [
      { DeduplicationScope: 'queue' },
      STANDARD,
      'InvalidAttributeName',
      'You can specify the DeduplicationScope only when FifoQueue is set to true.',
    ],
    [
      { FifoThroughputLimit: 'perQueue' },
      STANDARD,
      'InvalidAttributeName',
      'You can specify the FifoThroughputLimit only when FifoQueue is set to true.',
    ],
    [{ VisibilityTimeout: 'x' }, STANDARD, 'InvalidAttributeValue', /VisibilityTimeout/],
    [{ Policy: 'nonsense' }, STANDARD, 'InvalidAttributeValue', 'Invalid value for the parameter Policy.'],
    [
      { SqsManagedSseEnabled: 'true', KmsMasterKeyId: 'a' },
      STANDARD,
      'InvalidAttributeName',
      /^You can use one type of server-side encryption/,
    ],
    [redrive('x'), STANDARD, 'InvalidParameterValueException', /it's not in JSON format/],
    [
      redrive({ deadLetterTargetArn: ARN }),
      STANDARD,
      'InvalidParameterValueException',
      /mandatory attribute: maxReceiveCount/,
    ],
    [
      redrive({ maxReceiveCount: 1 }),
      STANDARD,
      'InvalidParameterValueException',
      /mandatory attribute: deadLetterTargetArn/,
    ],
    [
      redrive({ deadLetterTargetArn: ARN, maxReceiveCount: 'many' }),
      STANDARD,
      'InvalidParameterValueException',
      /Invalid value for maxReceiveCount: many/,
    ],
    [
      redrive({ deadLetterTargetArn: 'failed', maxReceiveCount: 1 }),
      STANDARD,
      'InvalidParameterValueException',
      /Dead letter target does not exist/,
    ],
    [
      { RedriveAllowPolicy: '{"redrivePermission":"some"}' },
      STANDARD,
      'InvalidParameterValueException',
      /one of allowAll/,
    ],
    [
      { RedriveAllowPolicy: '{"redrivePermission":"byQueue"}' },
      STANDARD,
      'InvalidParameterValueException',
      /go with/,
    ],
  ] as const) {
    test(`refuses ${JSON.stringify(attributes)}`, () => {
      assert.throws(() => readAttributes(attributes, queue), { code, message });
    });
  }
});

suite('attributes that are told', () => {
  const counts = { visible: 1, inFlight: 2, delayed: 3 };

  test('of a standard queue', () => {
    assert.deepEqual(writeAttributes(STANDARD_ENTRY, counts), {
      QueueArn: 'arn:aws:sqs:us-east-1:000000000000:jobs',
      ...{ ApproximateNumberOfMessages: '1', ApproximateNumberOfMessagesNotVisible: '2' },
      ...{ ApproximateNumberOfMessagesDelayed: '3', CreatedTimestamp: '1700000000' },
      ...{ LastModifiedTimestamp: '1700000001', DelaySeconds: '0', MaximumMessageSize: '1048576' },
      ...{ MessageRetentionPeriod: '345600', ReceiveMessageWaitTimeSeconds: '0', VisibilityTimeout: '30' },
      SqsManagedSseEnabled: 'true',
    });
  });

  test('are what was set', () => {
    const set = {
      ...{ FifoQueue: 'true', ContentBasedDeduplication: 'true', DeduplicationScope: 'messageGroup' },
      ...{ FifoThroughputLimit: 'perMessageGroupId', Policy: '{"Statement":[]}', VisibilityTimeout: '7' },
      RedrivePolicy: `{"deadLetterTargetArn":"${ARN}.fifo","maxReceiveCount":3}`,
      RedriveAllowPolicy: `{"redrivePermission":"byQueue","sourceQueueArns":["${ARN}.fifo"]}`,
      ...{ KmsMasterKeyId: 'alias/a', KmsDataKeyReusePeriodSeconds: '60', SqsManagedSseEnabled: 'false' },
    };
    const { policy = null, fifo, encryption, ...changes } = readAttributes(set, FIFO);
    const settings = {
      ...{ ...FIFO_ENTRY.settings, ...changes },
      fifo: { ...FIFO_ENTRY.settings.fifo, ...fifo },
      encryption: { ...FIFO_ENTRY.settings.encryption, ...encryption },
    } as QueueEntry['settings'];
    const told = writeAttributes({ ...FIFO_ENTRY, policy, settings }, counts);
    for (const [name, value] of Object.entries(set)) assert.equal(told[name], value, name);
  });
});
