/**
 * A function that sends to queues by AWS's SDK with nothing configured: as its own role, under a queue's own policy,
 * and with the chain of events that it belongs to. Under every driver that this machine has.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { problem } from '../../src/sandbox/oci/driver-fixture.ts';
import { appFolder } from '../support/app-folder.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';
import { sendSigned } from '../support/signed.ts';

const PACKAGES = join(import.meta.dirname, '../clients/.cache/js/node_modules');
const noPackages = existsSync(join(PACKAGES, '@aws-sdk/client-sqs'))
  ? false
  : '@aws-sdk/client-sqs is not installed (test/clients/install.sh)';

const SENDER = `
import { GetQueueUrlCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
const sqs = new SQSClient({ maxAttempts: 1 });
export async function handler({ queue, body }) {
  try {
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: queue }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: body }));
    return { url: QueueUrl, endpoint: process.env.AWS_ENDPOINT_URL };
  } catch (error) {
    return { error: error.name, message: error.message };
  }
}
`;

const MANIFEST = `
app: shop
functions:
  sender: { runtime: nodejs24.x, handler: index.handler, code: ./sender, timeout: 30s, memory: 512MB }
`;

const POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::000000000000:role/skein/skein-shop-sender' },
      Action: ['sqs:GetQueueUrl', 'sqs:SendMessage'],
      Resource: 'arn:aws:sqs:us-east-1:000000000000:jobs',
    },
  ],
});

interface Received {
  readonly Body: string;
  readonly ReceiptHandle: string;
  readonly Attributes: Readonly<Record<string, string>>;
}

for (const driver of ['process', 'oci'] as const) {
  const skip = noPackages || (driver === 'oci' ? (problem ?? false) : false);
  suite(`a function and queues, under ${driver}`, { skip }, () => {
    let node: RealNode;

    before(async () => {
      node = await startRealNode(['--driver', driver]);
      await sqs('CreateQueue', { QueueName: 'jobs', Attributes: { Policy: POLICY } });
      await sqs('CreateQueue', { QueueName: 'closed' });
      using folder = appFolder({ 'skein.yaml': MANIFEST, 'sender/index.mjs': SENDER });
      symlinkSync(PACKAGES, join(folder.path, 'sender/node_modules'));
      await node.skein(['deploy', folder.path]);
    });
    after(() => node?.[Symbol.asyncDispose]());

    async function sqs(operation: string, input: object) {
      const file = JSON.parse(readFileSync(join(node.home, 'node.json'), 'utf8'));
      const answer = await sendSigned(file.control, file, {
        ...{ method: 'POST', path: '/', service: 'sqs', body: JSON.stringify(input) },
        headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${operation}` },
      });
      assert.equal(answer.status, 200, `${operation}: ${answer.text}`);
      return JSON.parse(answer.text) as { readonly Messages?: readonly Received[] };
    }

    async function receive(): Promise<Received> {
      const QueueUrl = 'http://localhost/000000000000/jobs';
      const wanted = { QueueUrl, WaitTimeSeconds: 20, MessageSystemAttributeNames: ['All'] };
      for (;;) {
        const [message] = (await sqs('ReceiveMessage', wanted)).Messages ?? [];
        if (message === undefined) continue;
        await sqs('DeleteMessage', { QueueUrl, ReceiptHandle: message.ReceiptHandle });
        return message;
      }
    }

    const call = async (event: object) =>
      (await node.invoke('shop-sender', event)).payload as Record<string, string>;

    test("a queue's policy lets its role in, and an answered URL is good where it was asked for", async () => {
      const { url, endpoint, message } = await call({ queue: 'jobs', body: 'called' });
      assert.equal(url, `${endpoint}/000000000000/jobs`, message);
      const { Body, Attributes } = await receive();
      assert.equal(Body, 'called');
      assert.match(Attributes.SenderId ?? '', /^AROA[A-Z0-9]+:shop-sender$/);
    });

    test('what nothing allows is refused', async () => {
      const { error, message } = await call({ queue: 'closed', body: 'x' });
      assert.equal(error, 'AccessDenied');
      assert.match(
        message ?? '',
        /assumed-role\/skein-shop-sender\/shop-sender is not authorized to perform: sqs:GetQueueUrl on resource: arn:aws:sqs:us-east-1:000000000000:closed/,
      );
    });

    test('a message that an event leads to says how long their chain is', async () => {
      const event = JSON.stringify({ queue: 'jobs', body: 'an event' });
      await node.skein(['invoke', 'shop-sender', '--async', '--data', event]);
      const { Body, Attributes } = await receive();
      assert.equal(Body, 'an event');
      assert.match(
        Attributes.AWSTraceHeader ?? '',
        /^Root=1-[0-9a-f]{8}-[0-9a-f]{24};.*Lineage=[0-9a-f]+:1(;|$)/,
      );
    });
  });
}
