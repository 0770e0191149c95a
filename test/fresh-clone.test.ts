/** The two commands of the README on a fresh clone: by an ordinary user, with HOME unset, on the system's Node.js. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { runCommand } from './support/command.ts';
import { eventually } from './support/eventually.ts';
import { isAlive, processesBelow } from './support/processes.ts';

const ROOT = join(import.meta.dirname, '..');
const skip =
  process.env.CI === 'true' ? false : 'it installs everything anew, which takes minutes; CI=true runs it';

interface User {
  readonly name: string;
  /** What makes a command run as this user. */
  readonly prefix: readonly string[];
  /** Whose the clone is; null: whoever runs the test. */
  readonly owner: string | null;
}

const isRoot = process.getuid?.() === 0;
const ME: User = { name: isRoot ? 'root' : 'an ordinary user', prefix: [], owner: null };
const NOBODY: User = {
  name: 'an ordinary user without a home',
  prefix: ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'],
  owner: '65534:65534',
};

for (const user of isRoot ? [NOBODY, ME] : [ME]) {
  suite(`a fresh clone, HOME unset, as ${user.name}`, { skip }, () => {
    let folder: string;
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'fresh-'));
      chmodSync(folder, 0o755);
      const clone = ['clone', '--quiet', `file://${ROOT}`, join(folder, 'skein')];
      const { code, stderr } = await runCommand('git', clone);
      assert.equal(code, 0, stderr);
      if (user.owner !== null) await runCommand('chown', ['-R', user.owner, folder]);
    });
    after(() => rmSync(folder, { recursive: true, force: true }));

    test('npm start reaches a real answer, Ctrl-C leaves nothing running, and a second start keeps the order', async () => {
      const first = await start(folder, user);
      assert.match(first.printed, /→ 201 \{"id"/);
      assert.match(first.printed, /Billed Duration: \d+ ms/);
      assert.equal((await ordersAt(first.printed)).length, 1);
      await interrupt(first.child);

      const second = await start(folder, user);
      assert.doesNotMatch(second.printed, /Installing/);
      assert.equal((await ordersAt(second.printed)).length, 2);
      await interrupt(second.child);
    });
  });
}

/** `npm start`, until it runs; resolves to what it printed. */
async function start(folder: string, user: User): Promise<{ child: ChildProcess; printed: string }> {
  const [command = 'npm', ...args] = [...user.prefix, 'npm', 'start'];
  const child = spawn(command, args, {
    cwd: join(folder, 'skein'),
    env: environment(folder),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let printed = '';
  const running = new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        printed += chunk;
        if (printed.includes('Running until Ctrl-C')) resolve();
      });
    }
    child.once('exit', (code) => reject(new Error(`npm start ended with ${code}:\n${printed}`)));
  });
  await running;
  return { child, printed };
}

/** A newcomer's: the system's Node.js, and no HOME. */
function environment(folder: string): NodeJS.ProcessEnv {
  const { HOME: _, ...inherited } = process.env;
  const path = (process.env.PATH ?? '').split(delimiter).filter((part) => !part.includes('node_modules'));
  return {
    ...inherited,
    PATH: path.join(delimiter),
    SKEIN_HOME: join(folder, 'home'),
    SKEIN_GATEWAY: '127.0.0.1:0',
    SKEIN_CONTROL: '127.0.0.1:0',
  };
}

/** Ctrl-C in a terminal: the signal goes to the whole group. What was started, in whatever group, ends. */
async function interrupt(child: ChildProcess): Promise<void> {
  const pid = child.pid ?? assert.fail('npm has no process id');
  const started = processesBelow(pid);
  assert.ok(
    started.some(({ command }) => command.includes('postgres')),
    'PostgreSQL is running',
  );
  const exited = once(child, 'exit');
  process.kill(-pid, 'SIGINT');
  await exited;
  await eventually('nothing of it is left', () => {
    const left = started.filter(isAlive);
    return left.length === 0 || left;
  });
}

async function ordersAt(printed: string): Promise<unknown[]> {
  const gateway = /functions answer at (\S+?),/.exec(printed)?.[1];
  const answer = await runCommand('curl', ['-s', '-H', 'Host: bakery.localhost', `${gateway}/orders`]);
  return JSON.parse(answer.stdout).orders;
}
