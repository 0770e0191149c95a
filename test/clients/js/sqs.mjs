// SQS by AWS's SDK for JavaScript: the life of queues and messages, one JSON line per step, as the program in Go has it.
// The SDK holds the digests of answers against what it sent and received. The endpoint and the keys come from the
// environment, as the SDK itself reads them; PACKAGES is the folder with the SDK.
import { createRequire } from 'node:module';

const sqs = createRequire(`${process.env.PACKAGES}/`)('@aws-sdk/client-sqs');

const client = new sqs.SQSClient({ maxAttempts: 1 });
const send = (operation, input) => client.send(new sqs[`${operation}Command`](input));
const say = (step, facts) => process.stdout.write(`${JSON.stringify({ step, ...facts })}\n`);

async function refusal(call) {
  try {
    await call;
  } catch ({ name: error, message }) {
    return { error, message };
  }
  throw new Error('not refused');
}

const QueueName = 'by-javascript';
const { QueueUrl } = await send('CreateQueue', {
  QueueName,
  Attributes: { VisibilityTimeout: '60' },
  tags: { team: 'shop' },
});
const { Attributes } = await send('GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] });
const { Tags } = await send('ListQueueTags', { QueueUrl });
say('create', {
  visibility: Attributes.VisibilityTimeout,
  kept: Attributes.MessageRetentionPeriod,
  team: Tags.team,
});

const MessageAttributes = {
  colour: { DataType: 'String', StringValue: 'red' },
  raw: { DataType: 'Binary', BinaryValue: Buffer.from([0, 255]) },
};
const sent = await send('SendMessage', { QueueUrl, MessageBody: 'grüße', MessageAttributes });
say('send', { body: sent.MD5OfMessageBody, attributes: sent.MD5OfMessageAttributes });

const receive = async (more = {}) => {
  const wanted = { MaxNumberOfMessages: 10, WaitTimeSeconds: 20, ...more };
  return (await send('ReceiveMessage', { QueueUrl, ...wanted })).Messages;
};
const [got] = await receive({ MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All'] });
say('receive', {
  body: got.Body,
  same: got.MessageId === sent.MessageId,
  count: got.Attributes.ApproximateReceiveCount,
  colour: got.MessageAttributes.colour.StringValue,
  raw: [...got.MessageAttributes.raw.BinaryValue],
});
const { ReceiptHandle } = got;
await send('ChangeMessageVisibility', { QueueUrl, ReceiptHandle, VisibilityTimeout: 0 });
const [again] = await receive();
await send('DeleteMessage', { QueueUrl, ReceiptHandle: again.ReceiptHandle });
say('again', { same: again.MessageId === sent.MessageId });

const Entries = ['a', 'b', 'c'].map((Id) => ({ Id, MessageBody: `body ${Id}` }));
const batch = await send('SendMessageBatch', { QueueUrl, Entries });
const bodies = new Map();
while (bodies.size < 3) for (const one of await receive()) bodies.set(one.Body, one.ReceiptHandle);
const handles = [...bodies.values()].map((handle, index) => ({ Id: `${index}`, ReceiptHandle: handle }));
const deleted = await send('DeleteMessageBatch', {
  QueueUrl,
  Entries: [...handles, { Id: 'wrong', ReceiptHandle: 'garbage' }],
});
say('batch', {
  sent: batch.Successful.length,
  bodies: [...bodies.keys()].sort(),
  deleted: deleted.Successful.length,
  failed: deleted.Failed.map(({ Id, Code }) => `${Id} ${Code}`),
});

const fifo = await send('CreateQueue', {
  QueueName: `${QueueName}.fifo`,
  Attributes: { FifoQueue: 'true', ContentBasedDeduplication: 'true' },
});
const ordered = { QueueUrl: fifo.QueueUrl, MessageGroupId: 'g' };
const numbers = [];
for (const MessageBody of ['one', 'one', 'two'])
  numbers.push((await send('SendMessage', { ...ordered, MessageBody })).SequenceNumber);
const inOrder = await send('ReceiveMessage', {
  ...{ QueueUrl: fifo.QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 20 },
});
say('fifo', {
  bodies: inOrder.Messages.map(({ Body }) => Body),
  duplicate: numbers[0] === numbers[1],
  grows: numbers[1] < numbers[2],
});

say('missing', await refusal(send('GetQueueUrl', { QueueName: 'nobody' })));
say('invalid', await refusal(send('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 11 })));
say('empty', await refusal(send('DeleteMessageBatch', { QueueUrl, Entries: [] })));
await send('PurgeQueue', { QueueUrl });
say('purge', await refusal(send('PurgeQueue', { QueueUrl })));

const names = [];
for await (const page of sqs.paginateListQueues({ client, pageSize: 1 }, { QueueNamePrefix: QueueName }))
  names.push(...(page.QueueUrls ?? []).map((url) => url.split(QueueName).at(-1)));
say('list', { names });
for (const url of [QueueUrl, fifo.QueueUrl]) await send('DeleteQueue', { QueueUrl: url });
say('delete', await refusal(send('SendMessage', { QueueUrl, MessageBody: 'late' })));
client.destroy();
