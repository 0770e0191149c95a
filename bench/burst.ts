/** `npm run bench -- burst`: cold starts of small functions, quiet and during 1,000 starts of another. */
import type { Status } from '../src/api/index.ts';
import { startRealNode } from '../test/support/real-node.ts';
import { burstApp, helloApp } from './support/apps.ts';
import { get, timedGet } from './support/load.ts';
import { printTable, spreadOf } from './support/numbers.ts';

const STARTS = 20;
const STORM = 1000;

export async function burst(): Promise<unknown> {
  await using node = await startRealNode(['--account-concurrency', '2000', '--queue-timeout', '300s']);
  const keys = Array.from({ length: STARTS }, (_, n) => `f${n}`);
  await node.skein(['deploy', helloApp('calm', keys)]);
  await node.skein(['deploy', burstApp('storm')]);
  const coldStarts = async (): Promise<number[]> => {
    const times: number[] = [];
    for (const key of keys) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      times.push(await timedGet({ url: node.gateway.href, host: `calm-${key}.localhost` }));
    }
    return times;
  };

  const firsts = async () => {
    const status = (await node.control('GET', '/api/v1/status')).json() as unknown as Pick<Status, 'firsts'>;
    return status.firsts;
  };

  const quiet = spreadOf(await coldStarts());
  await node.skein(['deploy', helloApp('calm', keys, '1')]);
  const before = await firsts();
  const storm = Array.from({ length: STORM }, () =>
    get({ url: node.gateway.href, host: 'storm-storm.localhost' }).then(
      () => 'answered',
      (error: Error) => error.message,
    ),
  );
  const during = spreadOf(await coldStarts());
  const after = await firsts();
  const outcomes = Object.entries(Object.groupBy(await Promise.all(storm), (outcome) => outcome));
  const counts = Object.fromEntries(outcomes.map(([outcome, list]) => [outcome, list?.length ?? 0]));
  const rows = [
    { when: 'quiet', 'cold p50 ms': quiet.p50, 'cold p99 ms': quiet.p99 },
    { when: `${STORM} starts of another`, 'cold p50 ms': during.p50, 'cold p99 ms': during.p99 },
  ];
  printTable(rows);
  const firstStarts = { asked: after.asked - before.asked, missed: after.missed - before.missed };
  console.log('first starts that asked for a blank sandbox, and found none:', firstStarts);
  console.log(`\np50 ratio ${(during.p50 / quiet.p50).toFixed(2)} (promised: at most 3); the storm:`, counts);
  return { rows, ratio: during.p50 / quiet.p50, firstStarts, storm: counts };
}
