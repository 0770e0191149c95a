/**
 * `npm run bench -- warm|cold|init|isolation|neighbours|burst|start…`: measures, prints tables, and writes all
 * numbers to `bench/results/<time>.json` beside what machine it was.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { bakery } from './bakery.ts';
import { burst } from './burst.ts';
import { cold } from './cold.ts';
import { crowd } from './crowd.ts';
import { database } from './database.ts';
import { density } from './density.ts';
import { drivers } from './drivers.ts';
import { events } from './events.ts';
import { init } from './init.ts';
import { isolation } from './isolation.ts';
import { neighbours } from './neighbours.ts';
import { queues } from './queues.ts';
import { registry } from './registry.ts';
import { start } from './start.ts';
import { storms } from './storm.ts';
import { warm } from './warm.ts';

const BENCHES: Readonly<Record<string, () => Promise<unknown>>> = {
  warm,
  cold,
  init,
  isolation,
  neighbours,
  burst,
  start,
  storm: storms,
  crowd,
  density,
  drivers,
  events,
  queues,
  database,
  bakery,
  registry,
};

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !(name in BENCHES));
  if (names.length === 0 || unknown.length > 0) {
    console.error(`Usage: npm run bench -- ${Object.keys(BENCHES).join('|')} …`);
    process.exitCode = 2;
    return;
  }
  const machine = {
    processors: cpus().length,
    model: cpus()[0]?.model ?? '',
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    node: process.version,
  };
  const results: Record<string, unknown> = { at: new Date().toISOString(), machine };
  for (const name of names) {
    console.log(`\n${name}`);
    results[name] = await BENCHES[name]?.();
  }
  mkdirSync('bench/results', { recursive: true });
  const file = `bench/results/${String(results.at).replaceAll(':', '-')}.json`;
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  console.log(`\n${JSON.stringify(results)}\n\nKept in ${file}.`);
}

await main(process.argv.slice(2));
