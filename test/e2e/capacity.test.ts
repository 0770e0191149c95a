/** What happens when the machine has no more to give: the unused go, then callers are told, and nothing is killed. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type MemoryGroup, memoryGroup } from '../support/memory-group.ts';
import { type HttpAnswer, type RealNode, startRealNode } from '../support/real-node.ts';

const FUNCTIONS = 60;
const CROWD = 60;
/** Of the machine; the node and its PostgreSQL take some 300 MB of it. */
const MACHINE_MB = 1_200;

/** Takes 40 MB, and as long as it is asked to. */
const HOG = `
const held = Buffer.alloc(40 * 2 ** 20, 1);
exports.handler = async (event) => {
  await new Promise((resolve) => setTimeout(resolve, Number(event.rawQueryString ?? 0)));
  return String(held.length);
};
`;

function app(name: string, functions: number) {
  const keys = Array.from(
    { length: functions },
    (_, n) => `  f${n}: { runtime: nodejs24.x, handler: index.handler, code: ., timeout: 30s }\n`,
  );
  return { 'skein.yaml': `app: ${name}\nfunctions:\n${keys.join('')}`, 'index.js': HOG };
}

function assertRefused(answer: HttpAnswer, what: RegExp): void {
  assert.equal(answer.status, 503, answer.body.toString());
  assert.ok(Number(answer.headers['retry-after']) >= 1);
  assert.match(answer.body.toString(), what);
}

async function assertAlive(node: RealNode): Promise<void> {
  assert.match((await node.skein(['status'])).stdout, /is ready/);
  await node.skein(['usage']);
}

suite('a machine that is short of memory', () => {
  test('refuses every start with 503 and when to come back, and goes on living', async () => {
    await using node = await startRealNode(['--memory-reserve', '9999GB']);
    await node.deploy(app('poor', 1));
    assertRefused(await node.request('poor-f0.localhost', {}), /short of memory.*--memory-reserve/);
    await assertAlive(node);
  });

  test('full of unused instances it still starts another; all busy it refuses; nothing is killed', async (t) => {
    const group = memoryGroup('capacity', MACHINE_MB);
    if (typeof group === 'string') return t.skip(group);
    using machine: MemoryGroup = group;
    const node = await startIn(machine);
    try {
      await node.deploy(app('many', FUNCTIONS));
      for (let n = 0; n < FUNCTIONS; n++) {
        const answer = await node.request(`many-f${n}.localhost`, {});
        assert.equal(answer.status, 200, `function ${n}: ${answer.body}`);
      }
      const crowd = await Promise.all(
        Array.from({ length: CROWD }, () => node.request('many-f0.localhost', { path: '/?3000' })),
      );
      const served = crowd.filter((answer) => answer.status === 200);
      const refused = crowd.filter((answer) => answer.status !== 200);
      t.diagnostic(`${served.length} served, ${refused.length} refused`);
      assert.ok(served.length > 0 && refused.length > 0, `${served.length} served`);
      for (const answer of refused) assertRefused(answer, /short of memory/);
      assert.equal((await node.request('many-f1.localhost', {})).status, 200, 'and then it has room again');
      assert.equal(machine.kills(), 0);
      await assertAlive(node);
    } finally {
      await node[Symbol.asyncDispose]();
    }
  });
});

async function startIn(machine: MemoryGroup): Promise<RealNode> {
  using _inside = machine.enter();
  // The `oci` driver's sandboxes have a group of their own, beside this one.
  return await startRealNode(['--memory-reserve', '256MB', '--driver', 'process']);
}
