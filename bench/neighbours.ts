/**
 * `npm run bench -- neighbours`: p99 of a quiet function alone, and during each attack of the hostile
 * suite, in turns. Needs isolation (`--driver oci`).
 */
import { cannot, openArena } from '../test/hostile/arena.ts';
import type { RealNode } from '../test/support/real-node.ts';
import { helloApp } from './support/apps.ts';
import { constantRate } from './support/constant-rate.ts';
import { get } from './support/load.ts';
import { median, printTable, type Spread } from './support/numbers.ts';

const ROUNDS = 3;
const RATE = 100;
const SECONDS = 5;

interface Attack {
  readonly fn: string;
  readonly does: string;
  readonly more?: object;
}

/** Each is repeated for as long as the quiet function is measured. */
const ATTACKS: readonly Attack[] = [
  { fn: 'quick', does: 'fork bomb' },
  { fn: 'quick', does: 'memory' },
  { fn: 'quick', does: 'spin' },
  { fn: 'full', does: 'spin' },
  { fn: 'quick', does: 'fill tmp', more: { mb: 513 } },
  { fn: 'full', does: 'tiny files', more: { count: 20_000 } },
  { fn: 'quick', does: 'print' },
  { fn: 'quick', does: 'slow requests', more: { count: 500, ms: 2_000 } },
];

export async function neighbours(): Promise<unknown> {
  if (cannot !== null) {
    console.log(`Not measured: ${cannot}.`);
    return null;
  }
  await using arena = await openArena({
    quick: { runtime: 'node', timeout: '3s' },
    full: { runtime: 'node', timeout: '3s', memory: '1769MB' },
  });
  const { node } = arena;
  await node.skein(['deploy', helloApp('quiet', ['hello'])]);
  const target = { url: node.gateway.href, host: 'quiet-hello.localhost' };
  await get(target);
  await constantRate(target, RATE, 3);
  const rows: Record<string, string | number>[] = [];
  for (const attack of ATTACKS) {
    const alone: Spread[] = [];
    const beside: Spread[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      alone.push(await constantRate(target, RATE, SECONDS));
      beside.push(await during(node, attack, () => constantRate(target, RATE, SECONDS)));
    }
    const [quietMs, attackedMs] = [alone, beside].map((list) => median(list.map(({ p99 }) => p99))) as [
      number,
      number,
    ];
    const ratio = attackedMs / quietMs;
    rows.push({
      attack: `${attack.does} (${attack.fn})`,
      'quiet p99 ms': quietMs,
      'p99 ms': attackedMs,
      ratio,
    });
    console.error(`${attack.does} (${attack.fn}): p99 ${quietMs.toFixed(2)} → ${attackedMs.toFixed(2)} ms`);
    await arena.nothingSurvives();
  }
  printTable(rows);
  console.log('\nPromised: at most 3 times quiet.');
  return rows;
}

/** @returns what the work found while the attack went on, again and again */
async function during<Found>(node: RealNode, attack: Attack, work: () => Promise<Found>): Promise<Found> {
  let over = false;
  const { fn, does, more } = attack;
  async function repeat(): Promise<void> {
    while (!over) await node.invoke(`hostile-${fn}`, { does, ...more });
  }
  const attacking = repeat();
  attacking.catch(() => {}); // told below
  try {
    return await work();
  } finally {
    over = true;
    await attacking;
  }
}
