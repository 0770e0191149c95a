/** A thousand failures of every kind, eight at a time; then everything that could have been left is counted. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { FAILING_APP } from '../support/failing-app.ts';
import { INSPECTABLE, openHeap } from '../support/heap.ts';
import { steadyLoad } from '../support/load.ts';
import { openFiles, processesOf, residentMb } from '../support/processes.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';

const FAILURES = 1_000;
/** After so many everything has been seen once, and what is made once has been made. */
const WARM_UP = 200;
const AT_ONCE = 8;
/** A thousand of anything leaked would be far beyond these. */
const SLACK = { processes: 12, files: 40, folders: 12, heapBytes: 4_000_000 };

/** Turns of the mix: function, deed. The slow ones come once. */
const MIX = [
  ...['throw', 'reject', 'cyclic', 'exit 1', 'exit 0', 'throw', 'buffers', 'reject', '20 MB', 'exit 1'].map(
    (does) => ['failing-node', does] as const,
  ),
  ...['throw', 'os exit', 'a set', 'exit 1', 'throw'].map((does) => ['failing-python', does] as const),
  ['failing-init', 'nothing'],
  ['failing-quick', 'never'],
  ['failing-python', 'a set'],
  ['failing-node', 'cyclic'],
  ['failing-init', 'nothing'],
] as const;

interface Count {
  readonly processes: number;
  /** Open descriptors of the node: files, sockets, pipes. */
  readonly files: number;
  readonly folders: number;
  readonly heapBytes: number;
}

const folderCount = (node: RealNode) =>
  ['scratch', 'run'].reduce((sum, name) => sum + readdirSync(join(node.home, 'sandboxes', name)).length, 0);

async function fail(node: RealNode, count: number): Promise<void> {
  let left = count;
  const load = steadyLoad(AT_ONCE, async (n) => {
    left -= 1;
    const [name, does] = MIX[n % MIX.length] ?? MIX[0];
    return `${does}: ${(await node.invoke(name, { does })).functionError}`;
  });
  await load.more(count - AT_ONCE);
  const outcomes = await load.stop();
  assert.deepEqual(
    outcomes.filter((outcome) => !outcome.endsWith(': Unhandled')),
    [],
  );
  assert.ok(left <= 0);
}

/** Waits until no instance is left, and counts the rest. */
async function settledCount(
  node: RealNode,
  heap: { usedAfterCollection(): Promise<number> },
): Promise<Count> {
  await eventually('no instance is left', async () => {
    const { starting, idle, busy, frozen } = (await node.control('GET', '/api/v1/status')).json()
      .instances as Record<'starting' | 'idle' | 'busy' | 'frozen', number>;
    return starting + idle + busy + frozen === 0 || { starting, idle, busy, frozen };
  });
  return {
    processes: processesOf(node).filter(({ command }) => !command.includes('postgres')).length,
    files: openFiles(node.pid).length,
    folders: folderCount(node),
    heapBytes: await heap.usedAfterCollection(),
  };
}

suite('nothing is left', () => {
  test(`of ${FAILURES} failures: no process, descriptor, folder or memory`, async (t) => {
    await using node = await startRealNode([], INSPECTABLE);
    const manifest = FAILING_APP['skein.yaml'].replaceAll('timeout:', 'stopAfter: 1s, timeout:');
    await node.deploy({ ...FAILING_APP, 'skein.yaml': manifest });
    using heap = await openHeap(node);

    await fail(node, WARM_UP);
    const before = await settledCount(node, heap);
    const beforeMb = residentMb(node.pid);
    const began = performance.now();
    await fail(node, FAILURES);
    t.diagnostic(`${FAILURES} failures: ${Math.round(performance.now() - began)} ms`);
    t.diagnostic(`resident: ${Math.round(beforeMb)} MB before, ${Math.round(residentMb(node.pid))} MB after`);

    // Blank sandboxes come and go with demand, so the counts may still be on their way down.
    let after = before;
    await eventually('all counts are back', async () => {
      after = await settledCount(node, heap);
      const kinds = Object.keys(SLACK) as (keyof typeof SLACK)[];
      return kinds.every((kind) => after[kind] <= before[kind] + SLACK[kind]) || { before, after };
    });
    t.diagnostic(`before: ${JSON.stringify(before)}`);
    t.diagnostic(`after:  ${JSON.stringify(after)}`);
  });
});
