/** For tests: a real process of a runtime, running the files a test writes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { RuntimeName } from '../model/index.ts';
import type { FunctionError, Guest, Setup, Work } from './guest.ts';
import { createRuntimes } from './index.ts';

export const PYTHON = process.env.SKEIN_TEST_PYTHON ?? '/usr/bin/python3.11';

const runtimesWith = (hasChannels: boolean) =>
  createRuntimes({
    hasChannels,
    programOf: (runtime) => ({
      path: runtime.startsWith('python') ? PYTHON : process.execPath,
      support: null,
    }),
    guestDir: fileURLToPath(new URL('../../guest', import.meta.url)),
    credentials: ({ functionName }) => ({
      accessKeyId: `ASIA-${functionName}`,
      secretAccessKey: 'secret',
      token: 'session',
      expirationMs: 1_800_000_000_000,
      roleArn: 'arn:aws:iam::000000000000:role/shop',
    }),
  });

export const runtimes = runtimesWith(true);
/** Their processes are given no channel, and call for it. */
const callingRuntimes = runtimesWith(false);

let nodeCalls = false;

/** From now on Node.js is given no channel, and calls for it. */
export function letNodeCall(): void {
  nodeCalls = true;
}

export interface Code {
  readonly runtime?: RuntimeName;
  readonly files: Readonly<Record<string, string>>;
  readonly handler?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly blank?: boolean;
  readonly memoryMb?: number;
  readonly compileCache?: Setup['compileCache'];
}

export interface Running {
  readonly guest: Guest;
  readonly setup: Setup;
  readonly child: ChildProcess;
  /** Ends the process; @returns everything it printed. */
  output(): Promise<Buffer>;
  /** Resolves when the process has ended and its output is complete. */
  readonly exited: Promise<number | null>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a process, not yet initialised. */
export async function start(code: Code): Promise<Running> {
  const taskRoot = await mkdtemp(join(tmpdir(), 'guest-test-'));
  const scratch = await mkdtemp(join(tmpdir(), 'guest-test-'));
  for (const [name, text] of Object.entries(code.files)) {
    await mkdir(dirname(join(taskRoot, name)), { recursive: true });
    await writeFile(join(taskRoot, name), text);
    if (name === 'bootstrap') await chmod(join(taskRoot, name), 0o755);
  }
  const setup: Setup = {
    functionName: 'shop-hello',
    version: 7,
    instanceId: 'instance-1',
    runtime: code.runtime ?? 'nodejs24.x',
    handler: code.handler ?? 'index.handler',
    memoryMb: code.memoryMb ?? 256,
    taskRoot,
    environment: code.environment ?? {},
    initializationType: 'on-demand',
    logStream: '2026/01/01/[7]abc',
    compileCache: code.compileCache ?? null,
  };
  const from = nodeCalls ? callingRuntimes : runtimes;
  const prepared = await from.prepare(setup.runtime, setup.memoryMb, code.blank ? null : setup);
  const [command, ...args] = prepared.argv as [string, ...string[]];
  const child = spawn(command, args, {
    env: { ...prepared.environment, TMPDIR: scratch, HOME: taskRoot },
    cwd: taskRoot,
    stdio: ['ignore', 'pipe', 'pipe', ...(prepared.channel ? (['pipe'] as const) : [])],
  });
  const pieces: Buffer[] = [];
  for (const output of [child.stdout, child.stderr] as Readable[])
    output.on('data', (piece) => pieces.push(piece));
  const guest = prepared.connect((child.stdio[3] as Duplex | undefined) ?? null);
  const exited = once(child, 'close').then(([exitCode]) => {
    void guest.close();
    return exitCode as number | null;
  });
  return {
    guest,
    setup,
    child,
    async output() {
      child.kill('SIGKILL');
      await exited;
      return Buffer.concat(pieces);
    },
    exited,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
      await guest.close();
      for (const folder of [taskRoot, scratch]) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Starts a process and initialises it; fails when that fails. */
export async function boot(code: Code): Promise<Running> {
  const running = await start(code);
  await running.guest.booted();
  const error = await running.guest.init(running.setup);
  if (error !== null) throw new Error(`init failed: ${error.payload.toString()}`);
  return running;
}

/** Starts a process and gives back the error that its init ends with. */
export async function initErrorOf(code: Code): Promise<Record<string, unknown>> {
  await using running = await start(code);
  const error = await running.guest.init(running.setup);
  if (error === null) throw new Error('init did not fail');
  return objectOf(error);
}

let serial = 0;

export function work(event: unknown, more: Partial<Work> = {}): Work {
  serial += 1;
  return {
    requestId: `request-${serial}`,
    event: JSON.stringify(event),
    deadlineMs: Date.now() + 10_000,
    functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:shop-hello',
    traceId: null,
    clientContext: null,
    ...more,
  };
}

/** The handler's result, parsed; fails when there is none. */
export async function call(guest: Guest, event: unknown, more: Partial<Work> = {}): Promise<unknown> {
  const answer = await guest.invoke(work(event, more));
  if (answer.kind === 'error') throw new Error(`the function failed: ${answer.error.payload.toString()}`);
  if (answer.kind === 'stream') throw new Error('the function streamed');
  return JSON.parse(answer.payload.toString());
}

/** The error object of an invocation that fails. */
export async function callError(guest: Guest, event: unknown = {}): Promise<Record<string, unknown>> {
  const answer = await guest.invoke(work(event));
  if (answer.kind !== 'error') throw new Error(`the function did not fail: ${answer.kind}`);
  return objectOf(answer.error);
}

function objectOf(error: FunctionError): Record<string, unknown> {
  const object = JSON.parse(error.payload.toString()) as Record<string, unknown>;
  if (object.errorType !== error.errorType)
    throw new Error(`errorType ${error.errorType} is not the payload's`);
  return object;
}

export interface LogRecord {
  readonly requestId: string;
  readonly level: string;
  readonly text: string;
}

/** Reads the records of an output; bytes outside of records have the level `raw`. */
export function recordsOf(output: Buffer): LogRecord[] {
  const records: LogRecord[] = [];
  for (let at = 0; at < output.length; ) {
    const headEnd = output.indexOf(10, at);
    const head = output.toString('latin1', at, headEnd < 0 ? output.length : headEnd);
    if (!head.startsWith('\x1e')) {
      records.push({ requestId: '-', level: 'raw', text: head });
      at += head.length + 1;
      continue;
    }
    const [requestId = '', level = '', , length] = head.slice(1).split('\t');
    const start = headEnd + 1;
    const end = start + Number(length);
    if (output[end] !== 10) throw new Error(`a record of ${length} bytes does not end where it says`);
    records.push({ requestId, level, text: output.toString('utf8', start, end) });
    at = end + 1;
  }
  return records;
}
