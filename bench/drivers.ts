/** `npm run bench -- drivers`: warm requests a second of a hello function under `oci` and under `process`, in turns. */
import { startRealNode } from '../test/support/real-node.ts';
import { helloApp } from './support/apps.ts';
import { fullLoad, get, type Target } from './support/load.ts';
import { median, printTable } from './support/numbers.ts';

const ROUNDS = 5;
const SECONDS = 5;
/** Fifty instances compile their code first. */
const WARM_UP_SECONDS = 15;

export async function drivers(): Promise<unknown> {
  await using nodes = new AsyncDisposableStack();
  const targets: { driver: string; target: Target; rates: number[] }[] = [];
  for (const driver of ['oci', 'process']) {
    const node = nodes.use(await startRealNode(['--driver', driver]));
    await node.skein(['deploy', helloApp('hello', ['hello'])]);
    const target = { url: node.gateway.href, host: 'hello-hello.localhost' };
    await get(target);
    await fullLoad(target, WARM_UP_SECONDS);
    targets.push({ driver, target, rates: [] });
  }
  const ratios: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const rates: number[] = [];
    for (const { driver, target, rates: all } of targets) {
      const { requestsPerSecond } = await fullLoad(target, SECONDS);
      console.error(`round ${round}: ${driver} ${Math.round(requestsPerSecond)} requests/s`);
      all.push(requestsPerSecond);
      rates.push(requestsPerSecond);
    }
    ratios.push((rates[0] ?? 0) / (rates[1] ?? 1));
  }
  const rows = targets.map(({ driver, rates }) => ({ driver, 'requests/s': median(rates) }));
  printTable(rows);
  console.log(
    `\noci / process: ${median(ratios).toFixed(2)}, the median of ${ROUNDS} rounds (promised: at least 0.9)`,
  );
  return { rows, ratios };
}
