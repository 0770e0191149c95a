/**
 * `npm run bench -- density`: 1,000 requests that all wait for each other, so that 1,000 isolated instances
 * are alive at once: how long until the last one runs, what they cost, and what is left of them.
 */
import { readFileSync } from 'node:fs';
import { type Barrier, startBarrier } from '../test/support/barrier.ts';
import { startOutside } from '../test/support/outside.ts';
import { type HttpAnswer, type RealNode, startRealNode } from '../test/support/real-node.ts';
import { waiterApp } from './support/apps.ts';
import { printTable } from './support/numbers.ts';

const CROWD = 1_000;
const LEFT_TIMEOUT_MS = 120_000;

export async function density(): Promise<unknown> {
  await using outside = await startOutside();
  await using barrier = await startBarrier(outside);
  const limits = ['--account-concurrency', '2000', '--max-instances', '1500', '--queue-timeout', '300s'];
  await using node = await startRealNode(['--driver', 'oci', '--blanks', '0', ...limits]);
  await node.skein(['deploy', waiterApp('crowd')]);
  const idleMb = usedMb();
  const startMs = performance.now();
  const answers = Array.from({ length: CROWD }, () => call(node, barrier));
  await barrier.arrived(CROWD, answers);
  const allRunS = (performance.now() - startMs) / 1_000;
  const moreMb = usedMb() - idleMb;
  barrier.open();
  const outcomes = Object.groupBy(await Promise.all(answers), ({ status }) => status);
  const emptyS = await untilEmpty(node);
  const rows = [
    { what: 'instances alive at once', value: CROWD },
    { what: 'answered 200', value: outcomes[200]?.length ?? 0 },
    { what: 'first request to last instance running, s (promised 90)', value: allRunS },
    { what: 'more memory than idle, MB (promised 12,288)', value: moreMb },
    { what: 'MB for each instance', value: moreMb / CROWD },
    { what: 'node itself, MB RSS', value: rssMb(node.pid) },
    { what: 'until none is left, s after stopAfter', value: emptyS },
  ];
  printTable(rows);
  return rows;
}

function call(node: RealNode, barrier: Barrier): Promise<HttpAnswer> {
  return node.request('crowd-waiter.localhost', { method: 'POST', body: barrier.url });
}

/** What is in use on the machine; what the kernel keeps only as a cache is not. */
function usedMb(): number {
  const of = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]) / 1024;
  return of('MemTotal') - of('MemAvailable');
}

function rssMb(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

async function untilEmpty(node: RealNode): Promise<number> {
  const startMs = performance.now();
  while (performance.now() - startMs < LEFT_TIMEOUT_MS) {
    const { instances } = JSON.parse((await node.skein(['status', '--json'])).stdout) as {
      instances: Record<string, number>;
    };
    if (Object.values(instances).every((count) => count === 0)) break;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return (performance.now() - startMs) / 1_000;
}
