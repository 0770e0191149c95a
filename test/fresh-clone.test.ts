/** The two commands of the README on a fresh clone: by an ordinary user, with HOME unset, on the system's Node.js. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { runCommand } from './support/command.ts';

const ROOT = join(import.meta.dirname, '..');
const skip =
  process.env.CI === 'true' ? false : 'it installs everything anew, which takes minutes; CI=true runs it';

suite('a fresh clone', { skip }, () => {
  let folder: string;
  const asUser =
    process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fresh-'));
    chmodSync(folder, 0o755);
    const { code, stderr } = await runCommand('git', [
      'clone',
      '--quiet',
      `file://${ROOT}`,
      join(folder, 'skein'),
    ]);
    assert.equal(code, 0, stderr);
    if (asUser.length > 0) await runCommand('chown', ['-R', '65534:65534', folder]);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** `npm start`, until it runs; resolves to what it printed. */
  async function start(): Promise<{ child: ChildProcess; printed: string }> {
    const { HOME: _, ...inherited } = process.env;
    const env = {
      ...inherited,
      PATH: (process.env.PATH ?? '')
        .split(delimiter)
        .filter((part) => !part.includes('node_modules'))
        .join(delimiter),
      SKEIN_HOME: join(folder, 'home'),
      SKEIN_GATEWAY: '127.0.0.1:0',
      SKEIN_CONTROL: '127.0.0.1:0',
    };
    const [command = 'npm', ...args] = [...asUser, 'npm', 'start'];
    const child = spawn(command, args, {
      cwd: join(folder, 'skein'),
      env,
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

  /** Ctrl-C in a terminal: the signal goes to the whole group. */
  async function interrupt(child: ChildProcess): Promise<void> {
    const exited = once(child, 'exit');
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
    await exited;
  }

  async function ordersAt(printed: string): Promise<unknown[]> {
    const gateway = /functions answer at (\S+?),/.exec(printed)?.[1];
    const args = ['-s', '-H', 'Host: bakery.localhost', `${gateway}/orders`];
    return JSON.parse((await runCommand('curl', args)).stdout).orders;
  }

  test('npm start reaches a real answer, and a second start keeps the order', async () => {
    const first = await start();
    assert.match(first.printed, /→ 201 \{"id"/);
    assert.match(first.printed, /Billed Duration: \d+ ms/);
    assert.equal((await ordersAt(first.printed)).length, 1);
    await interrupt(first.child);

    const second = await start();
    assert.equal((await ordersAt(second.printed)).length, 2);
    await interrupt(second.child);
  });
});
