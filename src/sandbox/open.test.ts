/** Which driver a node runs, and what it says about it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Fault, systemClock, systemRandom } from '../base/index.ts';
import { openDriver } from './open.ts';
import { sandboxFolder } from './process/reach.ts';

/** @param choice with a runtime that no machine has */
async function open(choice: 'auto' | 'oci' | 'process') {
  const home = mkdtempSync(join(tmpdir(), 'skein-open-'));
  const folder = sandboxFolder(home);
  try {
    const opened = await openDriver({
      ...{ choice, ociRuntime: 'runc-of-nowhere', searchPath: '', folder, home },
      ...{
        clock: systemClock,
        random: systemRandom,
        onProblem: (problem: unknown) => assert.fail(String(problem)),
      },
    });
    const { isolation, ports } = opened;
    const { name } = opened.driver;
    await opened.driver.close();
    return { name, isolation, ports };
  } finally {
    folder.clear();
    rmSync(home, { recursive: true, force: true });
  }
}

suite('the choice of a driver', () => {
  test('auto falls back to processes, and says in one line that nothing is isolated and what is missing', async () => {
    const { name, isolation, ports } = await open('auto');
    assert.deepEqual([name, ports], ['process', null]);
    assert.match(isolation, /without isolation/);
    assert.match(isolation, /Missing for isolation: .*(runc-of-nowhere is not installed|darwin|win32)/);
    assert.ok(!isolation.includes('\n'));
  });

  test('processes that were asked for miss nothing', async () => {
    const { name, isolation } = await open('process');
    assert.equal(name, 'process');
    assert.doesNotMatch(isolation, /Missing/);
  });

  test('isolation that was asked for and cannot be had is refused, with what to do', async () => {
    await assert.rejects(open('oci'), (error) => {
      assert.ok(error instanceof Fault);
      assert.equal(error.code, 'isolation-unavailable');
      assert.match(error.message, /runc-of-nowhere is not installed.*skein doctor/);
      return true;
    });
  });
});
