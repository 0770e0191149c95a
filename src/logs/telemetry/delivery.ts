/** How batches get to an extension's own listener, in its sandbox: as an array over HTTP, as lines over TCP. */
import { request } from 'node:http';
import { connect } from 'node:net';
import type { Deliver } from './subscriber.ts';
import type { Destination } from './subscription.ts';

/** A listener that has not taken a batch within this long did not get it, ms. An instance may stand still that long. */
const PATIENCE_MS = 30_000;

/** @param host where the sandbox is reached */
export function deliveryTo(host: string, destination: Destination): Deliver {
  return destination.protocol === 'TCP'
    ? (records) => byTcp(host, destination.port, records)
    : (records) => byHttp(host, destination, records);
}

function byHttp(
  host: string,
  { port, path, method }: Extract<Destination, { protocol: 'HTTP' }>,
  records: readonly string[],
): Promise<void> {
  const body = `[${records.join(',')}]`;
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    Host: `sandbox.localdomain:${port}`,
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host, port, path, method, headers, agent: false, timeout: PATIENCE_MS },
      (response) => {
        response.resume();
        const status = response.statusCode ?? 0;
        response.once('error', reject);
        response.once('end', () => (status < 400 ? resolve() : reject(new Error(`HTTP ${status}`))));
      },
    );
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer')));
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

function byTcp(host: string, port: number, records: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: PATIENCE_MS });
    socket.once('timeout', () => socket.destroy(new Error('no answer')));
    socket.once('error', reject);
    socket.once('close', (failed) => !failed && resolve());
    socket.end(`${records.join('\n')}\n`);
    socket.resume();
  });
}
