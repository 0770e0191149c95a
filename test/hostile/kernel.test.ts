/** Attackers that ask the kernel for what only the machine's owner may have. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { type Arena, cannot, errorOf, openArena, sandboxProcesses } from './arena.ts';

const REFUSED = /^(EPERM|ENOSYS|EACCES|ENOTTY|EAFNOSUPPORT|EROFS)$/;

/** Names of all attacks that the program knows, as it is written. */
const CALLS = [
  ...readFileSync(join(import.meta.dirname, 'programs/calls.c'), 'utf8').matchAll(/TRY\("([^"]+)"/g),
]
  .map(([, name]) => name ?? '')
  .filter((name) => !['getpid', 'kill-all'].includes(name));

suite('a function that asks the kernel for more', { skip: cannot ?? false }, () => {
  let arena: Arena;
  before(async () => {
    arena = await openArena({ node: { runtime: 'node', memory: '1769MB' }, python: { runtime: 'python' } });
  });
  after(() => arena?.[Symbol.asyncDispose]());

  test('the program of attacks works where nothing holds it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'skein-calls-'));
    try {
      const program = join(folder, 'calls');
      execFileSync('gcc', ['-O1', '-o', program, join(import.meta.dirname, 'programs/calls.c')]);
      for (const call of ['getpid', 'unshare mount', 'raw socket', 'setuid']) {
        assert.equal(execFileSync(program, [call], { encoding: 'utf8' }), 'done\n', call);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test(`none of ${CALLS.length} system calls is granted`, async () => {
    const { payload } = await arena.attack('node', 'native', { calls: ['getpid', ...CALLS] });
    const { getpid, ...answers } = payload as Record<string, string>;
    assert.equal(getpid, 'done', 'the attack itself works');
    const granted = Object.entries(answers).filter(([, word]) => !REFUSED.test(word));
    assert.deepEqual(granted, []);
  });

  test('Python is refused the same', async () => {
    const { payload } = await arena.attack('python', 'escapes');
    for (const [what, word] of Object.entries(payload as Record<string, string>)) {
      assert.match(word, /not permitted|Permission denied|not implemented|Invalid argument/, what);
    }
  });

  test('programs that would run as root run as nobody', async () => {
    const command = 'grep NoNewPrivs /proc/self/status; /usr/bin/mount -t tmpfs none /tmp; id -u';
    const { payload } = await arena.attack('node', 'run', { command });
    const { text } = payload as { text: string };
    assert.match(text, /NoNewPrivs:\s+1/);
    assert.match(text, /993/);
    assert.match(text, /superuser|permission denied|not permitted/i);
  });

  test('there are no devices, and nothing of the kernel can be set', async () => {
    const command = `ls /dev; ls /sys; for file in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /proc/sys/vm/drop_caches /proc/self/oom_score_adj; do echo -900 > $file && echo "wrote $file"; done; cat /proc/self/uid_map`;
    const { payload } = await arena.attack('node', 'run', { command });
    const { text } = payload as { text: string };
    assert.doesNotMatch(text, /\b(vd|sd|loop|nvme)[a-z0-9]|\bmem\b|\bkmsg\b|\bfuse\b|\bkvm\b/);
    assert.doesNotMatch(text, /wrote/);
    assert.match(text, /^\s*0\s+[1-4]\d{9}\s+65536$/m);
  });

  test('signals reach nobody outside', async () => {
    const { pid } = arena.node;
    const pids = [pid, arena.node.postgresPid, process.pid];
    const failed = await arena.attack('node', 'signals', { pids });
    assert.equal(failed.functionError, 'Unhandled', 'it has killed itself');
    assert.equal(errorOf(failed)[0], 'Runtime.ExitError');
    assert.equal(arena.node.pid, pid);
    const { payload } = await arena.attack('node', 'nothing');
    assert.equal(payload, 'fine');
  });

  test('links that race do not lead the node out of its folders', async () => {
    const racing = arena.attack('node', 'race of links', { ms: 4_000 });
    for (let n = 0; n < 3; n++) {
      await arena.neighbours();
      await arena.node.invoke('hostile-python', { does: 'nothing' });
    }
    const { payload } = await racing;
    const { turns, words } = payload as { turns: number; words: string[] };
    assert.ok(turns > 100, `${turns} turns`);
    assert.ok(!words.includes('done'), String(words));
    for (const word of words) assert.match(word, /^(EROFS|EACCES|EPERM|EBUSY|EXDEV)$/);
  });

  test('a process that means to live on is frozen with its instance, and ends with it', async () => {
    assert.equal((await arena.attack('node', 'live on')).payload, 'fine');
    const isIt = ({ command, cgroup }: { command: string; cgroup: string }) =>
      command.includes('trap "" TERM HUP') && cgroup.includes(arena.group);
    assert.ok(sandboxProcesses().some(isIt), 'the attack itself works');
    await arena.nothingSurvives();
    await eventually('it has ended', () => !sandboxProcesses().some(isIt));
  });
});
