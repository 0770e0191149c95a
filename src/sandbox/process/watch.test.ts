import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { suite, test } from 'node:test';
import { startWatch, type Watched } from './watch.ts';
import { MAX_ROWS } from './watch-table.ts';

/** Resolves when the sandbox has been seen to use that much. */
async function peakAbove(watched: Watched, mb: number): Promise<void> {
  const giveUpAtMs = Date.now() + 15_000;
  while (watched.peakMb() < mb && Date.now() < giveUpAtMs)
    await new Promise((resolve) => setImmediate(resolve));
  assert.ok(watched.peakMb() >= mb, `the peak stays at ${watched.peakMb()} MB`);
}

suite('the watch', () => {
  test('a released sandbox keeps its peak and no longer touches the row', { timeout: 20_000 }, async () => {
    const child = spawn('/bin/sh', ['-c', 'exec sleep 600'], { detached: true, stdio: 'ignore' });
    const watch = startWatch();
    const first = watch.add(process.pid, 100_000);
    await peakAbove(first, 1);
    first.release();
    const peakMb = first.peakMb();
    const second = watch.add(child.pid as number, 100_000); // has the row that was given back
    assert.equal(first.peakMb(), peakMb);
    first.setLimitMb(0);
    first.setActive(false);
    first.release();
    const third = watch.add(process.pid, 100_000);
    await peakAbove(second, 1);
    await peakAbove(third, 1); // rows are looked at in order
    assert.equal(second.wasKilled(), false);
    child.kill('SIGKILL');
    await watch.close();
  });

  test('a closed watch still ends what is left of a sandbox', { timeout: 20_000 }, async (t) => {
    if (process.platform !== 'linux') return t.skip('needs /proc');
    const child = spawn('/bin/sh', ['-c', 'exec sleep 600'], { detached: true, stdio: 'ignore' });
    t.after(() => child.kill('SIGKILL'));
    const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
    const watch = startWatch();
    await watch.close();
    await watch.reap({ session: child.pid as number, uid: null, tmp: '/nowhere' });
    assert.equal(await ended, 'SIGKILL');
  });

  test('one sandbox more than there are rows is refused', async () => {
    const watch = startWatch();
    for (let row = 0; row < MAX_ROWS; row++) watch.add(2 ** 30, 1).setActive(false);
    assert.throws(() => watch.add(2 ** 30, 1), RangeError);
    await watch.close();
  });

  test('what a thread other than the first has started counts', { timeout: 20_000 }, async (t) => {
    if (process.platform !== 'linux') return t.skip('needs /proc');
    const grow = `x=$(head -c 250000000 /dev/zero | tr "\\\\0" x); sleep 600`;
    const program = `new (require('node:worker_threads').Worker)(
      "require('node:child_process').spawn('/bin/sh', ['-c', '" + ${JSON.stringify(grow)} + "'])", { eval: true })`;
    const child = spawn(process.execPath, ['-e', program], { detached: true, stdio: 'ignore' });
    const watch = startWatch();
    const watched = watch.add(child.pid as number, 100_000);
    t.after(async () => {
      await watch.reap({ session: child.pid as number, uid: null, tmp: '/nowhere' });
      await watch.close();
    });
    await peakAbove(watched, 250);
  });
});
