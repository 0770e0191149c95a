/** What SQS says no to, in the words of each of its protocols. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Fault } from '../../../base/index.ts';
import { openSqs } from './sqs-fixture.ts';

const SENT = { messageId: '5b9b6f0e-0000-4000-8000-000000000000', sequenceNumber: null };

const NO_BODY = new Fault('message-invalid', 'A message needs MessageBody.', {
  facts: { parameter: 'MessageBody', problem: 'missing' },
});

/** Over queues that take every message with a body, and know one receipt. */
function open() {
  return openSqs({
    queues: {
      send: async (_queue, messages) => messages.map(({ body }) => (body === '' ? NO_BODY : SENT)),
      receive: async () => [],
      delete: async (_queue, receipts) => receipts.map((one) => (one === 'good' ? 'deleted' : 'invalid')),
      changeVisibility: async (_queue, changes) =>
        changes.map(({ receipt }) => (receipt === 'good' ? 'changed' : 'not-in-flight')),
    },
  });
}

suite('refusals', () => {
  test('of a queue that is not there, in the words of each protocol', async () => {
    await using sqs = await open();
    const json = await sqs.json('SendMessage', { QueueUrl: sqs.url('none'), MessageBody: 'x' });
    assert.equal(json.status, 400);
    assert.equal(json.headers.get('x-amzn-query-error'), 'AWS.SimpleQueueService.NonExistentQueue;Sender');
    assert.deepEqual(JSON.parse(json.text), {
      __type: 'QueueDoesNotExist',
      message: 'The specified queue does not exist.',
    });
    const form = await sqs.form({ Action: 'SendMessage', QueueUrl: sqs.url('none'), MessageBody: 'x' });
    assert.equal(form.status, 400);
    assert.equal(
      form.text,
      '<ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error><Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code><Message>The specified queue does not exist for this wsdl version.</Message></Error><RequestId>the-id</RequestId></ErrorResponse>',
    );
  });

  const long = { WaitTimeSeconds: 21 };
  for (const [operation, input, code, queryCode, message] of [
    ['SendMessage', {}, 'MissingRequiredParameterException', 'MissingParameter', /parameter MessageBody\.$/],
    [
      'SendMessage',
      { MessageBody: '' },
      'MissingRequiredParameterException',
      'MissingParameter',
      /MessageBody/,
    ],
    [
      'ReceiveMessage',
      long,
      'InvalidParameterValueException',
      'InvalidParameterValue',
      /^Value 21 for parameter WaitTimeSeconds is invalid\. Reason: Must be >= 0 and <= 20, if provided\.$/,
    ],
    [
      'ReceiveMessage',
      { MaxNumberOfMessages: 11 },
      'InvalidParameterValueException',
      'InvalidParameterValue',
      /Must be between 1 and 10, if provided\.$/,
    ],
    [
      'ReceiveMessage',
      { AttributeNames: ['Colour'] },
      'InvalidAttributeName',
      'InvalidAttributeName',
      /^Unknown Attribute Colour\.$/,
    ],
    [
      'ReceiveMessage',
      { ReceiveRequestAttemptId: 'a' },
      'InvalidParameterValueException',
      'InvalidParameterValue',
      /not valid for this queue type/,
    ],
    [
      'GetQueueAttributes',
      { AttributeNames: ['Colour'] },
      'InvalidAttributeName',
      'InvalidAttributeName',
      /Colour/,
    ],
    [
      'DeleteMessage',
      { ReceiptHandle: 'garbage' },
      'ReceiptHandleIsInvalid',
      'ReceiptHandleIsInvalid',
      /^The input receipt handle "garbage" is not a valid receipt handle\.$/,
    ],
    [
      'ChangeMessageVisibility',
      { ReceiptHandle: 'gone', VisibilityTimeout: 1 },
      'InvalidParameterValueException',
      'InvalidParameterValue',
      /not available for visibility timeout change/,
    ],
    [
      'ChangeMessageVisibility',
      { ReceiptHandle: 'good', VisibilityTimeout: 43_201 },
      'InvalidParameterValueException',
      'InvalidParameterValue',
      /<= 43200/,
    ],
    [
      'DeleteMessageBatch',
      { Entries: [] },
      'EmptyBatchRequest',
      'AWS.SimpleQueueService.EmptyBatchRequest',
      /at least one DeleteMessageBatchRequestEntry/,
    ],
    [
      'DeleteMessageBatch',
      { Entries: Array.from({ length: 20 }, (_, index) => ({ Id: `${index}`, ReceiptHandle: 'good' })) },
      'TooManyEntriesInBatchRequest',
      'AWS.SimpleQueueService.TooManyEntriesInBatchRequest',
      /^Maximum number of entries per request are 10\. You have sent 20\.$/,
    ],
    [
      'DeleteMessageBatch',
      {
        Entries: [
          { Id: 'a', ReceiptHandle: 'good' },
          { Id: 'a', ReceiptHandle: 'good' },
        ],
      },
      'BatchEntryIdsNotDistinct',
      'AWS.SimpleQueueService.BatchEntryIdsNotDistinct',
      /a repeated/,
    ],
    [
      'SendMessageBatch',
      { Entries: [{ Id: 'a b', MessageBody: 'x' }] },
      'InvalidBatchEntryId',
      'AWS.SimpleQueueService.InvalidBatchEntryId',
      /at most 80 letters long/,
    ],
    [
      'SendMessageBatch',
      { Entries: ['a', 'b'].map((Id) => ({ Id, MessageBody: 'x'.repeat(600_000) })) },
      'BatchRequestTooLong',
      'AWS.SimpleQueueService.BatchRequestTooLong',
      /^Batch requests cannot be longer than 1048576 bytes\. You have sent 1200000 bytes\.$/,
    ],
    [
      'StartMessageMoveTask',
      { SourceArn: 'jobs' },
      'InvalidParameterValueException',
      'InvalidParameterValue',
      /You must use this format/,
    ],
    [
      'StartMessageMoveTask',
      { SourceArn: 'arn:aws:sqs:us-east-1:000000000000:jobs' },
      'InvalidParameterValueException',
      'InvalidParameterValue',
      /^Source queue must be configured as a Dead Letter Queue\.$/,
    ],
    [
      'CancelMessageMoveTask',
      { TaskHandle: 'x' },
      'InvalidParameterValueException',
      'InvalidParameterValue',
      /^Value for parameter TaskHandle is invalid\.$/,
    ],
    [
      'CreateQueue',
      { QueueName: 'a b' },
      'InvalidParameterValueException',
      'InvalidParameterValue',
      /^Can only include alphanumeric/,
    ],
    [
      'CreateQueue',
      { QueueName: 'a.fifo' },
      'InvalidParameterValueException',
      'InvalidParameterValue',
      /^Can only include/,
    ],
    [
      'CreateQueue',
      { QueueName: 'a', Attributes: { FifoQueue: 'true' } },
      'InvalidParameterValueException',
      'InvalidParameterValue',
      /must end with \.fifo suffix/,
    ],
    [
      'AddPermission',
      { Label: 'l', AWSAccountIds: ['000000000000'], Actions: ['Fly'] },
      'InvalidParameterValueException',
      'InvalidParameterValue',
      /^Value SQS:Fly for parameter ActionName is invalid/,
    ],
  ] as const) {
    test(`of ${operation} with ${JSON.stringify(input).slice(0, 80)}`, async () => {
      await using sqs = await open();
      const { status, headers, text } = await sqs.json(operation, { QueueUrl: sqs.url('jobs'), ...input });
      const { __type, message: told } = JSON.parse(text);
      assert.deepEqual([status, __type], [400, code], text);
      assert.equal(headers.get('x-amzn-query-error'), `${queryCode};Sender`);
      assert.match(told, message);
    });
  }

  test('of a whole batch for a FIFO queue, for what one message lacks', async () => {
    await using sqs = await open();
    const said = async (message: object) => {
      const entry = { Id: 'a', MessageBody: 'x', ...message };
      const input = { QueueUrl: sqs.url('jobs.fifo'), Entries: [entry] };
      return JSON.parse((await sqs.json('SendMessageBatch', input)).text).message;
    };
    assert.match(await said({ MessageDeduplicationId: 'd' }), /must contain the parameter MessageGroupId/);
    assert.match(await said({ MessageGroupId: 'g' }), /either have ContentBasedDeduplication enabled/);
    assert.equal(await said({ MessageGroupId: 'g', MessageDeduplicationId: 'd' }), undefined);
  });

  test('by policies, of the queue itself too, before anything is said of the queue', async () => {
    const asked: unknown[] = [];
    await using sqs = await openSqs({
      authorize({ action, resource, resourcePolicies }) {
        asked.push([action, resource, resourcePolicies]);
        throw new Fault('access-denied', 'User: x is not authorized');
      },
    });
    const json = await sqs.json('SendMessageBatch', { QueueUrl: sqs.url('none'), Entries: [] });
    assert.deepEqual(asked, [['sqs:SendMessage', 'arn:aws:sqs:us-east-1:000000000000:none', []]]);
    assert.deepEqual([json.status, json.headers.get('x-amzn-query-error')], [403, 'AccessDenied;Sender']);
    const form = await sqs.form({ Action: 'PurgeQueue', QueueUrl: sqs.url('jobs') });
    assert.equal(form.status, 403);
    assert.match(form.text, /<Code>AccessDenied<\/Code>/);
  });

  test('by policies: queues that have no name yet, and tags, which are a right of their own', async () => {
    const asked: string[] = [];
    await using sqs = await openSqs({
      control: { create: async () => {} },
      authorize: ({ action, resource }) => void asked.push(`${action} ${resource.replace(/^.*:/, '')}`),
    });
    await sqs.json('ListQueues', {});
    await sqs.json('CreateQueue', { QueueName: 'new' });
    await sqs.json('CreateQueue', { QueueName: 'tagged', tags: { team: 'shop' } });
    assert.deepEqual(asked, [
      'sqs:ListQueues ',
      'sqs:CreateQueue new',
      'sqs:CreateQueue tagged',
      'sqs:TagQueue tagged',
    ]);
  });

  test('of an address that is none', async () => {
    await using sqs = await open();
    const { status, text } = await sqs.json('PurgeQueue', { QueueUrl: 'http://localhost/jobs' });
    assert.equal(status, 404);
    assert.match(text, /The address http:\/\/localhost\/jobs is not valid for this endpoint\./);
    const other = await sqs.json('PurgeQueue', { QueueUrl: `http://${sqs.host}/123456789012/jobs` });
    assert.equal(JSON.parse(other.text).__type, 'QueueDoesNotExist');
    const none = await sqs.form({ Action: 'PurgeQueue' });
    assert.match(
      none.text,
      /<Code>MissingParameter<\/Code><Message>The request must contain the parameter QueueUrl\./,
    );
  });
});
