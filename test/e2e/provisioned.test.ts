/** Provisioned concurrency from outside: instances that stand ready, across deploys, crashes and restarts. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Barrier, startBarrier } from '../support/barrier.ts';
import { eventually } from '../support/eventually.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';

const READY = 5;

/** Waits at the barrier and says how it was initialised; each instance takes a while to. */
const CODE = (version: string) => `
const http = require('node:http');
const until = Date.now() + 100;
while (Date.now() < until);
exports.handler = async (event) => {
  const { url, crash } = JSON.parse(event.body ?? '{}');
  if (crash) process.exit(1);
  if (url) await new Promise((resolve, reject) =>
    http.get(url, (answer) => answer.resume().on('end', resolve)).on('error', reject));
  return { version: '${version}', type: process.env.AWS_LAMBDA_INITIALIZATION_TYPE };
};
`;

function app(code: string, ...lines: string[]) {
  const rest = ['runtime: nodejs24.x', 'handler: index.handler', 'code: .', 'timeout: 60s', 'stopAfter: 1s'];
  const keys = [...rest, ...lines].map((line) => `    ${line}\n`).join('');
  return { 'skein.yaml': `app: ready\nfunctions:\n  f:\n${keys}`, 'index.js': code };
}

const PROVISIONED = `concurrency: { provisioned: ${READY} }`;

interface Listed {
  readonly name: string;
  readonly instances: number;
  readonly provisioned: { readonly wanted: number; readonly ready: number };
}

async function listed(node: RealNode): Promise<Listed> {
  const answer = await node.control('GET', '/api/v1/functions');
  const { functions } = answer.json() as unknown as { functions: Listed[] };
  return functions[0]!;
}

/** As many at once as stand ready. @returns what each of them said */
async function crowd(node: RealNode, count: number) {
  await using barrier: Barrier = await startBarrier();
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ url: barrier.url });
  const calls = Array.from({ length: count }, () =>
    node.request('ready-f.localhost', { method: 'POST', headers, body }),
  );
  await barrier.arrived(count, calls);
  barrier.open();
  return (await Promise.all(calls)).map((answer) => {
    assert.equal(answer.status, 200, answer.body.toString());
    return answer.json() as { version: string; type: string };
  });
}

async function assertColdStarts(node: RealNode, expected: number, invocations: number): Promise<void> {
  await eventually('every invocation is on the bill', async () => {
    const usage = await node.usage('ready-f');
    return usage.invocations === invocations || usage;
  });
  assert.equal((await node.usage('ready-f')).coldStarts, expected);
}

suite('provisioned concurrency', () => {
  test('the first requests show no init, also right after a deploy and after a restart', async () => {
    await using node = await startRealNode();
    await node.deploy(app(CODE('one'), PROVISIONED));
    assert.deepEqual((await listed(node)).provisioned, { wanted: READY, ready: READY });
    assert.ok((await crowd(node, READY)).every(({ type }) => type === 'provisioned-concurrency'));

    await node.deploy(app(CODE('two'), PROVISIONED));
    assert.ok((await crowd(node, READY)).every(({ version }) => version === 'two'));
    await eventually('the version before has ended', async () => {
      const { instances } = await listed(node);
      return instances === READY || instances;
    });

    await node.skein(['down']);
    await node.up();
    await crowd(node, READY);
    await assertColdStarts(node, 0, 3 * READY);
    const logs = await node.skein(['logs', 'ready-f', '--json']);
    assert.match(logs.stdout, /REPORT RequestId/);
    assert.doesNotMatch(logs.stdout, /Init Duration/);
  });

  test('one more than stand ready is started on demand, and goes again while they stay', async () => {
    await using node = await startRealNode();
    await node.deploy(app(CODE('one'), PROVISIONED));
    const seen = await crowd(node, READY + 1);
    assert.equal(seen.filter(({ type }) => type === 'on-demand').length, 1);
    await assertColdStarts(node, 1, READY + 1);
    await eventually('what was started on demand is stopped', async () => {
      const { instances, provisioned } = await listed(node);
      return (instances === READY && provisioned.ready === READY) || { instances, provisioned };
    });
  });

  test('one that crashes is replaced', async () => {
    await using node = await startRealNode();
    await node.deploy(app(CODE('one'), PROVISIONED));
    const headers = { 'content-type': 'application/json' };
    const crashed = await node.request('ready-f.localhost', {
      method: 'POST',
      headers,
      body: '{"crash":true}',
    });
    assert.equal(crashed.status, 502);
    await eventually('all stand ready again', async () => {
      const { ready } = (await listed(node)).provisioned;
      return ready === READY || ready;
    });
    await crowd(node, READY);
    await assertColdStarts(node, 0, READY + 1);
  });

  test('a deploy whose instances cannot initialise changes nothing and says why', async () => {
    await using node = await startRealNode();
    await node.deploy(app(CODE('one'), PROVISIONED));
    const broken = `throw new TypeError('no such cake');`;
    const refused = await node.deploy(app(broken, PROVISIONED), { allowFailure: true });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /5 provisioned instances of ready-f could not be started.*TypeError/s);
    assert.match(refused.stderr, /Nothing was changed/);
    assert.ok((await crowd(node, READY)).every(({ version }) => version === 'one'));

    await node.deploy(app(CODE('two'), PROVISIONED));
    await node.skein(['rollback', 'ready-f']);
    assert.ok((await crowd(node, READY)).every(({ version }) => version === 'one'));
    await assertColdStarts(node, 0, 2 * READY);
  });

  test('stands ready by the time of day, and not when no entry lasts', async () => {
    await using node = await startRealNode();
    const entry = (cron: string) =>
      `concurrency: { provisioned: [ { cron: "${cron}", count: ${READY}, for: 1h } ] }`;
    await node.deploy(app(CODE('one'), entry('* * * * *')));
    assert.deepEqual((await listed(node)).provisioned, { wanted: READY, ready: READY });
    await crowd(node, READY);
    await assertColdStarts(node, 0, READY);
    await node.deploy(app(CODE('one'), entry('0 0 1 1 ? 2199')));
    assert.deepEqual((await listed(node)).provisioned, { wanted: 0, ready: 0 });
  });

  test('is metered by what stood ready, and turned off by leaving it out', async () => {
    await using node = await startRealNode();
    const before = performance.now();
    await node.deploy(app(CODE('one'), PROVISIONED, 'memory: 256MB'));
    const used = async () => (await node.usage('ready-f')).provisionedGbSeconds;
    const first = await used();
    await eventually('a GB-second has been reserved', async () => (await used()) >= 1 + first || used());
    const most = (READY * 0.25 * (performance.now() - before)) / 1_000;
    assert.ok((await used()) <= most, 'no more than all of them for all of the time');

    await node.deploy(app(CODE('one'), 'memory: 256MB'));
    assert.deepEqual((await listed(node)).provisioned, { wanted: 0, ready: 0 });
    const last = await used();
    await eventually('no instance is left', async () => {
      const { instances } = await listed(node);
      return instances === 0 || instances;
    });
    assert.equal(await used(), last);
  });
});
