import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createWeather, type Strike, type WeatherKind } from '../base/index.ts';
import { answer, entryOf, openWorld } from './events-fixture.ts';

/** 100 events on a stormy day. */
async function day(kinds: readonly WeatherKind[]) {
  const strikes: Strike[] = [];
  const weather = createWeather({ kinds, seed: 7 }, (strike) => strikes.push(strike));
  const { events, enqueue, clock, calls, store } = openWorld([entryOf('orders')], () => answer(), weather);
  await events.start();
  for (let n = 0; n < 100; n++) await enqueue('orders', { n });
  await clock.advance(0);
  const atOnce = calls.length;
  for (let n = 0; n < 12; n++) await clock.advance(1_000);
  await events.stop();
  const runs = Map.groupBy(calls, ({ invocation }) => String(invocation.event));
  return { strikes, atOnce, runs: [...runs.values()].map(({ length }) => length), left: store.rows.size };
}

suite('events in fault weather', () => {
  test('come late where they are struck, and all come', async () => {
    const { strikes, atOnce, runs, left } = await day(['delay', 'reorder']);
    assert.ok(strikes.length > 5);
    assert.equal(atOnce, 100 - new Set(strikes.map(({ turn }) => turn)).size);
    assert.deepEqual(runs, Array(100).fill(1));
    assert.equal(left, 0);
  });

  test('come twice where they are struck', async () => {
    const { strikes, runs } = await day(['duplicates']);
    assert.ok(strikes.length > 3);
    assert.equal(runs.length, 100);
    assert.equal(runs.filter((times) => times === 2).length, strikes.length);
  });
});
