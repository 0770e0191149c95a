/** The same operations by both of SQS's protocols: what is read, what is answered, and how it says no. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Fault } from '../../../base/index.ts';
import type { NewMessage, ReceivedMessage, Wanted } from '../../../resources/index.ts';
import { openSqs } from './sqs-fixture.ts';

const SENT = { messageId: '5b9b6f0e-0000-4000-8000-000000000000', sequenceNumber: null };
const NO_DUPLICATES = new Fault('message-invalid', 'jobs is a standard queue.', {
  facts: { parameter: 'MessageDeduplicationId', problem: 'invalid' },
});
const MD5 = '5d41402abc4b2a76b9719d911017c592';

/** @returns what was asked of the queues, and an API over them */
async function open(received: readonly ReceivedMessage[] = []) {
  const sent: NewMessage[] = [];
  const wanted: Wanted[] = [];
  const sqs = await openSqs({
    queues: {
      async send(_queue, messages) {
        sent.push(...messages);
        return messages.map(({ deduplicationId }) => (deduplicationId === null ? SENT : NO_DUPLICATES));
      },
      async receive(_queue, asked) {
        wanted.push(asked);
        return received;
      },
      delete: async (_queue, receipts) => receipts.map((one) => (one === 'good' ? 'deleted' : 'invalid')),
      changeVisibility: async (_queue, changes) =>
        changes.map(({ receipt }) => (receipt === 'good' ? 'changed' : 'not-in-flight')),
    },
  });
  return Object.assign(sqs, { sent, wanted });
}

const RECEIVED: ReceivedMessage = {
  ...{ messageId: 'm-1', receipt: 'receipt', body: 'a < b', senderId: 'AIDA', groupId: null },
  attributes: {
    colour: { dataType: 'String', stringValue: 'red' },
    raw: { dataType: 'Binary', binaryValue: 'AQI=' },
  },
  ...{ traceHeader: 'Root=1-2-3', sentAtMs: 5, firstReceivedAtMs: 6, receiveCount: 2 },
  ...{ deduplicationId: null, sequenceNumber: null, deadLetterSource: 'first' },
};

suite('sending', () => {
  const kept: NewMessage = {
    body: 'hello',
    attributes: {
      colour: { dataType: 'String', stringValue: 'red' },
      raw: { dataType: 'Binary', binaryValue: 'AQI=' },
    },
    ...{ traceHeader: 'Root=1-5759e988-bd862e3fe1be46a994272793', senderId: '000000000000', delayMs: 7_000 },
    ...{ groupId: null, deduplicationId: null },
  };

  test('by JSON', async () => {
    await using sqs = await open();
    const { status, text } = await sqs.json('SendMessage', {
      ...{ QueueUrl: sqs.url('jobs'), MessageBody: 'hello', DelaySeconds: 7 },
      MessageAttributes: {
        colour: { DataType: 'String', StringValue: 'red' },
        raw: { DataType: 'Binary', BinaryValue: 'AQI=' },
      },
      MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: kept.traceHeader } },
    });
    assert.equal(status, 200, text);
    const { MD5OfMessageAttributes, MD5OfMessageSystemAttributes, ...rest } = JSON.parse(text);
    assert.deepEqual(rest, { MessageId: SENT.messageId, MD5OfMessageBody: MD5 });
    assert.match(MD5OfMessageAttributes + MD5OfMessageSystemAttributes, /^[0-9a-f]{64}$/);
    assert.deepEqual(sqs.sent, [kept]);
  });

  test('by a form, the queue in it', async () => {
    await using sqs = await open();
    const { status, text, headers } = await sqs.form({
      ...{ Action: 'SendMessage', Version: '2012-11-05', QueueUrl: sqs.url('jobs') },
      ...{ MessageBody: 'hello', DelaySeconds: '7' },
      ...{ 'MessageAttribute.1.Name': 'colour', 'MessageAttribute.1.Value.DataType': 'String' },
      ...{ 'MessageAttribute.1.Value.StringValue': 'red', 'MessageAttribute.2.Name': 'raw' },
      ...{ 'MessageAttribute.2.Value.DataType': 'Binary', 'MessageAttribute.2.Value.BinaryValue': 'AQI=' },
      ...{ 'MessageSystemAttribute.1.Name': 'AWSTraceHeader' },
      ...{ 'MessageSystemAttribute.1.Value.DataType': 'String' },
      'MessageSystemAttribute.1.Value.StringValue': String(kept.traceHeader),
    });
    assert.equal(status, 200, text);
    assert.match(String(headers.get('content-type')), /^text\/xml/);
    assert.match(
      text,
      new RegExp(
        `^<SendMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><SendMessageResult><MD5OfMessageBody>${MD5}</MD5OfMessageBody>.*<MessageId>${SENT.messageId}</MessageId></SendMessageResult><ResponseMetadata><RequestId>the-id</RequestId></ResponseMetadata></SendMessageResponse>$`,
      ),
    );
    assert.deepEqual(sqs.sent, [kept]);
  });

  test("by a request to the queue's own URL", async () => {
    await using sqs = await open();
    const path = new URL(sqs.url('jobs')).pathname;
    const posted = await sqs.form({ Action: 'SendMessage', MessageBody: 'posted' }, path);
    const got = await sqs.get(`${path}?Action=SendMessage&MessageBody=got`);
    assert.deepEqual([posted.status, got.status], [200, 200]);
    assert.deepEqual(
      sqs.sent.map(({ body }) => body),
      ['posted', 'got'],
    );
  });

  test('carries the trace of its request where it says none of its own', async () => {
    await using sqs = await open();
    const trace = 'Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=7ce1b4f1:2';
    const headers = { 'x-amzn-trace-id': trace };
    await sqs.json('SendMessage', { QueueUrl: sqs.url('jobs'), MessageBody: 'x' }, { headers });
    await sqs.json(
      'SendMessageBatch',
      { QueueUrl: sqs.url('jobs'), Entries: [{ Id: 'a', MessageBody: 'y' }] },
      { headers },
    );
    assert.deepEqual(
      sqs.sent.map(({ traceHeader }) => traceHeader),
      [trace, trace],
    );
  });

  test('in a batch, of which one is refused', async () => {
    await using sqs = await open();
    const entries = [
      { Id: 'a', MessageBody: 'hello' },
      { Id: 'b', MessageBody: 'hello', MessageDeduplicationId: 'x' },
    ];
    const { text } = await sqs.json('SendMessageBatch', { QueueUrl: sqs.url('jobs'), Entries: entries });
    assert.deepEqual(JSON.parse(text), {
      Successful: [{ Id: 'a', MessageId: SENT.messageId, MD5OfMessageBody: MD5 }],
      Failed: [
        {
          ...{ Id: 'b', SenderFault: true, Code: 'InvalidParameterValue' },
          Message: 'jobs is a standard queue.',
        },
      ],
    });
    const form = await sqs.form({
      ...{ Action: 'SendMessageBatch', QueueUrl: sqs.url('jobs') },
      ...{ 'SendMessageBatchRequestEntry.1.Id': 'a', 'SendMessageBatchRequestEntry.1.MessageBody': 'hello' },
    });
    assert.match(
      form.text,
      /<SendMessageBatchResult><SendMessageBatchResultEntry><Id>a<\/Id>.*<\/SendMessageBatchResultEntry><\/SendMessageBatchResult>/,
    );
  });
});

suite('receiving', () => {
  test('nothing: an answer without messages', async () => {
    await using sqs = await open();
    assert.equal((await sqs.json('ReceiveMessage', { QueueUrl: sqs.url('jobs') })).text, '{}');
    const { text } = await sqs.form({ Action: 'ReceiveMessage', QueueUrl: sqs.url('jobs') });
    assert.match(text, /<ReceiveMessageResult><\/ReceiveMessageResult>/);
    assert.deepEqual(sqs.wanted, [{ max: 1 }, { max: 1 }]);
  });

  test('by JSON, with what was asked for', async () => {
    await using sqs = await open([RECEIVED]);
    const { text } = await sqs.json('ReceiveMessage', {
      ...{ QueueUrl: sqs.url('jobs'), MaxNumberOfMessages: 10, VisibilityTimeout: 0, WaitTimeSeconds: 20 },
      ...{ MessageSystemAttributeNames: ['All'], MessageAttributeNames: ['colour'] },
    });
    assert.deepEqual(sqs.wanted, [{ max: 10, visibilityTimeoutMs: 0, waitMs: 20_000 }]);
    const [{ MD5OfMessageAttributes, ...message }] = JSON.parse(text).Messages;
    assert.match(MD5OfMessageAttributes, /^[0-9a-f]{32}$/);
    assert.deepEqual(message, {
      ...{ MessageId: 'm-1', ReceiptHandle: 'receipt', Body: 'a < b' },
      MD5OfBody: '9c2309929b5d4e6d89e1f48e3e3d6ebb',
      Attributes: {
        ...{ SenderId: 'AIDA', ApproximateFirstReceiveTimestamp: '6', ApproximateReceiveCount: '2' },
        ...{ SentTimestamp: '5', AWSTraceHeader: 'Root=1-2-3' },
        DeadLetterQueueSourceArn: 'arn:aws:sqs:us-east-1:000000000000:first',
      },
      MessageAttributes: { colour: { StringValue: 'red', DataType: 'String' } },
    });
  });

  test('ends when its caller goes away', async () => {
    const asked = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    await using sqs = await openSqs({
      queues: {
        async receive(_queue, _wanted, signal) {
          signal.addEventListener('abort', () => ended.resolve());
          asked.resolve();
          await ended.promise;
          return [];
        },
      },
    });
    const caller = new AbortController();
    const input = { QueueUrl: sqs.url('jobs'), WaitTimeSeconds: 20 };
    const call = sqs.json('ReceiveMessage', input, { signal: caller.signal });
    await asked.promise;
    caller.abort();
    await assert.rejects(call, { name: 'AbortError' });
    await ended.promise;
  });

  test('by a form', async () => {
    await using sqs = await open([RECEIVED]);
    const { text } = await sqs.form({
      ...{ Action: 'ReceiveMessage', QueueUrl: sqs.url('jobs'), MaxNumberOfMessages: '3' },
      ...{ 'AttributeName.1': 'SentTimestamp', 'MessageAttributeName.1': 'raw' },
    });
    assert.deepEqual(sqs.wanted, [{ max: 3 }]);
    assert.match(text, /<Message><MessageId>m-1<\/MessageId>.*<Body>a &lt; b<\/Body>/);
    assert.match(text, /<Attribute><Name>SentTimestamp<\/Name><Value>5<\/Value><\/Attribute>/);
    assert.match(
      text,
      /<MessageAttribute><Name>raw<\/Name><Value><BinaryValue>AQI=<\/BinaryValue><DataType>Binary<\/DataType><\/Value><\/MessageAttribute>/,
    );
  });
});
