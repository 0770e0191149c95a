/** The thread behind proxy.ts: the listener, and everybody who comes to it. See there. */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { periodically, systemClock } from '../../../base/index.ts';
import { Hall } from './hall.ts';
import type { FromThread, ThreadOptions, ToThread } from './messages.ts';

const TIDY_EVERY_MS = 1_000;
const BACKLOG = 4_096;

const { listen, server, key, limits } = workerData as ThreadOptions;
const port = parentPort!;
const hall = new Hall({ clock: systemClock, key, server, limits });
const tell = (message: FromThread) => port.postMessage(message);

const listener = createServer(
  { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 },
  (socket: Socket) => {
    hearAll(); // an instance may connect sooner than the message comes that its database is there
    hall.receive(socket);
  },
);
listener.on('error', (error: NodeJS.ErrnoException) => {
  tell({ kind: 'failed', why: error.message, code: error.code ?? '' });
});
listener.listen({ ...listen, backlog: BACKLOG }, () => {
  tell({ kind: 'listening', port: (listener.address() as AddressInfo).port });
});
periodically(systemClock, { everyMs: TIDY_EVERY_MS, onProblem: fail, task: async () => hall.tidy() });

function hear(message: ToThread): void {
  if (message.kind === 'serve') {
    hall.serve(message.databases);
    return;
  }
  listener.close();
  hall.close();
  setImmediate(() => process.exit()); // of the thread
}

function hearAll(): void {
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    hear(next.message as ToThread);
  }
}

function fail(error: unknown): void {
  throw error;
}

port.on('message', hear);
