/** What docs/webhooks.md promises, on a real node: kept before it is answered, run once, never for a wrong signature. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { appFolder } from '../support/app-folder.ts';
import { eventually } from '../support/eventually.ts';
import { killQuietly } from '../support/processes.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Writes down what it was given, in the app's database, which outlives the node; fails once where it is asked to. */
const CODE = `
import postgres from 'postgres';
const sql = postgres(process.env.DATABASE_URL, { max: 1, onnotice: () => {} });
const table = sql\`create table if not exists seen (body text, request text)\`.catch(() => {});
export async function take(event, context) {
  await table;
  const body = event.isBase64Encoded ? Buffer.from(event.body, 'base64').toString() : event.body;
  const before = await sql\`select from seen where body = \${body}\`;
  await sql\`insert into seen values (\${body}, \${context.awsRequestId})\`;
  if (body.includes('fail once') && before.length === 0) throw new Error('not yet');
}
export async function read() {
  await table;
  return await sql\`select body, request from seen\`;
}
`;

const MANIFEST = `
app: hooks
databases: { main: {} }
functions:
  take:
    runtime: nodejs24.x
    handler: index.take
    code: ./code
    timeout: 30s
    database: main
    routes: [ { route: "POST /github", webhook: github, secret: [ HOOK_KEY, HOOK_KEY_BEFORE ] } ]
  read: { runtime: nodejs24.x, handler: index.read, code: ./code, timeout: 30s, database: main }
`;

suite('webhooks', () => {
  let node: RealNode;
  const folder = appFolder({ 'skein.yaml': MANIFEST, 'code/index.mjs': CODE });
  before(async () => {
    node = await startRealNode(['--event-retry', '1s']);
  });
  after(async () => {
    await node?.[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  const post = (body: string, { id = 'd-1', key = 'first', signature = '' } = {}) =>
    node.request('hooks.localhost', {
      ...{ method: 'POST', path: '/github', body },
      headers: {
        'content-type': 'application/json',
        'x-github-delivery': id,
        'x-hub-signature-256': signature || `sha256=${createHmac('sha256', key).update(body).digest('hex')}`,
      },
    });
  const seen = async (body: string) => {
    const all = (await node.invoke('hooks-read')).payload as { body: string; request: string }[];
    return all.filter((one) => one.body === body);
  };
  const instances = async () => {
    const { stdout } = await node.skein(['list', '--json']);
    const { functions } = JSON.parse(stdout) as { functions: { name: string; instances: number }[] };
    return functions.find(({ name }) => name === 'hooks-take')?.instances;
  };
  const nothingLeft = async () => {
    const { events } = (await node.control('GET', '/api/v1/status')).json() as {
      events: { waiting: number };
    };
    return events.waiting === 0 || events;
  };

  test('a deploy whose secret is not set is refused', async () => {
    symlinkSync(join(ROOT, 'node_modules'), join(folder.path, 'node_modules'));
    const { code, stderr } = await node.skein(['deploy', folder.path], { allowFailure: true });
    assert.equal(code, 1);
    assert.match(stderr, /secret "HOOK_KEY" of hooks-take/);
    await node.skein(['secret', 'set', 'HOOK_KEY', 'first']);
    await node.skein(['secret', 'set', 'HOOK_KEY_BEFORE', 'zeroth', '--app', 'hooks']);
    await node.skein(['deploy', folder.path]);
    await node.invoke('hooks-read'); // the table is there
  });

  test('a wrong signature, or none, is 401 and starts no instance', async () => {
    const wrong = [
      await post('{}', { key: 'guessed' }),
      await post('{}', { signature: 'sha256=00' }),
      await node.request('hooks.localhost', { method: 'POST', path: '/github', body: '{}' }),
    ];
    assert.deepEqual(
      wrong.map(({ status }) => status),
      [401, 401, 401],
    );
    assert.match(String(wrong[2]?.json().message), /the header x-hub-signature-256 is missing/);
    const unsigned = { method: 'POST', path: '/github', body: '{}' };
    assert.equal((await node.request('hooks-take.localhost', unsigned)).status, 403);
    assert.equal(await instances(), 0);
    assert.equal((await node.usage('hooks-take')).invocations, 0);
  });

  test('a delivery is answered with 202 and run, by whichever secret it was signed', async () => {
    const kept = await post('{"n":1}', { id: 'n-1' });
    assert.deepEqual([kept.status, kept.body.length], [202, 0]);
    assert.equal((await post('{"n":0}', { id: 'n-0', key: 'zeroth' })).status, 202);
    await eventually('both have run', async () => {
      const counts = [(await seen('{"n":1}')).length, (await seen('{"n":0}')).length];
      return (counts[0] === 1 && counts[1] === 1) || counts;
    });
    assert.equal((await seen('{"n":1}'))[0]?.request, kept.headers['x-amzn-requestid']);
  });

  test('one that comes ten times, also to a node that was killed in between, is run once', async () => {
    const body = '{"n":2}';
    const statuses = await Promise.all(Array.from({ length: 9 }, () => post(body, { id: 'n-2' })));
    assert.deepEqual(new Set(statuses.map(({ status }) => status)), new Set([202]));
    await eventually('it has run', async () => (await seen(body)).length > 0);
    await eventually('nothing is left', nothingLeft, 30_000);
    killQuietly(node.pid, 'SIGKILL');
    await node.up();
    assert.equal((await post(body, { id: 'n-2' })).status, 202);
    assert.equal((await post('{"n":3}', { id: 'n-3' })).status, 202);
    await eventually('another one has run', async () => (await seen('{"n":3}')).length === 1);
    await eventually('nothing is left', nothingLeft, 30_000);
    assert.equal((await seen(body)).length, 1);
  });

  test('one whose function fails is run again under its id', async () => {
    const body = '{"what":"fail once"}';
    const { headers } = await post(body, { id: 'n-4' });
    await eventually('it has run twice', async () => (await seen(body)).length === 2);
    const requests = (await seen(body)).map(({ request }) => request);
    assert.deepEqual(requests, [headers['x-amzn-requestid'], headers['x-amzn-requestid']]);
  });

  test('a secret’s new value holds at once', async () => {
    await node.skein(['secret', 'set', 'HOOK_KEY', 'second']);
    assert.equal((await post('{"n":5}', { id: 'n-5', key: 'first' })).status, 401);
    assert.equal((await post('{"n":5}', { id: 'n-5', key: 'second' })).status, 202);
  });
});
