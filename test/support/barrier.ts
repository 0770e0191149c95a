/** A place of the test's own where code that runs elsewhere waits until the test lets it go. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { type Outside, startOutside } from './outside.ts';
import type { HttpAnswer } from './real-node.ts';

export interface Barrier extends AsyncDisposable {
  /** A GET here is answered when the test opens the barrier. */
  readonly url: string;
  /**
   * Resolves when this many wait here at the same time.
   *
   * @param answers what they answer once they may go on; one that comes now will never arrive here
   * @throws {Error} as soon as there is such an answer
   */
  arrived(count: number, answers: readonly Promise<HttpAnswer>[]): Promise<void>;
  /** Lets everybody go who waits. */
  open(): void;
}

/** What counts those who wait, and lets them go. */
interface Gate {
  readonly url: string;
  /** Called with how many wait, each time it changes. */
  onChange: (waiting: number) => void;
  open(): void;
  close(): Promise<void>;
}

/**
 * @param given a host on which sandboxes can wait, whatever they may reach of this machine; without, it is
 *   one of the barrier's own or, where none can be made, this machine's loopback address: no sandbox is
 *   isolated there either
 */
export async function startBarrier(given: Outside | null = null): Promise<Barrier> {
  const own = given === null ? await startOutside().catch(() => null) : null;
  const outside = given ?? own;
  const gate = outside === null ? await gateHere() : await gateOutside(outside);
  let waiting = 0;
  let wanted: { readonly count: number; resolve(): void } | null = null;
  const check = () => {
    if (wanted !== null && waiting >= wanted.count) wanted.resolve();
  };
  gate.onChange = (now) => {
    waiting = now;
    check();
  };
  const open = () => {
    waiting = 0;
    gate.open();
  };
  return {
    url: gate.url,
    async arrived(count, answers) {
      const all = new Promise<void>((resolve) => {
        wanted = { count, resolve };
        check();
      });
      const early = Promise.race(answers).then((answer) => {
        throw new Error(`answered before the barrier was opened: ${answer.status} ${answer.body}`);
      });
      await Promise.race([all, early]);
    },
    open,
    async [Symbol.asyncDispose]() {
      open();
      await gate.close();
      await own?.[Symbol.asyncDispose]();
    },
  };
}

async function gateHere(): Promise<Gate> {
  const waiting: ServerResponse[] = [];
  const server = createServer((_request, response) => {
    gate.onChange(waiting.push(response));
  });
  await new Promise<void>((resolve) =>
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, resolve),
  );
  const gate: Gate = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    onChange: () => {},
    open() {
      for (const response of waiting.splice(0)) response.end('go');
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return gate;
}

const PORT = 8_000;

async function gateOutside(outside: Outside): Promise<Gate> {
  const child = outside.run(new URL('barrier-server.ts', import.meta.url).pathname, [String(PORT)]);
  const ready = Promise.withResolvers<void>();
  child.once('exit', (code) => ready.reject(new Error(`the barrier ended with ${code}`)));
  ready.promise.catch(() => {});
  const gate: Gate = {
    url: `http://${outside.address}:${PORT}/`,
    onChange: () => {},
    open: () => void child.stdin?.write('open\n'),
    async close() {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.stdin?.end();
      await exited;
    },
  };
  if (child.stdout === null) throw new Error('the barrier has no output');
  createInterface(child.stdout).on('line', (line) => {
    ready.resolve();
    gate.onChange(Number(line));
  });
  await ready.promise;
  return gate;
}
