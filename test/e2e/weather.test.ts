/** `skein up --weather all:7`: the bakery's totals stay right, and the same seed does the same again. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';

const BAKERY = join(import.meta.dirname, '../../examples/bakery');
const ORDERS = 60;
const noPython = existsSync('/usr/bin/python3.11') ? false : 'the bakery writes receipts in Python 3.11';

interface Order {
  readonly id: string;
  readonly totalCents: number;
}

suite('fault weather', () => {
  test('strikes the same turns for the same seed, and the bakery’s totals stay right', {
    skip: noPython,
  }, async () => {
    const [first, second] = [await day(), await day()];
    const streams = new Set([...first.keys(), ...second.keys()]);
    assert.ok(streams.size >= 5, [...streams].join());
    for (const stream of streams) {
      const [one = [], other = []] = [first.get(stream), second.get(stream)];
      // how many turns there were is a matter of time: what was retried, how many messages came together
      const both = Math.min(one.at(-1) ?? 0, other.at(-1) ?? 0);
      const until = (turns: readonly number[]) => turns.filter((turn) => turn <= both);
      assert.deepEqual(until(one), until(other), stream);
    }
  });
});

/** A day of orders. @returns the struck turns, by kind and stream */
async function day(): Promise<Map<string, number[]>> {
  await using node = await startRealNode([
    '--driver',
    'process',
    '--event-retry',
    '1s',
    '--weather',
    'all:7',
  ]);
  await node.skein(['deploy', BAKERY]);
  const placed = new Map<string, number>();
  for (let n = 0; n < ORDERS; n++) {
    const { id, totalCents } = await place(node, n);
    placed.set(id, totalCents);
  }
  assert.equal(placed.size, ORDERS);
  assert.deepEqual(await kept(node), placed);
  await eventually(
    'every order has its receipt',
    async () => {
      const { stdout } = await node.skein(['logs', 'bakery-receipt']);
      return [...placed.keys()].filter((id) => !stdout.includes(`receipt ${id} `)).length === 0;
    },
    120_000,
  );
  return strikesOf(node);
}

/** Until it is answered, under one key, as a shop's till would. */
async function place(node: RealNode, n: number): Promise<Order> {
  const order = {
    customer: 'Ada',
    items: [{ cake: 'Black Forest', quantity: 1 + (n % 3), unitPriceCents: 3900 }],
  };
  const headers = { 'content-type': 'application/json', 'idempotency-key': `order-${n}` };
  for (;;) {
    const request = { method: 'POST', path: '/orders', headers, body: JSON.stringify(order) };
    const answer = await node.request('bakery.localhost', request);
    if (answer.status === 201) return answer.json() as unknown as Order;
    assert.ok(answer.status >= 500, `${answer.status} ${answer.body}`);
  }
}

/** What the shop has kept, by id. */
async function kept(node: RealNode): Promise<Map<string, number>> {
  const all = new Map<string, number>();
  let path = '/orders?limit=100';
  for (;;) {
    const answer = await node.request('bakery.localhost', { path });
    if (answer.status >= 500) continue; // it was struck
    assert.equal(answer.status, 200, answer.body.toString());
    const { orders, nextCursor } = answer.json() as unknown as { orders: Order[]; nextCursor: string | null };
    for (const { id, totalCents } of orders) all.set(id, totalCents);
    if (nextCursor === null) return new Map([...all].reverse());
    path = `/orders?limit=100&cursor=${nextCursor}`;
  }
}

function strikesOf(node: RealNode): Map<string, number[]> {
  const strikes = new Map<string, number[]>();
  const log = readFileSync(join(node.home, 'node.log'), 'utf8');
  for (const [, kind, stream, turn] of log.matchAll(/fault weather: (\w+) (\S+) (\d+)$/gm)) {
    const key = `${kind} ${stream}`;
    strikes.set(key, [...(strikes.get(key) ?? []), Number(turn)]);
  }
  return strikes;
}
