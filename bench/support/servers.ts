/** The servers that take part: ours and its peers, each started and stopped by itself. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { runCommand } from '../../test/support/command.ts';
import { startRealNode } from '../../test/support/real-node.ts';
import { helloApp } from './apps.ts';
import { get, type Target } from './load.ts';

const PEERS = join(import.meta.dirname, '../peers');
const READY_MS = 60_000;

export interface Server extends AsyncDisposable {
  readonly name: string;
  readonly target: Target;
}

/** Installs the peers once; they are no dependency of Skein. */
export async function installPeers(): Promise<void> {
  if (existsSync(join(PEERS, 'node_modules/.package-lock.json'))) return;
  console.error('Installing the peers (once, about a minute)…');
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, stderr } = await runCommand('npm', args, { cwd: PEERS, timeoutMs: 600_000 });
  if (code !== 0) throw new Error(`npm ci in ${PEERS}: ${stderr}`);
}

export function bareServer(): Promise<Server> {
  return peer('node:http', (port) => ({ args: [join(PEERS, 'bare.mjs')], env: { PORT: String(port) } }));
}

export function frameworkServer(): Promise<Server> {
  const bin = join(PEERS, 'node_modules/.bin/functions-framework');
  return peer('functions-framework', (port) => ({
    args: [bin, '--source=framework.mjs', '--target=hello', `--port=${port}`],
    env: {},
  }));
}

export async function offlineServer(): Promise<Server> {
  const lambdaPort = await freePort();
  const bin = join(PEERS, 'node_modules/.bin/serverless');
  return peer('serverless-offline', (port) => ({
    args: [
      bin,
      'offline',
      '--httpPort',
      String(port),
      '--lambdaPort',
      String(lambdaPort),
      '--noPrependStageInUrl',
    ],
    env: { SLS_TELEMETRY_DISABLED: '1', SLS_NOTIFICATIONS_MODE: 'off', CI: '1' },
  }));
}

export async function skeinServer(): Promise<Server> {
  const node = await startRealNode();
  await node.skein(['deploy', helloApp('hello', ['hello'])]);
  const target = { url: node.gateway.href, host: 'hello-hello.localhost' };
  await get(target);
  return { name: 'skein', target, [Symbol.asyncDispose]: () => node[Symbol.asyncDispose]() };
}

async function peer(
  name: string,
  command: (port: number) => { args: string[]; env: Record<string, string> },
): Promise<Server> {
  const port = await freePort();
  const { args, env } = command(port);
  const child = spawn(process.execPath, args, {
    cwd: PEERS,
    env: { ...process.env, ...env },
    stdio: 'ignore',
    detached: true,
  });
  const target = { url: `http://127.0.0.1:${port}/` };
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    // the peers start children of their own: end the group that we made for them
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    await exited;
  };
  try {
    await answering(target);
  } catch (error) {
    await stop();
    throw new Error(`${name} did not answer within ${READY_MS / 1000} s`, { cause: error });
  }
  return { name, target, [Symbol.asyncDispose]: stop };
}

async function answering(target: Target): Promise<void> {
  for (const deadlineMs = performance.now() + READY_MS; ; ) {
    try {
      return await get(target);
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
