import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createWeather, type Strike, WEATHER, type WeatherKind } from './weather.ts';

const KINDS = Object.keys(WEATHER) as WeatherKind[];

/** The faults of 1,000 turns of each kind on two streams, the streams taking their turns as `order` says. */
function strikes(seed: number, kinds: readonly WeatherKind[], order: readonly string[]): Strike[] {
  const struck: Strike[] = [];
  const weather = createWeather({ kinds, seed }, (strike) => struck.push(strike));
  for (const stream of order) {
    for (let turn = 0; turn < 1_000; turn++) for (const kind of KINDS) weather.strikes(kind, stream);
  }
  return struck;
}

const sorted = (struck: readonly Strike[]) => struck.map((one) => JSON.stringify(one)).sort();

suite('fault weather', () => {
  test('is the same for the same seed, whichever stream comes first', () => {
    const first = strikes(7, KINDS, ['orders', 'receipt']);
    assert.deepEqual(sorted(strikes(7, KINDS, ['receipt', 'orders'])), sorted(first));
    assert.notDeepEqual(sorted(strikes(8, KINDS, ['orders', 'receipt'])), sorted(first));
  });

  test('strikes each kind about as often as it should, and streams apart from each other', () => {
    const struck = strikes(7, KINDS, ['orders', 'receipt']);
    for (const kind of KINDS) {
      const turns = (stream: string) =>
        struck.filter((one) => one.kind === kind && one.stream === stream).map(({ turn }) => turn);
      const share = turns('orders').length / 1_000;
      assert.ok(share > WEATHER[kind] / 2 && share < WEATHER[kind] * 2, `${kind}: ${share}`);
      assert.notDeepEqual(turns('orders'), turns('receipt'));
    }
  });

  test('leaves alone what was not asked for', () => {
    const struck = strikes(7, ['crash'], ['orders']);
    assert.deepEqual([...new Set(struck.map(({ kind }) => kind))], ['crash']);
  });
});
