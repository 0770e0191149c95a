/**
 * The intake: gives every instance a socket to print to, read by a thread of its own.
 *
 * The main loop never sees a byte of what functions print. It opens the socket, names the instance
 * on it, and hands it to the driver as the process's output; from then on the process and the log
 * thread talk alone.
 */
import { rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { systemClock, unixSocketPath } from '../base/index.ts';
import { LIMITS } from '../model/index.ts';
import type { FromThread, ThreadOptions, ToThread } from './messages.ts';
import type { Owner } from './source.ts';
import { type InstanceTelemetry, instanceTelemetry } from './telemetry/instance-telemetry.ts';

/** The logs of one instance, as its owner uses them. */
export interface InstanceLog {
  /** To be given to the process as stdout and stderr. */
  readonly output: Socket;
  assign(owner: Owner): void;
  /** Only for runtimes that do not tag their lines: an invocation begins … */
  begin(requestId: string): void;
  /** … and has ended. Resolves when every line it wrote has been read. */
  settle(requestId: string): Promise<void>;
  /** For extensions that subscribe to it. */
  readonly telemetry: InstanceTelemetry;
}

/** The lines of one request, for a caller who waits for them. */
export interface LogTail {
  /**
   * @param instanceId where the request ran, and has ended; null: nowhere
   * @returns its last lines as one text, 4 KB or a little more
   */
  take(instanceId: string | null): Promise<string>;
}

export interface LogIntake {
  open(instanceId: string): Promise<InstanceLog>;
  /** Begins to keep a request's lines in memory; to be called before it runs, and taken once. */
  tail(requestId: string): LogTail;
  /** Writes what has been read, and ends the thread. Idempotent. */
  stop(): Promise<void>;
}

export interface IntakeOptions {
  /** Where the socket goes, if its path is short enough for one; else a temporary folder. */
  readonly socketFolder: string;
  readonly databaseUrl: string;
  /** How long a stop waits for PostgreSQL to take what is left. Default 5 s. */
  readonly stopMs?: number | undefined;
}

/**
 * @param onLost told when lines could not be kept
 */
export async function startLogIntake(
  { socketFolder, databaseUrl, stopMs }: IntakeOptions,
  onLost: (lines: number, why: string) => void,
): Promise<LogIntake> {
  const socketPath = unixSocketPath(socketFolder, 'logs.sock');
  const worker = new Worker(new URL('./thread.ts', import.meta.url), {
    workerData: threadOptions(socketPath, databaseUrl, stopMs),
  });
  const settling = new Map<number, () => void>();
  const collecting = new Map<number, (text: string) => void>();
  const stopped = Promise.withResolvers<void>();
  const listening = Promise.withResolvers<void>();
  worker.on('error', (error) => {
    listening.reject(error);
    throw error; // a bug in the log thread ends the node loudly, not silently
  });
  worker.on('exit', () => stopped.resolve());
  worker.on('message', (message: FromThread) => {
    if (message.kind === 'listening') listening.resolve();
    else if (message.kind === 'lost') onLost(message.lines, message.why);
    else if (message.kind === 'settled') {
      settling.get(message.ticket)?.();
      settling.delete(message.ticket);
    } else if (message.kind === 'collected') {
      collecting.get(message.ticket)?.(message.text);
      collecting.delete(message.ticket);
    }
  });
  await listening.promise;
  worker.unref();
  return intake(worker, { socketPath, settling, collecting, stopped: stopped.promise });
}

interface Thread {
  readonly socketPath: string;
  readonly settling: Map<number, () => void>;
  readonly collecting: Map<number, (text: string) => void>;
  readonly stopped: Promise<void>;
}

function intake(worker: Worker, { socketPath, settling, collecting, stopped }: Thread): LogIntake {
  const say = (message: ToThread) => worker.postMessage(message);
  let ticket = 0;
  let stopping = false;
  return {
    async open(instanceId) {
      const output = await connected(socketPath);
      output.write(`${instanceId}\n`);
      const flush = () =>
        new Promise<void>((resolve) => {
          if (stopping) return resolve();
          settling.set(++ticket, resolve);
          say({ kind: 'telemetry', instanceId, act: 'flush', ticket });
        });
      return {
        output,
        telemetry: instanceTelemetry({ instanceId, say, flush, wallMs: () => systemClock.wallMs() }),
        assign: (owner) => say({ kind: 'assign', instanceId, ...owner }),
        begin: (requestId) => say({ kind: 'begin', instanceId, requestId }),
        settle: (requestId) =>
          new Promise((resolve) => {
            if (stopping) return resolve();
            settling.set(++ticket, resolve);
            say({ kind: 'settle', instanceId, requestId, ticket });
          }),
      };
    },
    tail(requestId) {
      say({ kind: 'watch', requestId });
      return {
        take: (instanceId) =>
          new Promise((resolve) => {
            if (stopping) return resolve('');
            collecting.set(++ticket, resolve);
            say({ kind: 'collect', instanceId, requestId, ticket });
          }),
      };
    },
    async stop() {
      if (!stopping) say({ kind: 'stop' });
      stopping = true;
      worker.ref();
      await stopped;
      for (const resolve of settling.values()) resolve();
      for (const resolve of collecting.values()) resolve('');
      rmSync(socketPath, { force: true });
    },
  };
}

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}

const STOP_MS = 5_000;

function threadOptions(socketPath: string, databaseUrl: string, stopMs = STOP_MS): ThreadOptions {
  return {
    socketPath,
    databaseUrl,
    limits: {
      lineBytes: LIMITS.logLineBytes,
      bytesPerSecond: LIMITS.logBytesPerSecond,
      burstBytes: LIMITS.logBurstBytes,
    },
    bytesPerTick: 16 * 1024 * 1024,
    backlogLines: 50_000,
    tickMs: 200,
    stopMs,
  };
}
