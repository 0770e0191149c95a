/** The JavaScript heap of a node's main thread, asked for through the inspector that every Node.js has. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import type { RealNode } from './real-node.ts';

/** To be in the node's environment: its inspector, when woken, takes a free port. */
export const INSPECTABLE = { NODE_OPTIONS: '--inspect-port=127.0.0.1:0' };

export interface Heap extends Disposable {
  /** Bytes in use after a full collection. */
  usedAfterCollection(): Promise<number>;
}

export async function openHeap(node: RealNode): Promise<Heap> {
  process.kill(node.pid, 'SIGUSR1');
  const url = () =>
    /Debugger listening on (ws:\S+)/.exec(readFileSync(join(node.home, 'node.log'), 'utf8'))?.[1];
  await eventually('the inspector listens', () => url() !== undefined);
  const socket = new WebSocket(url() ?? '');
  await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }));
  let last = 0;
  async function ask(method: string): Promise<{ usedSize: number }> {
    const id = ++last;
    const { promise, resolve } = Promise.withResolvers<{ usedSize: number }>();
    const onMessage = ({ data }: MessageEvent) => {
      const message = JSON.parse(String(data)) as { id?: number; result: { usedSize: number } };
      if (message.id !== id) return;
      socket.removeEventListener('message', onMessage);
      resolve(message.result);
    };
    socket.addEventListener('message', onMessage);
    socket.send(JSON.stringify({ id, method }));
    return await promise;
  }
  return {
    async usedAfterCollection() {
      await ask('HeapProfiler.collectGarbage');
      return (await ask('Runtime.getHeapUsage')).usedSize;
    },
    [Symbol.dispose]: () => socket.close(),
  };
}
