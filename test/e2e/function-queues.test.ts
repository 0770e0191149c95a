/**
 * Queues by real SDKs inside functions, which find address and credentials in their environment: what the manifest allows
 * works, anything else is refused with the line of the manifest that would allow it.
 */
import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { appFolder } from '../support/app-folder.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';

const CACHE = join(import.meta.dirname, '../clients/.cache');
const PYTHON_PACKAGES = join(CACHE, 'python');
const NODE_PACKAGES = join(CACHE, 'js/node_modules');
const installed =
  existsSync(join(NODE_PACKAGES, '@aws-sdk/client-sqs')) && existsSync(join(PYTHON_PACKAGES, 'boto3'));

const JAVASCRIPT = `
import { GetQueueUrlCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
const sqs = new SQSClient({ maxAttempts: 1 });
export async function handler({ queue, url, receive }) {
  try {
    const QueueUrl = url ?? (await sqs.send(new GetQueueUrlCommand({ QueueName: queue }))).QueueUrl;
    if (receive) return await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    const sent = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'from JavaScript' }));
    return { url: QueueUrl, id: sent.MessageId };
  } catch (error) {
    return { error: error.name, message: error.message };
  }
}
`;

const PYTHON = `
import boto3
from botocore.exceptions import ClientError

sqs = boto3.client("sqs")

def handler(event, context):
    try:
        url = event.get("url") or sqs.get_queue_url(QueueName=event["queue"])["QueueUrl"]
        if event.get("receive"):
            return {"messages": len(sqs.receive_message(QueueUrl=url).get("Messages", []))}
        return {"url": url, "id": sqs.send_message(QueueUrl=url, MessageBody="from Python")["MessageId"]}
    except ClientError as error:
        return {"error": error.response["Error"]["Code"], "message": error.response["Error"]["Message"]}
`;

const MANIFEST = `
app: shop
queues: { receipts: {}, secret: {} }
functions:
  js:
    { runtime: nodejs24.x, handler: index.handler, code: ./js, timeout: 60s, memory: 512MB,
      uses: [ { queue: receipts, allow: [ send ] } ] }
  py:
    { runtime: python3.11, handler: index.handler, code: ./py, timeout: 60s, memory: 512MB, layers: [ ./packages ],
      uses: [ { queue: receipts, allow: [ send ] } ] }
`;

interface Answer {
  readonly url?: string;
  readonly id?: string;
  readonly error?: string;
  readonly message?: string;
}

const skip = installed ? false : 'the SDKs are not installed (test/clients/install.sh)';

suite('queues inside functions', { skip }, () => {
  let node: RealNode;
  const ask = async (key: string, event: object) =>
    (await node.invoke(`shop-${key}`, event)).payload as Answer;

  before(async () => {
    node = await startRealNode();
    using folder = appFolder({ 'skein.yaml': MANIFEST, 'js/index.mjs': JAVASCRIPT, 'py/index.py': PYTHON });
    symlinkSync(NODE_PACKAGES, join(folder.path, 'js/node_modules'));
    copyBoto3(join(folder.path, 'packages/python'));
    await node.skein(['deploy', folder.path]);
  });
  after(() => node?.[Symbol.asyncDispose]());

  for (const [key, language, denied] of [
    ['js', 'JavaScript', 'AccessDenied'],
    ['py', 'Python', 'AccessDenied'],
  ] as const) {
    test(`${language} sends to the queue that it may use`, async () => {
      const sent = await ask(key, { queue: 'shop-receipts' });
      assert.ok(sent.id, JSON.stringify(sent));
      const { stdout } = await node.skein(['queue', 'peek', 'shop-receipts', '--limit', '50', '--json']);
      const found = JSON.parse(stdout).messages.find(
        (message: { messageId: string }) => message.messageId === sent.id,
      );
      assert.equal(found.body, `from ${language}`);
    });

    test(`${language} is told the line that would let it do more`, async () => {
      const { url = '' } = await ask(key, { queue: 'shop-receipts' });
      const cases = [
        [{ url: url.replace('receipts', 'secret') }, 'SendMessage', 'secret', 'send'],
        [{ url, receive: true }, 'ReceiveMessage', 'receipts', 'receive'],
      ] as const;
      for (const [event, operation, queue, right] of cases) {
        const { error = '', message = '' } = await ask(key, event);
        assert.match(error, new RegExp(denied));
        const line = `To allow it, add to functions.${key} in skein.yaml: uses: [ { queue: ${queue}, allow: [ ${right} ] } ]`;
        assert.ok(
          message.toLowerCase().includes(`not authorized to perform: sqs:${operation}`.toLowerCase()),
          message,
        );
        assert.ok(message.endsWith(line), message);
      }
    });
  }
});

/** Without the descriptions of services that are not called: those are most of it. */
function copyBoto3(to: string): void {
  const data = join(PYTHON_PACKAGES, 'botocore/data');
  const unneeded = readdirSync(data, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'sqs')
    .map(({ name }) => join(data, name));
  cpSync(PYTHON_PACKAGES, to, { recursive: true, filter: (path) => !unneeded.includes(path) });
}
