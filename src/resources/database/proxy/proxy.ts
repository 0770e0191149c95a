/**
 * The node's database proxy: what functions know as PostgreSQL.
 *
 * A function has as many connections to it as it likes; PostgreSQL has as many as there are transactions
 * at once, and no more than its limits. Each transaction gets a connection for as long as it lasts.
 *
 * Owns   a thread with the listener, and which databases it serves.
 * Never  gives a function its role's password: its secret is good for the proxy only.
 *
 * The thread keeps nothing that must not be lost. If it dies, its clients are disconnected, and a new one
 * listens at the same place.
 */
import { Worker } from 'node:worker_threads';
import { type Clock, Fault } from '../../../base/index.ts';
import { type AppDatabase, LIMITS } from '../../../model/index.ts';
import type { ServerAddress } from './dial.ts';
import type { HallLimits } from './hall.ts';
import type { FromThread, ThreadOptions, ToThread } from './messages.ts';
import { secretOf } from './secret.ts';

export interface DatabaseProxyOptions {
  /** Where functions find it; port 0: any that is free. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly server: ServerAddress;
  /** Signs the secrets of functions; of this purpose alone. */
  readonly key: Uint8Array;
  readonly clock: Clock;
  readonly onProblem: (problem: unknown) => void;
  /** Default: LIMITS. */
  readonly limits?: Partial<HallLimits>;
}

export interface DatabaseProxy {
  readonly port: number;
  /** The DATABASE_URL of a function. */
  urlFor(database: AppDatabase, functionName: string): string;
  /** From now on these are served, and no others. */
  serve(databases: Iterable<AppDatabase>): void;
  /** Disconnects everybody, and ends the thread. Idempotent. */
  stop(): Promise<void>;
}

const MEMORY_MB = 256;
const RESTART_MS = 200;

const DEFAULTS: HallLimits = {
  functionConnections: LIMITS.functionConnections,
  appConnections: LIMITS.appConnections,
  connections: LIMITS.databaseConnections - LIMITS.platformConnections,
  queueMs: LIMITS.connectionQueueMs,
  queueLength: LIMITS.connectionQueueLength,
  idleMs: LIMITS.idleConnectionMs,
  functionClients: LIMITS.functionClients,
  sockets: LIMITS.databaseClients,
  socketsOfAddress: LIMITS.instanceClients,
  strangers: 1_000,
  stallMs: LIMITS.idleTransactionMs,
};

/** @throws {Fault} `port-in-use` */
export async function startDatabaseProxy(options: DatabaseProxyOptions): Promise<DatabaseProxy> {
  const { clock, key, onProblem } = options;
  let { host, port } = options.listen;
  let databases: readonly AppDatabase[] = [];
  let worker: Worker | null = null;
  let stopped = false;
  let ended = Promise.resolve();
  const say = (message: ToThread) => worker?.postMessage(message);

  function start(): Promise<number> {
    const { host: serverHost, port: serverPort, search = '' } = options.server;
    const server = { host: serverHost, port: serverPort, search }; // nothing else of it can cross
    const limits = { ...DEFAULTS, ...options.limits };
    const data: ThreadOptions = { listen: { host, port }, server, key, limits };
    const thread = new Worker(new URL('./thread.ts', import.meta.url), {
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
    });
    const gone = Promise.withResolvers<void>();
    const listening = Promise.withResolvers<number>();
    worker = thread;
    ended = gone.promise;
    thread.on('message', (message: FromThread) => {
      if (message.kind === 'listening') {
        thread.unref();
        return listening.resolve(message.port);
      }
      listening.reject(portFault({ host, port }, message));
      void thread.terminate();
    });
    thread.on('error', (error) => {
      listening.reject(error);
      onProblem(error);
    });
    thread.once('exit', () => {
      gone.resolve();
      if (worker === thread) worker = null;
      if (port !== 0 && !stopped) clock.after(RESTART_MS, restart);
    });
    say({ kind: 'serve', databases });
    return listening.promise;
  }

  function restart(): void {
    if (!stopped && worker === null) start().catch(onProblem);
  }

  try {
    port = await start();
  } catch (error) {
    stopped = true;
    await ended;
    throw error;
  }
  return {
    port,
    urlFor(database, functionName) {
      const { roleName, databaseName } = database;
      const authority = `${roleName}:${secretOf(key, { functionName, roleName })}@${host}:${port}`;
      return `postgres://${authority}/${databaseName}`;
    },
    serve(wanted) {
      databases = [...wanted];
      say({ kind: 'serve', databases });
    },
    async stop() {
      stopped = true;
      say({ kind: 'stop' });
      worker?.ref();
      await ended;
    },
  };
}

function portFault(
  { host, port }: { host: string; port: number },
  { why, code }: { why: string; code: string },
) {
  if (code !== 'EADDRINUSE') return new Error(`the database proxy cannot listen at ${host}:${port}: ${why}`);
  return new Fault('port-in-use', `The database proxy cannot listen at ${host}:${port}: the port is taken.`, {
    facts: { host, port },
  });
}
