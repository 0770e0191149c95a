/** Many at once: an instance for each, used again, gone when nobody needs them; and what happens at a limit. */
import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { appFolder } from '../support/app-folder.ts';
import { type Barrier, startBarrier } from '../support/barrier.ts';
import { eventually } from '../support/eventually.ts';
import { processesOf } from '../support/processes.ts';
import { type HttpAnswer, type RealNode, startRealNode } from '../support/real-node.ts';

const CROWD = 200;

/** Waits at the barrier, or for a time, and says which instance it is and what that has seen. */
const WAITER = `
const http = require('node:http');
const id = require('node:crypto').randomUUID();
let running = 0, most = 0, served = 0;
const visit = (url) => new Promise((resolve, reject) =>
  http.get(url, (answer) => answer.resume().on('end', resolve)).on('error', reject));
exports.handler = async (event) => {
  running += 1;
  most = Math.max(most, running);
  served += 1;
  const { url, waitMs } = JSON.parse(event.body);
  await (url ? visit(url) : new Promise((resolve) => setTimeout(resolve, waitMs)));
  running -= 1;
  return { id, most, served };
};
`;

interface Seen {
  readonly id: string;
  readonly most: number;
  readonly served: number;
}

function app(name: string, ...lines: string[]): Disposable & { readonly path: string } {
  const rest = ['runtime: nodejs24.x', 'handler: index.handler', 'code: .', 'timeout: 300s', ...lines];
  return appFolder({
    'skein.yaml': `app: ${name}\nfunctions:\n  f:\n${rest.map((line) => `    ${line}\n`).join('')}`,
    'index.js': WAITER,
  });
}

async function deploy(node: RealNode, ...app_: Parameters<typeof app>): Promise<void> {
  using folder = app(...app_);
  await node.skein(['deploy', folder.path]);
}

function call(
  node: RealNode,
  host: string,
  order: { url: string } | { waitMs: number },
): Promise<HttpAnswer> {
  const headers = { 'content-type': 'application/json' };
  return node.request(host, { method: 'POST', headers, body: JSON.stringify(order) });
}

function seenBy(answers: readonly HttpAnswer[]): Seen[] {
  return answers.map((answer) => {
    assert.equal(answer.status, 200, answer.body.toString());
    return answer.json() as unknown as Seen;
  });
}

function assertRetryAfter(answer: HttpAnswer): void {
  assert.ok(Number(answer.headers['retry-after']) >= 1, `retry-after: ${answer.headers['retry-after']}`);
}

async function instancesLeft(node: RealNode): Promise<number> {
  const { instances } = JSON.parse((await node.skein(['status', '--json'])).stdout) as {
    instances: Record<'starting' | 'idle' | 'busy' | 'frozen', number>;
  };
  return instances.starting + instances.idle + instances.busy + instances.frozen;
}

suite('many requests at once', () => {
  test(`${CROWD} that all wait for each other get an instance each, which serve again and then go`, async (t) => {
    await using node = await startRealNode(['--blanks', '0', '--queue-timeout', '300s']);
    await using barrier = await startBarrier();
    await deploy(node, 'crowd', 'stopAfter: 5s');

    const { seen: first } = await crowd(t, 'all waiting at the barrier', async () => {
      const answers = Array.from({ length: CROWD }, () =>
        call(node, 'crowd-f.localhost', { url: barrier.url }),
      );
      await barrier.arrived(CROWD, answers);
      barrier.open();
      return seenBy(await Promise.all(answers));
    });
    const ids = new Set(first.map(({ id }) => id));
    assert.equal(ids.size, CROWD, 'an instance of its own for each');

    const { seen: second } = await crowd(t, 'handlers of one second each', async () =>
      seenBy(
        await Promise.all(
          Array.from({ length: CROWD }, () => call(node, 'crowd-f.localhost', { waitMs: 1_000 })),
        ),
      ),
    );
    assert.ok(
      second.every(({ id, served }) => ids.has(id) && served > 1),
      'served by the same instances',
    );
    assert.ok(
      [...first, ...second].every(({ most }) => most === 1),
      'never two at once in one instance',
    );
    await eventually('every cold start is on the bill', async () => {
      const { coldStarts } = await node.usage('crowd-f');
      return coldStarts === CROWD || coldStarts;
    });

    await eventually('no instance is left', async () => (await instancesLeft(node)) || true, 30_000);
    await eventually('their processes are gone', () => {
      const left = processesOf(node).filter(({ command }) => !/postgres|launch-worker/.test(command));
      return left.length === 0 || left;
    });
  });
});

/** Runs one wave and tells how long it took. */
async function crowd(t: TestContext, what: string, wave: () => Promise<Seen[]>) {
  const began = performance.now();
  const seen = await wave();
  const tookMs = Math.round(performance.now() - began);
  t.diagnostic(`${CROWD} requests, ${what}: ${tookMs} ms`);
  return { seen };
}

suite('at a limit', () => {
  test('reserved concurrency: one more is refused with 429 and when to come back, and is counted', async () => {
    await using node = await startRealNode(['--blanks', '0']);
    await using barrier = await startBarrier();
    await deploy(node, 'few', 'concurrency: { reserved: 2 }');
    const running = [1, 2].map(() => call(node, 'few-f.localhost', { url: barrier.url }));
    await barrier.arrived(2, running);

    const refused = await call(node, 'few-f.localhost', { waitMs: 0 });
    assert.equal(refused.status, 429);
    assertRetryAfter(refused);
    assert.match(refused.body.toString(), /2 invocations.*reserved concurrency/);

    barrier.open();
    seenBy(await Promise.all(running));
    seenBy([await call(node, 'few-f.localhost', { waitMs: 0 })]);
    await eventually('the throttle is on the bill', async () => {
      const { throttles, invocations } = await node.usage('few-f');
      return (throttles === 1 && invocations === 3) || { throttles, invocations };
    });
  });

  test('a full node: who has waited for queueTimeout gets 503 and when to come back', async () => {
    await using node = await startRealNode([
      '--blanks',
      '0',
      '--max-instances',
      '1',
      '--queue-timeout',
      '1s',
    ]);
    await using barrier: Barrier = await startBarrier();
    await deploy(node, 'full');
    const running = call(node, 'full-f.localhost', { url: barrier.url });
    await barrier.arrived(1, [running]);

    const refused = await call(node, 'full-f.localhost', { waitMs: 0 });
    assert.equal(refused.status, 503);
    assertRetryAfter(refused);
    assert.match(refused.body.toString(), /within 1 s/);

    const waiting = call(node, 'full-f.localhost', { waitMs: 0 });
    barrier.open();
    seenBy([await running, await waiting]);
  });
});
