/**
 * The event store of a node: a thread with connections of its own, so that neither making and reading of batches
 * nor waiting for PostgreSQL is on the loop that serves requests.
 *
 * Owns   the thread, and what is asked of it and not answered.
 * Never  decides anything: it carries questions over and answers back.
 */
import { Worker } from 'node:worker_threads';
import { Fault, type FaultCode, type FaultFacts } from '../base/index.ts';
import type { EventStore } from './event-store.ts';

export interface EventThreadOptions {
  readonly databaseUrl: string;
  readonly holder: string;
}

/** What can be asked, by name. */
export type Asked = Exclude<keyof EventStore, 'onNews' | 'close'>;

export interface Question {
  readonly ticket: number;
  readonly ask: Asked;
  readonly input: unknown;
}

export type ToEventThread = Question | { readonly stop: true };

export type FromEventThread =
  | { readonly ticket: number; readonly value: unknown }
  | { readonly ticket: number; readonly fault: { code: FaultCode; message: string; facts: FaultFacts } }
  | { readonly ticket: number; readonly bug: string }
  | { readonly news: true };

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

export function openEventStore(workerData: EventThreadOptions): EventStore {
  const worker = new Worker(
    new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js', import.meta.url),
    {
      workerData,
    },
  );
  worker.on('error', (error) => {
    throw error; // a bug in the thread ends the node loudly: events that nobody delivers are worse
  });
  worker.unref();
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const waiting = new Map<number, Waiting>();
  let listener = () => {};
  let tickets = 0;
  let closing = false;
  worker.on('message', (message: FromEventThread) => {
    if ('news' in message) return listener();
    const asked = waiting.get(message.ticket);
    waiting.delete(message.ticket);
    if (asked !== undefined) answer(asked, message);
  });
  const ask =
    (what: Asked) =>
    (input?: unknown): Promise<never> => {
      if (closing) return Promise.reject(closed());
      return new Promise((resolve, reject) => {
        waiting.set(++tickets, { resolve, reject });
        worker.postMessage({ ticket: tickets, ask: what, input } satisfies ToEventThread);
      });
    };
  return {
    ...{ insert: ask('insert'), dueLanes: ask('dueLanes'), claim: ask('claim'), renew: ask('renew') },
    ...{
      settle: ask('settle'),
      release: ask('release'),
      volumes: ask('volumes'),
      oldestAtMs: ask('oldestAtMs'),
    },
    onNews(told) {
      listener = told;
    },
    async close() {
      if (!closing) worker.postMessage({ stop: true } satisfies ToEventThread);
      closing = true;
      worker.ref();
      await exited;
      for (const { reject } of waiting.values()) reject(closed());
      waiting.clear();
    },
  };
}

function answer({ resolve, reject }: Waiting, message: Exclude<FromEventThread, { news: true }>): void {
  if ('value' in message) resolve(message.value as never);
  else if ('bug' in message) reject(new Error(message.bug));
  else reject(new Fault(message.fault.code, message.fault.message, { facts: message.fault.facts }));
}

function closed(): Fault {
  return new Fault('shutting-down', 'This node is shutting down. Try again on another, or later.');
}
