/** A place of the test's own where code that runs elsewhere waits until the test lets it go. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
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

export async function startBarrier(): Promise<Barrier> {
  const waiting: ServerResponse[] = [];
  let wanted: { readonly count: number; resolve(): void } | null = null;
  const check = () => {
    if (wanted !== null && waiting.length >= wanted.count) wanted.resolve();
  };
  const server = createServer((_request, response) => {
    waiting.push(response);
    check();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const open = () => {
    for (const response of waiting.splice(0)) response.end('go');
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
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
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
