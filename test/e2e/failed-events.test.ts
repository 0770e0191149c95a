/** Events that failed, dead letters and idempotency keys on a real node: what docs/events.md promises of them. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { killQuietly } from '../support/processes.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';
import { sendSigned } from '../support/signed.ts';

/** What has happened is written into a file of the machine's: nothing is isolated here, but users may differ. */
const CODE = `
const { appendFileSync, readFileSync } = require('node:fs');
const note = (line) => appendFileSync(process.env.NOTES, line + '\\n');
exports.picky = async (event) => {
  if (typeof event.count !== 'number') throw new TypeError('count is no number');
  note('picky ' + event.count);
};
exports.broken = async () => { throw new Error('always'); };
exports.order = async ({ body }) => {
  const { ms = 0 } = JSON.parse(body);
  note('begun');
  await new Promise((resolve) => setTimeout(resolve, ms));
  note('done');
  return { statusCode: 201, headers: { 'x-order': 'one' }, body: String(readFileSync(process.env.NOTES, 'utf8').split('begun').length - 1) };
};
`;

const manifest = (notes: string) => `
app: late
queues: { failed: {} }
functions:
  picky: { runtime: nodejs24.x, handler: index.picky, code: ./code, retries: 0, environment: { NOTES: ${notes} } }
  broken: { runtime: nodejs24.x, handler: index.broken, code: ./code, retries: 0, deadLetter: failed, destinations: { failure: { queue: failed } } }
  order: { runtime: nodejs24.x, handler: index.order, code: ./code, timeout: 60s, idempotency: header Idempotency-Key, environment: { NOTES: ${notes} } }
`;

interface Shown {
  readonly id: string;
  readonly reason: string | null;
  readonly failures: readonly {
    readonly outcome: string;
    readonly errorMessage: string;
    readonly attemptId: string;
  }[];
  readonly differences: { readonly compared: number; readonly changed: readonly object[] };
}

interface Received {
  readonly Messages?: readonly {
    readonly Body: string;
    readonly MessageAttributes?: Readonly<Record<string, { readonly StringValue: string }>>;
  }[];
}

suite('events that failed, and keys', () => {
  let node: RealNode;
  let folder: string;
  let notes: string;
  before(async () => {
    node = await startRealNode(['--driver', 'process', '--event-retry', '1s']);
    folder = mkdtempSync(join(tmpdir(), 'skein-notes-'));
    notes = join(folder, 'notes');
    chmodSync(folder, 0o755);
    writeFileSync(notes, '');
    chmodSync(notes, 0o666);
    await node.deploy({ 'skein.yaml': manifest(notes), 'code/index.js': CODE });
  });
  after(async () => {
    await node?.[Symbol.asyncDispose]();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  const lines = () => readFileSync(notes, 'utf8').split('\n');
  const skein = async (...args: string[]) => JSON.parse((await node.skein([...args, '--json'])).stdout);
  const later = async (name: string, event: object) =>
    (await skein('invoke', name, '--async', '--data', JSON.stringify(event))).requestId as string;
  const isThere = (line: string) => eventually(`"${line}" is there`, async () => lines().includes(line));

  test('can be looked at, compared with those that succeeded, mended and run again', async () => {
    await later('late-picky', { count: 1 });
    await isThere('picky 1');
    const id = await later('late-picky', { count: 'two' });
    await eventually('it is among the failed', async () => {
      const { events } = await skein('events', 'list', '--failed', '--function', 'late-picky');
      return events.length === 1;
    });
    let shown = (await skein('events', 'show', id)) as Shown;
    await eventually('there is something to compare with', async () => {
      shown = await skein('events', 'show', id);
      return shown.differences.compared > 0;
    });
    assert.deepEqual(
      [shown.reason, shown.failures.map(({ outcome, errorMessage }) => [outcome, errorMessage])],
      ['RetriesExhausted', [['error', 'count is no number']]],
    );
    assert.deepEqual(shown.differences.changed, [{ path: '$.count', type: 'string', before: 'number' }]);
    const { stdout } = await node.skein(['events', 'show', id]);
    assert.match(stdout, /TypeError: count is no number[\s\S]*\$\.count is string, was number/);
    await node.skein(['events', 'edit', id, '--data', '{"count":2}']);
    assert.match((await node.skein(['events', 'redrive', id])).stdout, /1 event runs again/);
    await isThere('picky 2');
    const gone = await node.skein(['events', 'redrive', id], { allowFailure: true });
    assert.deepEqual([gone.code, /no failed event/.test(gone.stderr)], [1, true]);
  });

  test('of a function that is held up wait, and go on', async () => {
    assert.equal((await skein('events', 'pause', 'late-picky')).changed, true);
    const id = await later('late-picky', { count: 3 });
    const { events, paused } = await skein('events', 'list');
    assert.deepEqual([events.map((one: { id: string }) => one.id), paused.length], [[id], 1]);
    await later('late-broken', {}); // what comes later of another function does not wait
    await eventually('another was run', async () => {
      return (await skein('events', 'list', '--failed', '--function', 'late-broken')).events.length === 1;
    });
    assert.ok(!lines().includes('picky 3'));
    await node.skein(['events', 'resume', 'late-picky']);
    await isThere('picky 3');
  });

  test('lie in the dead-letter queue as they were, and are told to the destination', async () => {
    const id = await later('late-broken', { n: 12 });
    const { control, ...keys } = JSON.parse(readFileSync(join(node.home, 'node.json'), 'utf8'));
    const wanted = {
      QueueUrl: `${control}/000000000000/late-failed`,
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: 1,
    };
    const found: { body: string; attributes: Record<string, string> }[] = [];
    await eventually('both messages came', async () => {
      const { status, text } = await sendSigned(control, keys, {
        ...{ method: 'POST', path: '/', service: 'sqs' },
        headers: { 'X-Amz-Target': 'AmazonSQS.ReceiveMessage', 'Content-Type': 'application/x-amz-json-1.0' },
        body: JSON.stringify({ ...wanted, MessageAttributeNames: ['All'] }),
      });
      assert.equal(status, 200, text);
      for (const { Body, MessageAttributes = {} } of (JSON.parse(text) as Received).Messages ?? []) {
        const attributes = Object.entries(MessageAttributes).map(([name, { StringValue }]) => [
          name,
          StringValue,
        ]);
        found.push({ body: Body, attributes: Object.fromEntries(attributes) });
      }
      return (
        found.filter(({ body, attributes }) => attributes.RequestID === id || body.includes(id)).length === 2
      );
    });
    const letter = found.find(({ attributes }) => attributes.RequestID === id);
    assert.deepEqual(letter, {
      body: '{"n":12}',
      attributes: { RequestID: id, ErrorCode: '200', ErrorMessage: 'always' },
    });
    const record = JSON.parse(found.find(({ body }) => body.includes(id))?.body ?? '{}');
    assert.deepEqual(
      [record.requestContext.condition, record.requestPayload],
      ['RetriesExhausted', { n: 12 }],
    );
  });

  const order = (key: string, ms = 0) =>
    node.request('late-order.localhost', {
      method: 'POST',
      headers: { 'idempotency-key': key, 'content-type': 'application/json' },
      body: JSON.stringify({ ms }),
    });
  const begun = () => lines().filter((line) => line === 'begun').length;

  test('a key is run once, and answered as the first time', async () => {
    const before = begun();
    const first = await order('a');
    const second = await order('a');
    for (const answer of [first, second])
      assert.deepEqual(
        [answer.status, answer.headers['x-order'], String(answer.body)],
        [201, 'one', String(first.body)],
      );
    assert.equal(begun(), before + 1);
    await eventually('one invocation is metered', async () => {
      const { invocations } = await node.usage('late-order');
      return invocations === 1 || invocations;
    });
  });

  test('one that runs is not run beside itself; cut off by a kill it runs again', async () => {
    const before = begun();
    const cut = order('b', 60_000).then(
      () => 'answered',
      () => 'cut off',
    );
    await eventually('it runs', async () => begun() === before + 1);
    const { status, body } = await order('b');
    assert.deepEqual([status, /is running at this moment/.test(String(body))], [409, true]);
    killQuietly(node.pid, 'SIGKILL');
    assert.equal(await cut, 'cut off');
    await node.up();
    const again = await order('b');
    assert.equal(again.status, 201);
    assert.equal(begun(), before + 2);
    assert.equal(String((await order('b')).body), String(again.body));
    assert.equal(begun(), before + 2);
  });
});
