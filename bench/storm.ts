/**
 * `npm run bench -- storm`: 100,000 events and messages, while the node is killed twenty times, PostgreSQL five
 * times, instances are replaced at random and functions fail one time in ten. `STORM_EVENTS` sets another number.
 */
import { startRealNode } from '../test/support/real-node.ts';
import { storm } from '../test/support/storm.ts';
import { printTable } from './support/numbers.ts';

const KILLS = 20;
const DATABASE_KILLS = 5;
const CALM_MS = 900_000;

export async function storms(): Promise<unknown> {
  const events = Number(process.env.STORM_EVENTS ?? 100_000);
  await using node = await startRealNode(['--event-retry', '1s', '--weather', 'recycle,crash:7']);
  const startMs = performance.now();
  const tally = await storm(node, { events, kills: KILLS, databaseKills: DATABASE_KILLS, calmMs: CALM_MS });
  const rows = [
    { what: 'accepted', value: tally.accepted },
    { what: 'lost (promised 0)', value: tally.lost.length },
    { what: 'in the dead-letter queue', value: tally.deadLetters },
    { what: 'handled more than once', value: tally.repeated },
    { what: 'stored with their key in one transaction', value: tally.exact.keys },
    { what: 'what the total says (promised: the same)', value: tally.exact.total },
    { what: 'all of it, s', value: Math.round((performance.now() - startMs) / 1_000) },
  ];
  printTable(rows);
  return rows;
}
