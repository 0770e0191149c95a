import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Fault, systemClock, systemRandom } from '../../base/index.ts';
import { sandboxContract } from '../contract.ts';
import { openOutput } from '../output-for-tests.ts';
import { channelContract, companionContract, programContract } from '../program-contract.ts';
import { processDriver } from './driver.ts';
import { lend, passableFolder } from './reach.ts';
import { readStat, sweepRunFiles, writeRunFile } from './run-files.ts';

async function openDriver() {
  const home = mkdtempSync(join(tmpdir(), 'skein-process-'));
  chmodSync(home, 0o711);
  const again = () =>
    processDriver({ folder: { path: home, clear: () => {} }, clock: systemClock, random: systemRandom });
  const driver = again();
  return {
    home,
    driver,
    again,
    async [Symbol.asyncDispose]() {
      await driver.close();
      rmSync(home, { recursive: true });
    },
  };
}

const PLAIN = {
  ...{ memoryMb: 128, ephemeralMb: 512, egress: { mode: 'public' } as const },
  codeDir: null,
  onAddress: () => {},
};

const NOT_LINUX = process.platform === 'linux' ? false : 'only Linux keeps such a score';

const sh = (script: string) => ['/bin/sh', '-c', script];
const GROW = 'x=$(head -c 250000000 /dev/zero | tr "\\0" x); sleep 600';

sandboxContract('process', openDriver, {
  wait: sh('sleep 600'),
  exit3: sh('exit 3'),
  grow: sh(GROW),
  missing: ['/nowhere/program'],
});

programContract('process', openDriver);
channelContract('process', openDriver);
companionContract('process', openDriver);

async function run(script: string, environment: Record<string, string> = {}): Promise<string> {
  await using opened = await openDriver();
  const output = await openOutput();
  const spec = { id: 'one', argv: sh(script), ...PLAIN, channel: false };
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

  test('is what a kernel out of memory ends before its node', { skip: NOT_LINUX }, async () => {
    const score = '"$(cat /proc/self/oom_score_adj)"';
    assert.equal(await run(`until [ ${score} = 500 ]; do :; done; echo marked`), 'marked\n');
  });

  test('its memory is known from the first moment, before the watch has looked', async () => {
    await using opened = await openDriver();
    const { socket } = await openOutput();
    const spec = { id: 'one', argv: sh('sleep 600'), ...PLAIN, channel: false };
    const sandbox = await opened.driver.start({ ...spec, environment: {}, output: socket });
    assert.ok(sandbox.peakMemoryMb() > 0);
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
    if (process.platform !== 'linux') return t.skip('needs /proc');
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
    const orphan = spawn('/bin/sh', ['-c', 'exec sleep 600'], { detached: true, stdio: 'ignore' });
    const ended = new Promise((resolve) => orphan.once('exit', (_code, signal) => resolve(signal)));
    writeRunFile(folder, { session: orphan.pid as number, uid: null, tmp: '/nowhere' });
    assert.ok(sweepRunFiles(folder) >= 1);
    assert.equal(await ended, 'SIGKILL');
    assert.deepEqual(readdirSync(folder), []);
    rmSync(folder, { recursive: true });
  });

  test('a sweep leaves a process alone that was given the number of a dead sandbox', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'skein-run-'));
    const stranger = spawn('/bin/sh', ['-c', 'exec sleep 600'], { detached: true, stdio: 'ignore' });
    const path = writeRunFile(folder, { session: stranger.pid as number, uid: null, tmp: '/nowhere' });
    renameSync(path, path.replace(/-\d+-self/, '-1-self'));
    assert.equal(sweepRunFiles(folder), 0);
    assert.equal(readStat(stranger.pid as number)?.zombie, false);
    stranger.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  test('a sweep leaves the numbers of an earlier boot alone', async (t) => {
    if (process.platform !== 'linux') return t.skip('needs /proc');
    const folder = mkdtempSync(join(tmpdir(), 'skein-run-'));
    const stranger = spawn('/bin/sh', ['-c', 'exec sleep 600'], { detached: true, stdio: 'ignore' });
    const path = writeRunFile(folder, { session: stranger.pid as number, uid: null, tmp: '/nowhere' });
    renameSync(path, path.replace(/self-.*/, 'self-0f0e0d0c-0000-4000-8000-000000000000'));
    assert.equal(sweepRunFiles(folder), 0);
    assert.equal(readStat(stranger.pid as number)?.zombie, false);
    assert.deepEqual(readdirSync(folder), []);
    stranger.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  test('a process that left its session is known by the TMPDIR it was started with', async (t) => {
    if (process.platform !== 'linux') return t.skip('needs /proc');
    const folder = mkdtempSync(join(tmpdir(), 'skein-run-'));
    const tmp = join(folder, 'scratch', 'one', 'tmp');
    const env = { TMPDIR: tmp };
    const leaver = spawn('/bin/sh', ['-c', 'exec sleep 600'], { detached: true, stdio: 'ignore', env });
    const ended = new Promise((resolve) => leaver.once('exit', (_code, signal) => resolve(signal)));
    writeRunFile(folder, { session: 2 ** 30, uid: null, tmp });
    assert.ok(sweepRunFiles(folder) >= 1);
    assert.equal(await ended, 'SIGKILL');
    rmSync(folder, { recursive: true });
  });

  test('paths longer than the kernel takes are removed with the sandbox', async () => {
    const name = 'd'.repeat(200);
    await run(`cd "$TMPDIR"; i=0; while [ $i -lt 40 ]; do mkdir ${name}; cd -P ${name}; i=$((i+1)); done`);
  });

  test('folders without rights are removed with the sandbox', async () => {
    await run('cd "$TMPDIR"; mkdir -p a/b; touch a/b/c; chmod 000 a/b; chmod 500 a');
  });

  test('a start that fails before the process exists is a fault', async () => {
    await using opened = await openDriver();
    const argv = sh('exit 0');
    const output = () => openOutput().then(({ socket }) => socket);
    const spec = { id: 'a/b', argv, environment: {}, ...PLAIN, channel: true };
    await assert.rejects(
      async () => opened.driver.start({ ...spec, output: await output() }),
      (error) => error instanceof Fault && error.code === 'sandbox-failed',
    );
  });

  test('a process that cannot be remembered does not run', { timeout: 20_000 }, async () => {
    await using opened = await openDriver();
    rmSync(join(opened.home, 'run'), { recursive: true });
    const output = await openOutput();
    const spec = { id: 'one', argv: sh('sleep 600'), ...PLAIN, channel: false };
    await assert.rejects(
      opened.driver.start({ ...spec, environment: {}, output: output.socket }),
      (error) => error instanceof Fault && error.code === 'sandbox-failed',
    );
    await output.text; // ends when the last process that could write to it has
    assert.deepEqual(readdirSync(join(opened.home, 'scratch')), []);
  });

  test('a sandbox born while the driver closes is ended too', { timeout: 20_000 }, async () => {
    await using opened = await openDriver();
    const output = await openOutput();
    const spec = { id: 'one', argv: sh('sleep 600'), ...PLAIN, channel: false };
    const starting = opened.driver.start({ ...spec, environment: {}, output: output.socket });
    await opened.driver.close();
    await (await starting).gone;
    assert.deepEqual(readdirSync(join(opened.home, 'scratch')), []);
  });

  test('sandboxes can pass through the folders of a node with a narrow umask', () => {
    const home = mkdtempSync(join(tmpdir(), 'skein-reach-'));
    const before = process.umask(0o077);
    try {
      passableFolder(join(home, 'a', 'b'));
    } finally {
      process.umask(before);
    }
    assert.equal(statSync(join(home, 'a')).mode & 0o777, 0o711);
    assert.equal(statSync(join(home, 'a', 'b')).mode & 0o777, 0o711);
    assert.equal(statSync(home).mode & 0o777, 0o700, 'what was there is left as it was');
    rmSync(home, { recursive: true });
  });

  test('what is lent under a narrow umask can be read by everybody', (t) => {
    if (process.getuid?.() !== 0) return t.skip('needs root: nothing is lent without it');
    const home = mkdtempSync(join(tmpdir(), 'skein-reach-'));
    passableFolder(join(home, 'guest', 'inner'));
    writeFileSync(join(home, 'guest', 'inner', 'file'), 'hi');
    const before = process.umask(0o077);
    try {
      const lent = lend(join(home, 'guest'), { path: join(home, 'sandboxes'), clear: () => {} });
      assert.notEqual(lent, join(home, 'guest'));
      for (const folder of [lent, join(lent, 'inner')]) assert.equal(statSync(folder).mode & 0o777, 0o755);
      assert.equal(readFileSync(join(lent, 'inner', 'file'), 'utf8'), 'hi');
    } finally {
      process.umask(before);
      rmSync(home, { recursive: true });
    }
  });
});
