/**
 * Worker threads for packages.
 *
 * Owns   which threads exist, and the queue of jobs before them.
 * Never  touches a package.
 *
 * A thread is started when a job finds none free, and ended after `idleMs` without one, so an idle
 * node holds no memory for it. A thread that dies takes its job down with it and no other.
 */
import { Worker } from 'node:worker_threads';
import { type Clock, Fault, type FaultCode, type FaultFacts, type Timer } from '../base/index.ts';
import type { Job, Stored } from './jobs.ts';

export interface WorkerData {
  readonly cacheDir: string;
  readonly imagesDir: string;
  readonly url: string;
  /** Exports `openStore(url): ChunkStore`; null: PostgreSQL. */
  readonly module: string | null;
}

export type Reply =
  | { readonly ok: true; readonly value: Stored }
  | { readonly ok: false; readonly fault: { code: FaultCode; message: string; facts: FaultFacts } }
  | { readonly ok: false; readonly bug: string };

export interface PoolOptions {
  readonly clock: Clock;
  readonly data: WorkerData;
  /** Threads at most. */
  readonly threads: number;
  /** Jobs that may wait; the next is refused. */
  readonly queueLength: number;
  /** How long a thread without a job is kept, ms. */
  readonly idleMs: number;
}

export interface WorkerPool {
  /** @throws {Fault} of the job; `no-capacity` when the queue is full, `shutting-down` after `stop` */
  run(job: Job): Promise<Stored>;
  /** Threads alive now. */
  readonly threads: number;
  /** Lets the jobs that run finish, refuses those that wait. Idempotent. */
  stop(): Promise<void>;
}

interface Waiting {
  readonly job: Job;
  readonly resolve: (value: Stored) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly gone: Promise<void>;
  current: Waiting | null;
  idle: Timer | null;
}

const WORKER_URL = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);

/** Makes a pool; no thread is started before the first job. */
export function workerPool(options: PoolOptions): WorkerPool {
  const { clock } = options;
  const threads = new Set<Thread>();
  const queue: Waiting[] = [];
  const ending = new Set<Promise<void>>();
  let stopped = false;

  function start(): Thread {
    const worker = new Worker(WORKER_URL, {
      workerData: options.data,
      resourceLimits: { maxOldGenerationSizeMb: 256 },
    });
    const { promise: gone, resolve } = Promise.withResolvers<void>();
    const thread: Thread = { worker, gone, current: null, idle: null };
    threads.add(thread);
    worker.on('message', (reply: Reply) => settle(thread, reply));
    worker.on('error', (error) => settle(thread, { ok: false, bug: error.stack ?? error.message }));
    worker.on('exit', () => {
      threads.delete(thread);
      thread.idle?.cancel();
      settle(thread, { ok: false, bug: 'the thread that handles packages ended' });
      resolve();
      pump();
    });
    return thread;
  }

  function settle(thread: Thread, reply: Reply): void {
    const done = thread.current;
    thread.current = null;
    if (done === null) return;
    if (reply.ok) done.resolve(reply.value);
    else if ('fault' in reply)
      done.reject(new Fault(reply.fault.code, reply.fault.message, { facts: reply.fault.facts }));
    else done.reject(new Error(reply.bug));
    if (!threads.has(thread)) return;
    pump();
    if (thread.current === null) rest(thread);
  }

  function rest(thread: Thread): void {
    thread.worker.unref();
    thread.idle = clock.after(stopped ? 0 : options.idleMs, () => end(thread));
  }

  function end(thread: Thread): void {
    threads.delete(thread);
    ending.add(thread.gone);
    void thread.gone.then(() => ending.delete(thread.gone));
    thread.worker.postMessage('end');
  }

  function pump(): void {
    while (queue.length > 0) {
      const free = [...threads].find(({ current }) => current === null);
      if (free === undefined && threads.size >= options.threads) return;
      const thread = free ?? start();
      thread.idle?.cancel();
      thread.idle = null;
      thread.worker.ref();
      thread.current = queue.shift()!;
      thread.worker.postMessage(thread.current.job);
    }
  }

  return {
    get threads() {
      return threads.size;
    },
    run(job) {
      if (stopped)
        return Promise.reject(new Fault('shutting-down', 'The node is stopping and takes no more packages.'));
      if (queue.length >= options.queueLength) {
        const message = `${queue.length} packages wait to be unpacked already; try again in a few seconds.`;
        return Promise.reject(new Fault('no-capacity', message, { facts: { queueLength: queue.length } }));
      }
      return new Promise((resolve, reject) => {
        queue.push({ job, resolve, reject });
        pump();
      });
    },
    async stop() {
      stopped = true;
      for (const { reject } of queue.splice(0)) reject(new Fault('shutting-down', 'The node is stopping.'));
      for (const thread of [...threads]) {
        if (thread.current !== null) continue;
        thread.idle?.cancel();
        end(thread);
      }
      const busy = [...threads].map((thread) => thread.gone);
      await Promise.all([...busy, ...ending]);
    },
  };
}
