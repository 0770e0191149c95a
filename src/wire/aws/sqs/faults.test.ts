import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Fault, type FaultCode, type FaultFacts } from '../../../base/index.ts';
import { faultInBatch, sqsError, sqsErrorBefore } from './faults.ts';

const fault = (code: FaultCode, facts: FaultFacts = {}) => new Fault(code, 'As it is.', { facts });

suite('faults from below', () => {
  for (const [code, facts, said, message, status] of [
    [
      'message-invalid',
      { parameter: 'MessageBody', problem: 'invalid' },
      'InvalidMessageContents',
      'As it is.',
    ],
    [
      'message-invalid',
      { parameter: 'MessageGroupId', problem: 'missing' },
      'MissingRequiredParameterException',
      'The request must contain the parameter MessageGroupId.',
    ],
    [
      'message-invalid',
      { parameter: 'MessageDeduplicationId', problem: 'duplicate-id-missing' },
      'InvalidParameterValueException',
      'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    ],
    ['message-invalid', { parameter: 'MessageAttributes' }, 'InvalidParameterValueException', 'As it is.'],
    [
      'message-too-large',
      { bytes: 2_000, maxBytes: 1_024 },
      'InvalidParameterValueException',
      'One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.',
    ],
    [
      'purge-in-progress',
      { queue: 'jobs' },
      'PurgeQueueInProgress',
      'Only one PurgeQueue operation on jobs is allowed every 60 seconds.',
      403,
    ],
    [
      'queue-attribute-invalid',
      { attribute: 'DelaySeconds', value: 901 },
      'InvalidAttributeValue',
      'Invalid value for the parameter DelaySeconds. Reason: As it is.',
    ],
    [
      'queue-attribute-invalid',
      { attribute: 'RedrivePolicy', value: 'failed' },
      'InvalidParameterValueException',
      'Value for parameter RedrivePolicy is invalid. Reason: As it is.',
    ],
    ['queue-over-limit', {}, 'OverLimit', /120,000/, 403],
    ['resource-not-found', {}, 'ResourceNotFoundException', 'As it is.', 404],
    [
      'queue-exists',
      { attribute: 'DelaySeconds' },
      'QueueNameExists',
      'A queue already exists with the same name and a different value for attribute DelaySeconds',
    ],
  ] as const) {
    test(`${code} ${JSON.stringify(facts)} is ${said}`, () => {
      const error = sqsError(fault(code, facts));
      assert.deepEqual([error?.code, error?.status], [said, status]);
      if (typeof message === 'string') assert.equal(error?.message, message);
      else assert.match(error?.message ?? '', message);
    });
  }

  test('a queue that is not there, in the words of each protocol', () => {
    const wsdl = ' for this wsdl version';
    for (const [say, more] of [
      [sqsError, ''],
      [sqsErrorBefore, wsdl],
    ] as const) {
      const { code, message } = say(fault('queue-not-found')) ?? {};
      assert.deepEqual([code, message], ['QueueDoesNotExist', `The specified queue does not exist${more}.`]);
    }
  });

  test('of one entry among several', () => {
    assert.match(
      faultInBatch(fault('message-too-large', { maxBytes: 1_024 })).message,
      /cannot be validated/,
    );
    assert.equal(faultInBatch(fault('database-unavailable')).status, 500);
  });

  test('others are for the table of all services', () =>
    assert.equal(sqsError(fault('access-denied')), null));
});
