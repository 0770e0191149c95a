/** Triggers of queues on a real node: what docs/triggers.md promises, also when the node is killed. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import {
  CreateEventSourceMappingCommand,
  type CreateEventSourceMappingCommandInput,
  LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { appFolder } from '../support/app-folder.ts';
import { eventually } from '../support/eventually.ts';
import { killQuietly } from '../support/processes.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';
import { sendSigned } from '../support/signed.ts';

const ROOT = join(import.meta.dirname, '../..');
const VECTORS = process.env.SKEIN_VECTORS ?? join(ROOT, '../shared/vectors');
const SHAPE = join(VECTORS, 'lambda-events/go/sqs-event.json');
const QUEUE_ARN = 'arn:aws:sqs:us-east-1:000000000000:';

/** Each writes down what it was given, in the app's database, which outlives the node. */
const CODE = `
import postgres from 'postgres';
const sql = postgres(process.env.DATABASE_URL, { max: 1, onnotice: () => {} });
const table = sql\`create table if not exists seen (
  at bigserial, body text, what text, ms float8 default extract(epoch from clock_timestamp()) * 1000, record jsonb)\`.catch(() => {});
const note = async (record, what) => {
  await table;
  await sql\`insert into seen (body, what, record) values (\${record.body}, \${what}, \${sql.json(record)})\`;
};
export async function work({ Records }) {
  for (const record of Records) await note(record, 'work');
  const failed = Records.filter(({ body }) => JSON.parse(body).poison);
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}
export async function alone({ Records: [record] }) {
  await note(record, 'begin');
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await note(record, 'end');
}
export async function read({ what }) {
  await table;
  return await sql\`select body, what, ms, record from seen where what = any(\${what}) order by at\`;
}
`;

const MANIFEST = `
app: line
databases: { main: {} }
queues:
  jobs: { visibilityTimeout: 3s, maxReceiveCount: 2, deadLetter: failed }
  failed: {}
  single: { visibilityTimeout: 5s, maxReceiveCount: 100, deadLetter: failed }
  ordered: { fifo: true, visibilityTimeout: 5s }
  spare: {}
functions:
  work:
    { runtime: nodejs24.x, handler: index.work, code: ./code, database: main,
      triggers: [ { queue: jobs, batch: 10, partial: true, filter: [ { body: { kind: [ order ] } } ] },
                  { queue: ordered } ] }
  alone:
    { runtime: nodejs24.x, handler: index.alone, code: ./code, database: main,
      triggers: [ { queue: single, batch: 1, maxConcurrency: 1 } ] }
  read: { runtime: nodejs24.x, handler: index.read, code: ./code, database: main }
`;

interface Seen {
  readonly body: string;
  readonly what: string;
  readonly ms: number;
  readonly record: { readonly attributes: Readonly<Record<string, string>> };
}

/** Types of all there is, by path; what a message's sender names is anything. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return 'list';
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)]));
}

suite('triggers of queues', () => {
  let node: RealNode;
  before(async () => {
    node = await startRealNode(['--driver', 'process']);
    using folder = appFolder({ 'skein.yaml': MANIFEST, 'code/index.mjs': CODE });
    symlinkSync(join(ROOT, 'node_modules'), join(folder.path, 'node_modules'));
    await node.skein(['deploy', folder.path]);
  });
  after(() => node?.[Symbol.asyncDispose]());

  const seen = async (...what: string[]) => (await node.invoke('line-read', { what })).payload as Seen[];
  const keys = () => JSON.parse(readFileSync(join(node.home, 'node.json'), 'utf8'));
  const sqs = async (operation: string, queue: string, input: object) => {
    const { control, ...credentials } = keys();
    const answer = await sendSigned(control, credentials, {
      ...{ method: 'POST', path: '/', service: 'sqs' },
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${operation}` },
      body: JSON.stringify({ QueueUrl: `${control}/000000000000/${queue}`, ...input }),
    });
    assert.equal(answer.status, 200, answer.text);
    return JSON.parse(answer.text);
  };
  const put = async (queue: string, messages: readonly object[]) => {
    for (let at = 0; at < messages.length; at += 10) {
      const Entries = messages.slice(at, at + 10).map((message, n) => ({ Id: String(n), ...message }));
      const { Failed = [] } = await sqs('SendMessageBatch', queue, { Entries });
      assert.deepEqual(Failed, []);
    }
  };
  const left = async (queue: string) => {
    const { Attributes } = await sqs('GetQueueAttributes', queue, { AttributeNames: ['All'] });
    const { ApproximateNumberOfMessages: visible, ApproximateNumberOfMessagesNotVisible: hidden } =
      Attributes;
    return Number(visible) + Number(hidden);
  };
  const order = (n: number, more: object = {}) => ({
    MessageBody: JSON.stringify({ kind: 'order', n, ...more }),
  });

  test('a message becomes an event in Lambda’s shape; what a filter refuses is gone; poison fails alone', async () => {
    const attributes = { shop: { DataType: 'String', StringValue: 'north' } };
    const orders = Array.from({ length: 22 }, (_, n) => order(n));
    await put('line-jobs', [{ ...orders[0], MessageAttributes: attributes }, ...orders.slice(1)]);
    await put('line-jobs', [
      order(99, { poison: true }),
      { MessageBody: '{"kind":"other"}' },
      { MessageBody: 'no' },
    ]);
    await eventually(
      'only the dead-letter queue has one',
      async () => {
        const counts = [await left('line-jobs'), await left('line-failed')];
        return counts.join() === '0,1' || counts;
      },
      60_000,
    );
    const all = await seen('work');
    const tries = all.filter(({ body }) => JSON.parse(body).n === 99);
    assert.equal(tries.length, 2, 'as often as its queue says');
    assert.deepEqual(
      tries.map(({ record }) => record.attributes.ApproximateReceiveCount),
      ['1', '2'],
    );
    const others = all.filter(({ body }) => JSON.parse(body).n !== 99).map(({ body }) => JSON.parse(body).n);
    assert.deepEqual(
      others.toSorted((a, b) => a - b),
      orders.map((_, n) => n),
    );
    const [first] = all.filter(({ body }) => JSON.parse(body).n === 0);
    if (existsSync(SHAPE)) {
      const [sample] = JSON.parse(readFileSync(SHAPE, 'utf8')).Records;
      const { messageAttributes, ...expected } = sample;
      assert.deepEqual(
        shapeOf({ ...first?.record, messageAttributes: undefined }),
        shapeOf({ ...expected, messageAttributes: undefined }),
      );
      const { shop } = (first!.record as unknown as { messageAttributes: Record<string, unknown> })
        .messageAttributes;
      assert.deepEqual(shapeOf(shop), shapeOf(messageAttributes.Attribute1));
    }
  });

  test('a FIFO queue keeps the order of its groups', async () => {
    const bodies = Array.from({ length: 30 }, (_, n) => ({ n, group: `g${n % 3}` }));
    await put(
      'line-ordered.fifo',
      bodies.map(({ n, group }) => ({
        ...order(n, { group }),
        MessageGroupId: group,
        MessageDeduplicationId: String(n),
      })),
    );
    await eventually('all are done', async () => (await left('line-ordered.fifo')) === 0, 60_000);
    const done = (await seen('work'))
      .map(({ body }) => JSON.parse(body))
      .filter(({ group }) => group !== undefined);
    assert.equal(done.length, 30);
    for (const name of ['g0', 'g1', 'g2']) {
      const numbers = done.filter(({ group }) => group === name).map(({ n }) => n);
      assert.deepEqual(
        numbers,
        numbers.toSorted((a, b) => a - b),
      );
    }
  });

  test('never two at once where one may run, also when the node is killed and comes back', async () => {
    await put(
      'line-single',
      Array.from({ length: 5 }, (_, n) => order(n)),
    );
    const began = async () => (await seen('begin')).length;
    await eventually('one runs', async () => (await began()) > 0);
    killQuietly(node.pid, 'SIGKILL');
    await node.up();
    await eventually('it goes on', async () => (await began()) >= 3 || (await began()), 60_000);
    killQuietly(node.pid, 'SIGKILL');
    await node.up();
    await eventually(
      'all are done',
      async () => (await left('line-single')) === 0 || (await left('line-single')),
      90_000,
    );
    const steps = await seen('begin', 'end');
    for (const [at, { what, body }] of steps.entries()) {
      if (what === 'begin') continue;
      const before = steps[at - 1];
      assert.deepEqual([before?.what, before?.body], ['begin', body], 'what ends is what began last');
    }
    const ended = steps.filter(({ what }) => what === 'end').map(({ body }) => JSON.parse(body).n);
    assert.deepEqual([...new Set(ended)].toSorted(), [0, 1, 2, 3, 4]);
  });

  test('a mapping can be held up and go on; what its role, queue or pattern forbids is refused in Lambda’s words', async () => {
    const { control, accessKeyId, secretAccessKey } = keys();
    const lambda = new LambdaClient({
      endpoint: control,
      region: 'us-east-1',
      credentials: { accessKeyId, secretAccessKey },
    });
    const EventSourceArn = `${QUEUE_ARN}line-jobs`;
    const listed = await lambda.send(new ListEventSourceMappingsCommand({ EventSourceArn }));
    const [mapping] = listed.EventSourceMappings ?? [];
    assert.deepEqual(
      [mapping?.BatchSize, mapping?.State, mapping?.FunctionResponseTypes],
      [10, 'Enabled', ['ReportBatchItemFailures']],
    );
    const turn = async (Enabled: boolean) =>
      (await lambda.send(new UpdateEventSourceMappingCommand({ UUID: mapping?.UUID, Enabled }))).State;
    assert.equal(await turn(false), 'Disabling');
    await put('line-jobs', [order(1_000)]);
    const arrived = async () => (await seen('work')).some(({ body }) => JSON.parse(body).n === 1_000);
    assert.deepEqual([await left('line-jobs'), await arrived()], [1, false]);
    assert.equal(await turn(true), 'Enabling');
    await eventually('it is given out', arrived);
    const wrong: readonly [Partial<CreateEventSourceMappingCommandInput>, RegExp][] = [
      [
        { EventSourceArn: `${QUEUE_ARN}line-spare` },
        /does not have permissions to call ReceiveMessage on SQS/,
      ],
      [{ EventSourceArn: `${QUEUE_ARN}none` }, /AWS\.SimpleQueueService\.NonExistentQueue/],
      [
        { EventSourceArn, FilterCriteria: { Filters: [{ Pattern: '{"body":"a"}' }] } },
        /Invalid filter pattern/,
      ],
    ];
    for (const [more, message] of wrong) {
      const asked = lambda.send(new CreateEventSourceMappingCommand({ FunctionName: 'line-read', ...more }));
      await assert.rejects(asked, { name: 'InvalidParameterValueException', message });
    }
    lambda.destroy();
  });
});
