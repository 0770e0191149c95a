/** `skein queue …` on a real node, over queues that an AWS client made. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';
import { sendSigned } from '../support/signed.ts';

suite('skein queue', () => {
  let node: RealNode;
  before(async () => {
    node = await startRealNode();
    await sqs('CreateQueue', { QueueName: 'failed' });
    const redrive = { deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:failed', maxReceiveCount: 1 };
    await sqs('CreateQueue', { QueueName: 'jobs', Attributes: { RedrivePolicy: JSON.stringify(redrive) } });
    await sqs('CreateQueue', { QueueName: 'ordered.fifo', Attributes: { FifoQueue: 'true' } });
  });
  after(() => node?.[Symbol.asyncDispose]());

  async function sqs(operation: string, input: object) {
    const file = JSON.parse(readFileSync(join(node.home, 'node.json'), 'utf8'));
    const answer = await sendSigned(file.control, file, {
      ...{ method: 'POST', path: '/', service: 'sqs', body: JSON.stringify(input) },
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${operation}` },
    });
    assert.equal(answer.status, 200, `${operation}: ${answer.text}`);
    return answer.text === '' ? {} : JSON.parse(answer.text);
  }
  const urlOf = (name: string) => `http://127.0.0.1/000000000000/${name}`;
  const text = async (...words: string[]) => (await node.skein(['queue', ...words])).stdout;
  const json = async (...words: string[]) => JSON.parse(await text(...words, '--json'));
  const counts = async (name: string) => {
    const { visible, inFlight, delayed } = await json('show', name);
    return { visible, inFlight, delayed };
  };

  test('lists queues with what lies in them', async () => {
    const { queues } = await json('list');
    assert.deepEqual(
      queues.map(({ name, fifo, deadLetter }: Record<string, unknown>) => ({ name, fifo, deadLetter })),
      [
        { name: 'failed', fifo: false, deadLetter: null },
        { name: 'jobs', fifo: false, deadLetter: { queue: 'failed', maxReceiveCount: 1 } },
        { name: 'ordered.fifo', fifo: true, deadLetter: null },
      ],
    );
    assert.match(await text('list'), /^QUEUE +WAITING +IN FLIGHT +DELAYED +DEAD LETTERS +STATE\n/);
  });

  test('sends, looks without receiving, and empties', async () => {
    await text('send', 'ordered.fifo', '--data', 'one', '--group', 'g', '--dedup', 'a');
    const sent = await json('send', 'ordered.fifo', '--data', 'two', '--group', 'g', '--dedup', 'b');
    const { messages } = await json('peek', 'ordered.fifo');
    assert.deepEqual(
      messages.map(({ body, groupId, receiveCount }: Record<string, unknown>) => [
        body,
        groupId,
        receiveCount,
      ]),
      [
        ['one', 'g', 0],
        ['two', 'g', 0],
      ],
    );
    assert.equal(messages[1].messageId, sent.messageId);
    assert.match(await text('peek', 'ordered.fifo', '--limit', '1'), /visible, group g\n {2}one\n$/);
    assert.deepEqual(await json('purge', 'ordered.fifo'), { name: 'ordered.fifo', deleted: 2 });
    assert.match(await text('peek', 'ordered.fifo'), /ordered\.fifo is empty/);
  });

  test('holds a queue up, and lets it go on', async () => {
    assert.match(await text('pause', 'jobs'), /hands nothing out/);
    await text('send', 'jobs', '--data', 'held');
    assert.equal((await sqs('ReceiveMessage', { QueueUrl: urlOf('jobs') })).Messages, undefined);
    assert.match(await text('show', 'jobs'), /jobs, paused/);
    await text('resume', 'jobs');
    const { Messages } = await sqs('ReceiveMessage', { QueueUrl: urlOf('jobs'), WaitTimeSeconds: 20 });
    assert.equal(Messages[0].Body, 'held');
    await sqs('DeleteMessage', { QueueUrl: urlOf('jobs'), ReceiptHandle: Messages[0].ReceiptHandle });
  });

  test('moves dead letters back to where they came from', async () => {
    await text('send', 'jobs', '--data', 'poison');
    const first = { QueueUrl: urlOf('jobs'), VisibilityTimeout: 0, WaitTimeSeconds: 20 };
    assert.equal((await sqs('ReceiveMessage', first)).Messages.length, 1);
    await sqs('ReceiveMessage', { QueueUrl: urlOf('jobs') }); // was received once: goes to the dead letters instead
    await eventually('it is a dead letter', async () => (await counts('failed')).visible === 1);
    const { messages } = await json('peek', 'failed');
    assert.deepEqual([messages[0].body, messages[0].deadLetterSource], ['poison', 'jobs']);
    assert.deepEqual((await json('show', 'failed')).deadLettersOf, ['jobs']);

    assert.equal((await json('redrive', 'failed', '--rate', '100')).maxPerSecond, 100);
    await eventually('it is back', async () => (await counts('jobs')).visible === 1);
    assert.equal((await counts('failed')).visible, 0);
    assert.match(await text('redrive', 'failed', '--stop'), /Nothing is being moved|Stopped/);
  });

  test('says what is wrong', async () => {
    const refused = (...words: string[]) => node.skein(['queue', ...words], { allowFailure: true });
    const missing = await refused('show', 'jops');
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /There is no queue "jops" here/);
    assert.equal((await refused('peek', 'jobs', '--limit', '0')).code, 2);
    assert.equal((await refused('send', 'jobs')).code, 2);
    const noGroup = await refused('send', 'ordered.fifo', '--data', 'x');
    assert.equal(noGroup.code, 1);
    assert.match(noGroup.stderr, /MessageGroupId/);
  });
});
