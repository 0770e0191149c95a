import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { Fault, processIdentity, systemClock } from '../base/index.ts';
import { lockHome } from './home-lock.ts';

suite('the lock of a home', () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'skein-lock-'));
  });
  afterEach(() => rm(home, { recursive: true }));

  const lock = (options: { pid?: number } = {}) => lockHome(home, { clock: systemClock, ...options });
  const refusal = (pid: number) => (error: unknown) => {
    assert.ok(error instanceof Fault);
    assert.equal(error.code, 'home-in-use');
    assert.match(error.message, new RegExp(`process id ${pid}, since 20\\d\\d-`));
    return true;
  };

  test('a second node is refused and told who holds the home, and since when', async () => {
    const held = await lock();
    await assert.rejects(lock(), refusal(process.pid));
    await held.release();
  });

  test('a released home can be locked again, and releasing twice does no harm', async () => {
    const first = await lock();
    await first.release();
    const second = await lock();
    await first.release();
    await assert.rejects(lock(), refusal(process.pid));
    await second.release();
    await (await lock()).release();
  });

  test('a missing home is made', async () => {
    const held = await lockHome(join(home, 'a', 'b'), { clock: systemClock });
    await held.release();
  });

  test('of many at once exactly one wins, also over a stale lock', async () => {
    await lock({ pid: await endedPid() });
    for (let round = 0; round < 20; round++) {
      const tries = await Promise.allSettled(Array.from({ length: 20 }, () => lock()));
      const won = tries.filter((result) => result.status === 'fulfilled');
      assert.equal(won.length, 1);
      for (const result of tries) {
        if (result.status === 'rejected') refusal(process.pid)(result.reason);
      }
      await won[0]?.value.release();
    }
    const files = await readdir(join(home, 'lock'));
    assert.equal(files.length, 1, `left behind: ${files}`);
  });

  test('the lock of a process that was killed is taken over', async () => {
    const holder = spawn('sleep', ['60']);
    const dead = lock({ pid: holder.pid! });
    await dead;
    await assert.rejects(lock(), refusal(holder.pid!));
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    await (await lock()).release();
  });

  test('a pid that now belongs to another process holds nothing', async () => {
    const held = { pid: process.pid, identity: 'an earlier boot:1', sinceMs: 0 };
    await (await lock()).release();
    await writeFile(join(home, 'lock', '99'), JSON.stringify(held));
    await (await lock()).release();
  });

  test('a file that a power cut has left empty holds nothing', async () => {
    await (await lock()).release();
    await writeFile(join(home, 'lock', '99'), '');
    await (await lock()).release();
  });
});

suite('the identity of a process', () => {
  test('it is the same as long as the process lives, and gone with it', async () => {
    const child = spawn('sleep', ['60']);
    const identity = processIdentity(child.pid!);
    assert.notEqual(identity, null);
    assert.equal(processIdentity(child.pid!), identity);
    assert.notEqual(processIdentity(process.pid), identity);
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.equal(processIdentity(child.pid!), null);
  });

  test('what is no pid is no process', () => {
    for (const pid of [0, -1, 1.5, Number.NaN]) assert.equal(processIdentity(pid), null);
  });
});

async function endedPid(): Promise<number> {
  const child = spawn('true');
  await once(child, 'exit');
  return child.pid!;
}
