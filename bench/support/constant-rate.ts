/**
 * An open-loop client: requests leave at a constant rate whether or not earlier ones have been
 * answered, each on a connection that is free, so a server's stall is not hidden. It speaks just
 * enough HTTP/1.1 over raw sockets to add little of its own to what it measures.
 */
import { connect, type Socket } from 'node:net';
import type { Target } from './load.ts';
import { type Spread, spreadOf } from './numbers.ts';

const MAX_CONNECTIONS = 512;
const TICK_MS = 1;

/** `rate` GETs a second for `seconds`. @throws when one fails or is not answered with 200 */
export async function constantRate(target: Target, rate: number, seconds: number): Promise<Spread> {
  const pool = connectionPool(target);
  const total = rate * seconds;
  const latencies: number[] = [];
  const pending: Promise<unknown>[] = [];
  const startMs = performance.now();
  await new Promise<void>((resolve) => {
    let sent = 0;
    const timer = setInterval(() => {
      const due = Math.min(total, Math.floor(((performance.now() - startMs) / 1000) * rate));
      for (; sent < due; sent++) pending.push(pool.exchange().then((ms) => latencies.push(ms)));
      if (sent < total) return;
      clearInterval(timer);
      resolve();
    }, TICK_MS);
  });
  try {
    await Promise.all(pending);
  } finally {
    pool.close();
  }
  return spreadOf(latencies);
}

interface Connection {
  readonly socket: Socket;
  received: string;
  settle: ((error: Error | null) => void) | null;
}

/** @returns `exchange`: one request and its answer, resolving to milliseconds */
function connectionPool(target: Target): { exchange(): Promise<number>; close(): void } {
  const { hostname, port, pathname, host } = new URL(target.url);
  const request = `GET ${pathname} HTTP/1.1\r\nHost: ${target.host ?? host}\r\n\r\n`;
  const idle: Connection[] = [];
  const all: Connection[] = [];

  const open = (): Connection => {
    if (all.length >= MAX_CONNECTIONS) throw new Error(`${MAX_CONNECTIONS} requests are unanswered`);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const connection: Connection = { socket, received: '', settle: null };
    all.push(connection);
    const fail = (error: Error) => connection.settle?.(error);
    socket.setEncoding('latin1');
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('the server closed the connection')));
    socket.on('data', (text) => {
      connection.received += text;
      if (!isComplete(connection.received)) return;
      const ok = connection.received.startsWith('HTTP/1.1 200 ');
      const error = ok ? null : new Error(`answered ${connection.received.slice(9, 12)}`);
      connection.received = '';
      connection.settle?.(error);
    });
    return connection;
  };

  return {
    exchange: () =>
      new Promise((resolve, reject) => {
        const connection = idle.pop() ?? open();
        const sentMs = performance.now();
        connection.settle = (error) => {
          connection.settle = null;
          if (error !== null) return reject(error);
          idle.push(connection);
          resolve(performance.now() - sentMs);
        };
        connection.socket.write(request);
      }),
    close: () => {
      for (const { socket } of all) socket.destroy();
    },
  };
}

function isComplete(answer: string): boolean {
  const headEnd = answer.indexOf('\r\n\r\n');
  if (headEnd === -1) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(answer.slice(0, headEnd))?.[1];
  if (length !== undefined) return answer.length >= headEnd + 4 + Number(length);
  return answer.endsWith('\r\n0\r\n\r\n');
}
