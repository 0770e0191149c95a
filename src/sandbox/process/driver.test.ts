import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { systemClock, systemRandom } from '../../base/index.ts';
import { sandboxContract } from '../contract.ts';
import { openOutput } from '../output-for-tests.ts';
import { processDriver } from './driver.ts';
import { readStat, sweepRunFiles, writeRunFile } from './run-files.ts';

async function openDriver() {
  const home = mkdtempSync(join(tmpdir(), 'skein-process-'));
  chmodSync(home, 0o711);
  const driver = processDriver({ home, clock: systemClock, random: systemRandom });
  return {
    home,
    driver,
    async [Symbol.asyncDispose]() {
      await driver.close();
      rmSync(home, { recursive: true });
    },
  };
}

const sh = (script: string) => ['/bin/sh', '-c', script];
const GROW = 'x=$(head -c 250000000 /dev/zero | tr "\\0" x); sleep 600';

sandboxContract('process', openDriver, {
  wait: sh('sleep 600'),
  exit3: sh('exit 3'),
  grow: sh(GROW),
  missing: ['/nowhere/program'],
});

async function run(script: string, environment: Record<string, string> = {}): Promise<string> {
  await using opened = await openDriver();
  const output = await openOutput();
  const spec = { id: 'one', argv: sh(script), memoryMb: 128, ephemeralMb: 512, channel: false };
  const sandbox = await opened.driver.start({ ...spec, environment, output: output.socket });
  await sandbox.gone;
  assert.deepEqual(readdirSync(join(opened.home, 'scratch')), [], 'the scratch folder is removed');
  assert.deepEqual(readdirSync(join(opened.home, 'run')), [], 'the run file is removed');
  return await output.text;
}

suite('the process driver', () => {
  test('nothing of the host environment leaks in', async () => {
    const names = (await run('env', { GREETING: 'hello' }))
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0]);
    assert.deepEqual(names.sort(), ['GREETING', 'HOME', 'PWD', 'TMPDIR']);
  });

  test('TMPDIR is a folder of its own that it can write', async () => {
    assert.equal(await run('echo hi > "$TMPDIR/file" && cat "$TMPDIR/file"'), 'hi\n');
  });

  test('a sandbox of a root node runs as an unprivileged user of its own', async (t) => {
    if (process.getuid?.() !== 0) return t.skip('needs root');
    const [uid, gid, groups] = (await run('id -u; id -g; id -G')).trim().split('\n');
    assert.ok(Number(uid) >= 20_000, `user ${uid}`);
    assert.equal(gid, uid);
    assert.equal(groups, gid, 'no group of the node is kept');
  });

  test('processes that leave the group and the session do not outlive the sandbox', async (t) => {
    if (process.getuid?.() !== 0)
      return t.skip('needs root: without it a process that leaves its session is out of sight');
    const pid = Number(
      await run(
        'setsid sh -c \'echo $$ > "$TMPDIR/pid"; exec sleep 600\' & until [ -s "$TMPDIR/pid" ]; do :; done; cat "$TMPDIR/pid"',
      ),
    );
    assert.ok(pid > 1);
    assert.equal(readStat(pid)?.zombie ?? true, true);
  });

  test('the leftovers of a killed node are swept by the next one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'skein-run-'));
    const orphan = spawn('/bin/sh', ['-c', 'sleep 600'], { detached: true, stdio: 'ignore' });
    const ended = new Promise((resolve) => orphan.once('exit', (_code, signal) => resolve(signal)));
    writeRunFile(folder, orphan.pid as number, null);
    assert.ok(sweepRunFiles(folder) >= 1);
    assert.equal(await ended, 'SIGKILL');
    assert.deepEqual(readdirSync(folder), []);
    rmSync(folder, { recursive: true });
  });

  test('a sweep leaves a process alone that was given the number of a dead sandbox', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'skein-run-'));
    const stranger = spawn('/bin/sh', ['-c', 'sleep 600'], { detached: true, stdio: 'ignore' });
    writeFileSync(join(folder, `${stranger.pid}-1-self`), '');
    assert.equal(sweepRunFiles(folder), 0);
    assert.equal(readStat(stranger.pid as number)?.zombie, false);
    stranger.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });
});
