/**
 * `npm run bench -- crowd`: 100 first requests at once that all wait for each other. The last instance should run
 * within what 100 starts cost in processor time, shared by all processors, and half as much again.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { startBarrier } from '../test/support/barrier.ts';
import { startOutside } from '../test/support/outside.ts';
import { startRealNode } from '../test/support/real-node.ts';
import { helloApp, waiterApp } from './support/apps.ts';
import { timedGet } from './support/load.ts';
import { printTable } from './support/numbers.ts';

const CROWD = 100;
const ALONE = 20;

export async function crowd(): Promise<unknown> {
  await using outside = await startOutside();
  await using barrier = await startBarrier(outside);
  await using node = await startRealNode(['--driver', 'oci', '--blanks', '0']);
  const keys = Array.from({ length: ALONE }, (_, n) => `f${n}`);
  await node.skein(['deploy', helloApp('alone', keys)]);
  await node.skein(['deploy', waiterApp('crowd')]);
  const before = busyMs();
  for (const key of keys) await timedGet({ url: node.gateway.href, host: `alone-${key}.localhost` });
  const costMs = (busyMs() - before) / ALONE;

  const startMs = performance.now();
  const answers = Array.from({ length: CROWD }, () =>
    node.request('crowd-waiter.localhost', { method: 'POST', body: barrier.url }),
  );
  await barrier.arrived(CROWD, answers);
  const lastMs = performance.now() - startMs;
  barrier.open();
  const served = (await Promise.all(answers)).filter(({ status }) => status === 200).length;
  const promisedMs = ((CROWD * costMs) / availableParallelism()) * 1.5;
  const rows = [
    { what: 'answered 200', value: served },
    { what: 'processor time of a start alone, ms', value: costMs },
    { what: 'first request to last instance running, ms', value: lastMs },
    { what: 'promised: at most, ms', value: promisedMs },
  ];
  printTable(rows);
  return rows;
}

/** Processor time that this machine has spent on anything but waiting, in ms. */
function busyMs(): number {
  const [, ...ticks] = (/^cpu .*$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[0] ?? '').split(/\s+/);
  const [user, nice, system, , , irq, softirq] = ticks.map(Number);
  return [user, nice, system, irq, softirq].reduce<number>((sum, value) => sum + (value ?? 0), 0) * 10;
}
