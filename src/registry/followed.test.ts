import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { FunctionEntry } from '../model/index.ts';
import { aliasByHand, functionByHand, versionByHand } from '../model/testing.ts';
import { followedOf } from './followed.ts';

const versions = new Map([1, 2, 3].map((version) => [version, versionByHand({ version })]));

/** Number and provisioned instances of each version that is followed, in order. */
function followed(over: Partial<FunctionEntry>): string {
  return followedOf(functionByHand({ versions, ...over }), 0)
    .map(({ version, provisioned }) => `${version.version}:${provisioned}`)
    .join(' ');
}

suite('the versions of a function that are in use', () => {
  test('are live first, then what other names point at, and $LATEST', () => {
    const aliases = new Map([
      ['other', aliasByHand('other', 1)],
      ['live', aliasByHand('live', 3, { provisioned: 2 })],
    ]);
    assert.equal(followed({ aliases }), '3:2 1:0 0:0');
  });

  test('are $LATEST first where nothing is live', () => {
    assert.equal(followed({ aliases: new Map() }), '0:0');
    assert.equal(followed({ aliases: new Map([['a', aliasByHand('a', 0)]]) }), '0:0');
    assert.equal(followed({ aliases: new Map([['a', aliasByHand('a', 2)]]) }), '0:0 2:0');
  });

  test('have what their aliases and they themselves have provisioned', () => {
    const aliases = new Map([
      ['live', aliasByHand('live', 1, { provisioned: 2 })],
      ['also', aliasByHand('also', 1, { provisioned: 3 })],
    ]);
    assert.equal(followed({ aliases, provisioned: new Map([[2, 4]]) }), '1:5 2:4 0:0');
  });

  for (const [provisioned, weight, expected] of [
    [10, 0.25, '1:7 2:3 0:0'],
    [10, 0, '1:10 2:0 0:0'],
    [10, 1, '1:0 2:10 0:0'],
    [10, 0.01, '1:9 2:1 0:0'],
    [10, 0.99, '1:1 2:9 0:0'],
    [0, 0.5, '1:0 2:0 0:0'],
  ] as const) {
    test(`share ${provisioned} of an alias whose second has a weight of ${weight}`, () => {
      const live = aliasByHand('live', 1, { provisioned, second: { version: 2, weight } });
      assert.equal(followed({ aliases: new Map([['live', live]]) }), expected);
    });
  }
});
