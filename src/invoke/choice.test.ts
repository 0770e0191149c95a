import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { seededRandom } from '../base/index.ts';
import { testSeed } from '../base/testing.ts';
import { aliasByHand } from '../model/testing.ts';
import { createChoice } from './choice.ts';

const weighted = (weight: number) => aliasByHand('live', 1, { second: { version: 2, weight } });

/** How many of so many choices were the second version. */
function seconds(weight: number, { calls, seed }: { calls: number; seed: number }): number {
  const choice = createChoice(seededRandom(seed));
  const alias = weighted(weight);
  return Array.from({ length: calls }, () => choice.versionOf(alias)).filter((version) => version === 2)
    .length;
}

suite('the choice between two versions', () => {
  test('gives the second its share, within one, however many there were', (t) => {
    const seed = testSeed();
    t.diagnostic(`seed ${seed}`);
    for (const weight of [0.01, 0.05, 0.1, 1 / 3, 0.5, 0.95])
      for (const calls of [1, 7, 20, 199, 2_000, 100_000]) {
        const found = seconds(weight, { calls, seed });
        assert.ok(Math.abs(found - calls * weight) <= 1, `${found} of ${calls} at ${weight}`);
      }
  });

  test('at 5 % it is 100 of 2,000, give or take one, wherever it begins', () => {
    for (let seed = 0; seed < 50; seed++)
      assert.ok(Math.abs(seconds(0.05, { calls: 2_000, seed }) - 100) <= 1);
  });

  test('spreads them: at 5 % never two within nineteen', () => {
    const choice = createChoice(() => 0.3);
    const alias = weighted(0.05);
    const at = Array.from({ length: 1_000 }, () => choice.versionOf(alias)).flatMap((version, index) =>
      version === 2 ? [index] : [],
    );
    for (const [index, position] of at.entries())
      if (index > 0) assert.ok(position - (at[index - 1] as number) >= 19);
  });

  test('weights of 0 and 1, and no second version, leave nothing to choose', () => {
    assert.equal(seconds(0, { calls: 100, seed: 1 }), 0);
    assert.equal(seconds(1, { calls: 100, seed: 1 }), 100);
    assert.equal(createChoice(() => 0.9).versionOf(aliasByHand('live', 7)), 7);
  });
});
