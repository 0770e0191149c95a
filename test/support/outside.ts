/**
 * A host outside this machine, for sandboxes that may reach the internet but not their node: a network
 * namespace with an address that is nobody's (AMPRNet keeps 44.128.0.0/16 for tests). Needs root.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { runCommand } from './command.ts';

export interface Outside extends AsyncDisposable {
  /** IPv4 address of the host. */
  readonly address: string;
  /** Starts a program there, with this test's Node.js; it ends with the host. */
  run(script: string, args?: readonly string[]): ChildProcess;
}

export async function startOutside(): Promise<Outside> {
  const name = `out${randomBytes(3).toString('hex')}`;
  const [high = 0, low = 0] = randomBytes(2);
  const here = `44.128.${high}.${(low & 0xfc) + 1}`;
  const address = `44.128.${high}.${(low & 0xfc) + 2}`;
  const inside = ['ip', '-n', name];
  await all([
    ['ip', 'netns', 'add', name],
    ['ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name],
    ['ip', 'address', 'add', `${here}/30`, 'dev', name],
    ['ip', 'link', 'set', name, 'up'],
    [...inside, 'address', 'add', `${address}/30`, 'dev', 'eth0'],
    [...inside, 'link', 'set', 'lo', 'up'],
    [...inside, 'link', 'set', 'eth0', 'up'],
    [...inside, 'route', 'add', 'default', 'via', here],
  ]);
  // It stands for the uplink, and answers must find their way from it to a sandbox.
  writeFileSync(`/proc/sys/net/ipv4/conf/${name}/forwarding`, '1');
  const running = new Set<ChildProcess>();
  return {
    address,
    run(script, args = []) {
      const command = ['netns', 'exec', name, process.execPath, script, ...args];
      const child = spawn('ip', command, { stdio: ['pipe', 'pipe', 'inherit'] });
      running.add(child);
      child.once('exit', () => running.delete(child));
      return child;
    },
    async [Symbol.asyncDispose]() {
      for (const child of running) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      await all([
        ['ip', 'link', 'delete', name],
        ['ip', 'netns', 'delete', name],
      ]);
    },
  };
}

async function all(commands: readonly (readonly string[])[]): Promise<void> {
  for (const [command = '', ...args] of commands) {
    const { code, stderr } = await runCommand(command, args);
    if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  }
}
