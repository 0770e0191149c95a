/** A front door for tests: real sockets, an `invoke` of the test's own, and a small registry. */
import { request } from 'node:http';
import { connect } from 'node:net';
import { Fault, systemClock, uuidSource } from '../base/index.ts';
import type { Invocation, InvokeResult } from '../invoke/index.ts';
import { aliasByHand, functionByHand } from '../model/testing.ts';
import type { Snapshot } from '../registry/index.ts';
import { createGateway, type GatewayOptions } from './gateway.ts';

export const REPORT = {
  outcome: 'ok',
  durationMs: 1,
  billedMs: 1,
  initMs: null,
  memoryMb: 128,
  maxMemoryMb: 40,
  queuedMs: 0,
  phases: null,
  instanceId: 'i-1',
} as const;

const HELLO = functionByHand({
  app: 'bakery',
  name: 'bakery-hello',
  aliases: new Map([
    ['live', aliasByHand('live', 1)],
    ['Canary', aliasByHand('Canary', 2)],
  ]),
});

const ROUTES = [
  { app: 'bakery', functionName: 'bakery-orders', method: 'POST', path: '/orders' },
  { app: 'bakery', functionName: 'bakery-orders', method: 'GET', path: '/orders/{id}' },
];

export const SNAPSHOT: Snapshot = {
  revision: 1,
  functions: new Map([['bakery-hello', HELLO]]),
  slugs: new Map([['bakery-hello', HELLO]]),
  routes: new Map([
    ['bakery', ROUTES],
    ['shop.example.com', ROUTES],
  ]),
  databases: new Map(),
  queues: new Map(),
  triggers: new Map(),
};

export function resultOf(value: unknown): InvokeResult {
  return { kind: 'result', executedVersion: 1, payload: Buffer.from(JSON.stringify(value)), report: REPORT };
}

/** Knows nobody, and allows nothing. */
export const NOBODY: GatewayOptions['authority'] = {
  verify: () => Promise.reject(new Fault('credentials-unknown', 'The security token is invalid.')),
  decide: () => ({ verdict: 'implicit-deny', by: null, statement: null }),
};

type Invoke = GatewayOptions['invoke'];

/** An open gateway; `seen` holds what it invoked, `bugs` what it took for bugs. Disposing stops it. */
export async function openDoor(
  invoke: Invoke = async () => resultOf({ statusCode: 200 }),
  change: Partial<GatewayOptions> = {},
) {
  const seen: Invocation[] = [];
  const bugs: unknown[] = [];
  const gateway = createGateway({
    invoke: (invocation, signal) => {
      seen.push(invocation);
      return invoke(invocation, signal);
    },
    enqueue: () => Promise.reject(new Error('nothing is kept in this test')),
    secrets: { values: () => Promise.resolve({}) },
    directory: { current: () => SNAPSHOT },
    authority: NOBODY,
    clock: systemClock,
    domain: 'localhost',
    listen: { host: '127.0.0.1', port: 0 },
    trustProxy: [],
    newRequestId: uuidSource(() => systemClock.wallMs()),
    onBug: (error) => bugs.push(error),
    ...change,
  });
  await gateway.start();
  return { gateway, seen, bugs, port: gateway.port, [Symbol.asyncDispose]: () => gateway.stop() };
}

export interface Call {
  readonly method?: string;
  readonly path?: string;
  readonly host?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

export interface Response {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
}

/** One request by Node's own client, on a connection of its own. */
export function call(
  port: number,
  { method = 'GET', path = '/', host = 'bakery-hello.localhost', headers, body }: Call = {},
) {
  return new Promise<Response>((resolve, reject) => {
    const req = request({ port, method, path, agent: false, headers: { host, ...headers } }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
      res.on('end', () => {
        resolve({
          status: res.statusCode ?? 0,
          headers: res.headers,
          text: Buffer.concat(chunks).toString('latin1'),
        });
      });
    });
    req.on('error', reject).end(body);
  });
}

/** Sends bytes as they are and gives back everything until the gateway ends the connection. */
export function raw(port: number, ...parts: (string | Buffer)[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
    for (const part of parts) socket.write(part);
  });
}
