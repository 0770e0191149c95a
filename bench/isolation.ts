/**
 * `npm run bench -- isolation`: p99 of one function while it is quiet, and while 50 MB packages are
 * deployed and another function floods its log.
 */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../test/support/command.ts';
import { type RealNode, startRealNode } from '../test/support/real-node.ts';
import { floodApp, heavyApp, helloApp } from './support/apps.ts';
import { constantRate } from './support/constant-rate.ts';
import { get } from './support/load.ts';
import { median, printTable, type Spread } from './support/numbers.ts';

const ROUNDS = 3;
const RATE = 200;
const SECONDS = 10;

export async function isolation(): Promise<unknown> {
  await using node = await startRealNode();
  await node.skein(['deploy', helloApp('quiet', ['hello'])]);
  await node.skein(['deploy', floodApp('noise')]);
  const target = { url: node.gateway.href, host: 'quiet-hello.localhost' };
  await get(target);
  await constantRate(target, RATE, 3);

  const heavy = heavyApp('heavy');
  const quiet: Spread[] = [];
  const noisy: Spread[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    quiet.push(await constantRate(target, RATE, SECONDS));
    const noise = new AbortController();
    const working = Promise.all([
      repeat(() => get({ url: node.gateway.href, host: 'noise-flood.localhost' }), noise.signal),
      repeat(() => deployHeavy(node, heavy), noise.signal),
    ]);
    noisy.push(await constantRate(target, RATE, SECONDS));
    noise.abort();
    await working;
    console.error(
      `round ${round}: quiet p99 ${quiet.at(-1)?.p99.toFixed(2)} ms, noisy ${noisy.at(-1)?.p99.toFixed(2)} ms`,
    );
  }
  const row = (name: string, spreads: Spread[]) => ({
    when: name,
    'p50 ms': median(spreads.map(({ p50 }) => p50)),
    'p99 ms': median(spreads.map(({ p99 }) => p99)),
  });
  const rows = [row('quiet', quiet), row('deploys of 50 MB and a log flood', noisy)];
  const ratio = (rows[1]?.['p99 ms'] ?? 0) / (rows[0]?.['p99 ms'] ?? 1);
  printTable(rows);
  console.log(`\np99 ratio ${ratio.toFixed(2)} (promised: at most 3)`);
  return { rows, ratio };
}

/** A new version of 50 MB. Packing is the work of whoever deploys, elsewhere in life: it yields to the node here, in a session of its own. */
async function deployHeavy(node: RealNode, folder: string): Promise<void> {
  await writeFile(join(folder, 'code/data/0.bin'), randomBytes(1024 * 1024));
  const args = ['-n', '19', process.execPath, 'bin/skein', 'deploy', folder, '--home', node.home];
  const { code, stderr } = await runCommand('setsid', ['nice', ...args]);
  if (code !== 0) throw new Error(`deploy: ${stderr}`);
}

async function repeat(work: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await work();
}
