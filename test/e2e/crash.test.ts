/** The node is killed at the worst moment; what the next one on the same home finds, ends and keeps. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { suite, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { steadyLoad } from '../support/load.ts';
import { logsOf } from '../support/logs.ts';
import { isAlive, killQuietly, processesOf } from '../support/processes.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';

/** How much of the usage a crash may lose, by what the node promises. */
const MAY_BE_LOST_MS = 1_000;

/** A custom runtime in a few lines, kept busy by nothing but its own loop. */
const BOOTSTRAP = `#!/usr/bin/env python3.11
import os, urllib.request
base = 'http://' + os.environ['AWS_LAMBDA_RUNTIME_API'] + '/2018-06-01/runtime/invocation/'
while True:
    with urllib.request.urlopen(base + 'next') as work:
        request_id = work.headers['lambda-runtime-aws-request-id']
        work.read()
    urllib.request.urlopen(base + request_id + '/response', data=b'"bootstrap"').close()
`;

const APP = {
  'skein.yaml': `app: crash
functions:
  hello: { runtime: nodejs24.x, handler: index.hello, code: ./node }
  spin: { runtime: nodejs24.x, handler: index.spin, code: ./node, timeout: 60s }
  parent: { runtime: nodejs24.x, handler: index.parent, code: ./node }
  snake: { runtime: python3.11, handler: app.handler, code: ./python }
  custom: { runtime: provided.al2023, code: ./custom }
`,
  'node/index.js': `
exports.hello = async () => 'hello';
exports.spin = async () => { for (;;); };
exports.parent = async () => {
  const { spawn } = require('node:child_process');
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  await new Promise((resolve) => child.once('spawn', resolve));
  return child.pid;
};
`,
  'python/app.py': 'def handler(event, context):\n    return "snake"\n',
  'custom/bootstrap': BOOTSTRAP,
};

const ANSWERS = { hello: '"hello"', snake: '"snake"', custom: '"bootstrap"' };

interface Answered {
  readonly name: string;
  readonly requestId: string;
  readonly atMs: number;
}

/** Requests to three functions in turn; what the crash cuts off is no answer, and no failure of the test. */
function loadOn(node: RealNode) {
  const names = Object.keys(ANSWERS) as (keyof typeof ANSWERS)[];
  return steadyLoad(6, async (n): Promise<Answered | null> => {
    const name = names[n % names.length] ?? 'hello';
    const answer = await node.request(`crash-${name}.localhost`, {}).catch(() => null);
    if (answer?.status !== 200) return null;
    return { name, requestId: String(answer.headers['x-amzn-requestid']), atMs: performance.now() };
  });
}

/** Processes that work in the folder of a home, by what /proc says of each. */
function workingIn(home: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return Number.isInteger(pid) && readlinkSync(`/proc/${pid}/cwd`).startsWith(home);
      } catch {
        return false; // it ended
      }
    });
}

suite('a node that is killed under load', () => {
  test('leaves nothing behind that its successor does not end, keep or recover', async () => {
    await using node = await startRealNode();
    await node.deploy(APP);
    const child = (await node.invoke('crash-parent')).payload as number;
    const spinning = [1, 2].map(() => node.request('crash-spin.localhost', {}).catch(() => 'cut off'));
    const load = loadOn(node);
    await load.more(20);
    const sinceMs = performance.now();
    await eventually(
      'there are answers older than what may be lost',
      () => performance.now() - sinceMs > 2 * MAY_BE_LOST_MS,
    );

    const before = processesOf(node);
    assert.ok(
      before.some(({ ownPid, command }) => ownPid === child && command === 'sleep 600'),
      'the child of a function is one of them',
    );
    const oldPid = node.pid;
    killQuietly(oldPid, 'SIGKILL');
    const killedMs = performance.now();
    const answers = (await load.stop()).filter((answer) => answer !== null);
    assert.deepEqual(await Promise.all(spinning), ['cut off', 'cut off']);

    await node.up();
    assert.notEqual(node.pid, oldPid);
    assert.deepEqual(before.filter(isAlive), [], 'no process of the old node is left');
    // Looked for first, and only then told apart: what the new node starts meanwhile is its own.
    const found = workingIn(node.home);
    const ours = new Set(processesOf(node).map(({ pid }) => pid));
    assert.deepEqual(
      found.filter((pid) => !ours.has(pid) && existsSync(`/proc/${pid}`)),
      [],
      'nor one that was born while it died',
    );
    for (const [name, body] of Object.entries(ANSWERS)) {
      const answer = await node.request(`crash-${name}.localhost`, {});
      assert.equal(`${answer.status} ${answer.body}`, `200 ${body}`);
    }

    const old = answers.filter(({ atMs }) => atMs < killedMs - MAY_BE_LOST_MS);
    assert.ok(old.length > 20, `${old.length} answers`);
    for (const name of Object.keys(ANSWERS)) {
      const logs = await logsOf(node, `crash-${name}`);
      const billed = new Set(logs.filter(({ type }) => type === 'REPORT').map(({ requestId }) => requestId));
      const missing = old.filter((answer) => answer.name === name && !billed.has(answer.requestId));
      assert.deepEqual(missing, [], `usage of ${name}`);
      const { invocations } = await node.usage(`crash-${name}`);
      assert.ok(invocations >= billed.size - 1, 'the sums have kept them too');
    }
  });
});
