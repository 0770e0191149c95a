/**
 * A thread that answers questions: what is asked of it is carried over, and its answer back. The other end:
 * thread-answers.ts.
 *
 * A fault stays a fault on its way. A bug in the thread itself ends the process loudly: what it was to do, nobody does.
 */
import { Worker } from 'node:worker_threads';
import { Fault, type FaultCode, type FaultFacts } from './fault.ts';

/** What can be asked: functions of one argument. */
// biome-ignore lint/suspicious/noExplicitAny: each question has its own input, and none fits all
export type Answers = Readonly<Record<string, (input: any) => Promise<unknown>>>;

export interface Question {
  readonly ticket: number;
  readonly ask: string;
  readonly input: unknown;
}

export type ToThread = Question | { readonly stop: true };

export type FromThread =
  | { readonly ticket: number; readonly value: unknown }
  | { readonly ticket: number; readonly fault: { code: FaultCode; message: string; facts: FaultFacts } }
  | { readonly ticket: number; readonly bug: string }
  | { readonly news: unknown };

export interface Thread<Asked extends Answers> {
  readonly ask: Asked;
  /** Calls back with what the thread tells without being asked. */
  onNews(listener: (news: never) => void): void;
  /** Ends it; what it has not answered by then is refused. Idempotent. */
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** @param options.module the thread's own, which calls `answerQuestions` */
export function openThread<Asked extends Answers>(options: {
  readonly module: URL;
  readonly workerData: unknown;
  readonly asks: readonly (keyof Asked & string)[];
}): Thread<Asked> {
  const worker = new Worker(options.module, { workerData: options.workerData });
  worker.on('error', (error) => {
    throw error;
  });
  worker.unref();
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const waiting = new Map<number, Waiting>();
  let listener = (_news: never) => {};
  let tickets = 0;
  let closing = false;
  worker.on('message', (message: FromThread) => {
    if ('news' in message) return listener(message.news as never);
    const asked = waiting.get(message.ticket);
    waiting.delete(message.ticket);
    if (asked !== undefined) settle(asked, message);
  });
  const asking = (what: string) => (input: unknown) => {
    if (closing) return Promise.reject(closed());
    return new Promise((resolve, reject) => {
      waiting.set(++tickets, { resolve, reject });
      worker.postMessage({ ticket: tickets, ask: what, input } satisfies ToThread);
    });
  };
  return {
    ask: Object.fromEntries(options.asks.map((what) => [what, asking(what)])) as unknown as Asked,
    onNews(told) {
      listener = told;
    },
    async close() {
      if (!closing) worker.postMessage({ stop: true } satisfies ToThread);
      closing = true;
      worker.ref();
      await exited;
      for (const { reject } of waiting.values()) reject(closed());
      waiting.clear();
    },
  };
}

function settle({ resolve, reject }: Waiting, message: Exclude<FromThread, { news: unknown }>): void {
  if ('value' in message) resolve(message.value as never);
  else if ('bug' in message) reject(new Error(message.bug));
  else reject(new Fault(message.fault.code, message.fault.message, { facts: message.fault.facts }));
}

function closed(): Fault {
  return new Fault('shutting-down', 'This node is shutting down. Try again on another, or later.');
}
