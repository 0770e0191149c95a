/** Two hundred instances are at work when their node dies; what of them the next node leaves. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { problem } from '../../src/sandbox/oci/driver-fixture.ts';
import { homeId } from '../../src/sandbox/oci/home-id.ts';
import { startBarrier } from '../support/barrier.ts';
import { runCommand } from '../support/command.ts';
import { isAlive, killQuietly, processesOf } from '../support/processes.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';

const INSTANCES = 200;
const HIERARCHIES = ['memory', 'cpu', 'pids', 'freezer', 'unified', ''].map((name) =>
  join('/sys/fs/cgroup', name),
);

const app = (url: string) => ({
  'skein.yaml': `app: reap\nfunctions:\n  wait: { runtime: nodejs24.x, handler: index.handler, code: ., timeout: 15m }\n`,
  'index.js': `exports.handler = () => new Promise((resolve, reject) => {
    require('node:http').get('${url}', (answer) => answer.resume().on('end', () => resolve('done'))).on('error', reject);
  });`,
});

/** What the kernel holds for a node's sandboxes, each thing by a name that no later one has. */
async function heldFor(node: RealNode): Promise<Record<string, string[]>> {
  const id = homeId(join(node.home, 'sandboxes'));
  const lines = async (...command: [string, ...string[]]) => {
    const { stdout } = await runCommand(command[0], command.slice(1));
    return stdout.split('\n').filter((line) => line.includes(`skein-${id}`) || line.includes(`sk${id}`));
  };
  return {
    groups: HIERARCHIES.flatMap((folder) => foldersIn(join(folder, `skein-${id}`))),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(node.home))
      .map((line) => line.split(' ')[0]!), // the kernel numbers mounts
    namespaces: (await lines('ip', 'netns', 'list')).map((line) => line.split(' ')[0]!),
    interfaces: (await lines('ip', '-o', 'link')).map((line) => line.split(':')[0]!), // by number
    loops: (await runCommand('losetup', ['-a'])).stdout
      .split('\n')
      .filter((line) => line.includes(node.home)),
    tables: await lines('nft', 'list', 'tables'),
  };
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? [entry.name] : [],
    );
  } catch {
    return []; // this machine has no such hierarchy
  }
}

suite('a node that is killed with two hundred instances at work', { skip: problem ?? false }, () => {
  test('leaves nothing that its successor does not remove, and that one leaves nothing when it stops', async (t) => {
    await using barrier = await startBarrier();
    await using node = await startRealNode(['--driver', 'oci', '--queue-timeout', '300s']);
    await node.deploy(app(barrier.url));
    const requests = Array.from({ length: INSTANCES }, () => node.request('reap-wait.localhost', {}));
    await barrier.arrived(INSTANCES, requests);
    const processes = processesOf(node);
    const held = await heldFor(node);
    assert.ok(new Set(held.groups).size >= INSTANCES, `${held.groups?.length} groups`);
    assert.ok(
      held.namespaces!.length >= INSTANCES,
      `${held.namespaces?.length} namespaces, ${held.mounts?.length} mounts`,
    );

    killQuietly(node.pid, 'SIGKILL');
    await Promise.all(requests.map((request) => request.catch(() => {})));
    const fromMs = performance.now();
    await node.up();
    t.diagnostic(`the next node was ready after ${Math.round(performance.now() - fromMs)} ms`);
    assert.deepEqual(processes.filter(isAlive), [], 'processes');
    const now = await heldFor(node);
    for (const kind of ['groups', 'mounts', 'interfaces'] as const) {
      assert.deepEqual(
        held[kind]!.filter((name) => now[kind]!.includes(name)),
        [],
        kind,
      );
    }
    assert.ok(
      now.namespaces!.length < INSTANCES / 2 && now.tables!.length <= 1,
      'only what the new node needs',
    );

    const last = processesOf(node);
    await node.skein(['down']);
    assert.deepEqual(last.filter(isAlive), []);
    const { groups, mounts, namespaces, interfaces, loops, tables } = await heldFor(node);
    assert.deepEqual(
      { groups, mounts, namespaces, interfaces, loops, tables },
      {
        ...{ groups: [], mounts: [], namespaces: [], interfaces: [], loops: [], tables: [] },
      },
    );
  });
});
