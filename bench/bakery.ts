/**
 * `npm run bench -- bakery`: the bakery's API by 200 instances at once: requests a second, and how many
 * connections PostgreSQL has for them.
 */
import { readdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { type RealNode, startRealNode } from '../test/support/real-node.ts';
import { percentile, printTable } from './support/numbers.ts';

const INSTANCES = 200;
const WARM_UP_S = 15;
const SECONDS = 10;
const EXAMPLE = join(import.meta.dirname, '../examples/bakery');
const ORDER = { customer: 'Ada', items: [{ cake: 'Black Forest', quantity: 1, unitPriceCents: 3900 }] };

export async function bakery(): Promise<unknown> {
  await using node = await startRealNode(['--queue-timeout', '120s']);
  await node.skein(['deploy', EXAMPLE]);
  await call(node, 'POST'); // makes the table
  const warmUp = await load(node, WARM_UP_S);
  const measured = await load(node, SECONDS);
  const { driver, instances } = JSON.parse((await node.skein(['status', '--json'])).stdout) as {
    driver: string;
    instances: Record<string, number>;
  };
  const { busy = 0, idle = 0, frozen = 0 } = instances;
  const rows = [
    { what: `requests/s by ${INSTANCES} at once (promised 2,000)`, value: measured.done / SECONDS },
    { what: 'p50, ms', value: percentile(measured.times, 0.5) },
    { what: 'p99, ms', value: percentile(measured.times, 0.99) },
    { what: 'answers other than 200 and 201', value: warmUp.wrong + measured.wrong },
    { what: `instances (${driver})`, value: busy + idle + frozen },
    { what: 'connections in PostgreSQL at most (promised 20)', value: measured.connections },
  ];
  printTable(rows);
  return rows;
}

/** One order in ten requests, the others list them. */
async function load(node: RealNode, seconds: number) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: INSTANCES });
  const found = { done: 0, wrong: 0, connections: 0, times: [] as number[] };
  const endMs = performance.now() + seconds * 1_000;
  const sampling = setInterval(() => {
    found.connections = Math.max(found.connections, connectionsOf(node.postgresPid));
  }, 200);
  await Promise.all(
    Array.from({ length: INSTANCES }, async (_, n) => {
      for (let turn = n; performance.now() < endMs; turn++) {
        const startMs = performance.now();
        const status = await call(node, turn % 10 === 0 ? 'POST' : 'GET', agent);
        found.times.push(performance.now() - startMs);
        if (status === 200 || status === 201) found.done++;
        else found.wrong++;
      }
    }),
  );
  clearInterval(sampling);
  agent.destroy();
  return found;
}

function call(node: RealNode, method: string, agent?: http.Agent): Promise<number> {
  const { hostname, port } = node.gateway;
  const headers = { host: 'bakery.localhost', 'content-type': 'application/json' };
  const path = method === 'GET' ? '/orders?limit=1' : '/orders';
  return new Promise((resolve, reject) => {
    const request = http.request(
      { hostname, port, method, path, headers, ...(agent && { agent }) },
      (answer) => {
        answer.resume().once('end', () => resolve(answer.statusCode ?? 0));
      },
    );
    request.once('error', reject).end(method === 'POST' ? JSON.stringify(ORDER) : undefined);
  });
}

/** Each connection is a process of PostgreSQL's, which says whose it is. */
function connectionsOf(postgresPid: number): number {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => {
    try {
      if (!readFileSync(`/proc/${pid}/status`, 'utf8').includes(`PPid:\t${postgresPid}\n`)) return false;
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('bakery_main');
    } catch {
      return false; // it has just ended
    }
  }).length;
}
