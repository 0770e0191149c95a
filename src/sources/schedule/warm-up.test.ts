import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fakeClock } from '../../base/fake-clock.ts';
import { aliasByHand, functionByHand, versionByHand } from '../../model/testing.ts';
import { startWarmUp, type WarmUpParts } from './warm-up.ts';

type DueSoon = Awaited<ReturnType<WarmUpParts['dueSoon']>>[number];

const due = (name: string, inMs = 0): DueSoon => ({
  target: { arn: `arn:aws:lambda:us-east-1:000000000000:function:${name}` },
  inMs,
});

function open(dueSoon: (withinMs: number) => DueSoon[]) {
  const clock = fakeClock();
  const versions = new Map([1, 2].map((version) => [version, versionByHand({ version })]));
  const half = { version: 2, weight: 0.6 };
  const aliases = new Map([
    ['live', aliasByHand('live', 1)],
    ['canary', aliasByHand('canary', 1, { second: half })],
  ]);
  const functions = new Map([['shop-orders', functionByHand({ versions, aliases })]]);
  const expected: string[] = [];
  const problems: unknown[] = [];
  const stop = startWarmUp({
    clock,
    dueSoon: async (withinMs) => dueSoon(withinMs),
    registry: { current: () => ({ functions }) },
    expect: ({ version }, untilMs) => expected.push(`${version} for ${untilMs - clock.nowMs()}`),
    onProblem: (problem) => problems.push(problem),
  });
  return { clock, expected, problems, stop };
}

suite('warm-up', () => {
  test('expects whom a schedule calls soon: until its slot, and a moment longer', async () => {
    const qualifiers = [':live', '', ':canary', ':$LATEST', ':2'];
    const calls = qualifiers.map((qualifier, index) => due(`shop-orders${qualifier}`, 1_000 * index));
    const { clock, expected, stop } = open((withinMs) => calls.filter(({ inMs }) => inMs <= withinMs));
    await clock.advance(5_000);
    assert.deepEqual(expected, ['1 for 5000', '1 for 6000', '2 for 7000', '0 for 8000', '2 for 9000']);
    stop();
    await clock.advance(20_000);
    assert.equal(expected.length, 5);
  });

  test('leaves out what is not here, and goes on after a look that failed', async () => {
    let looks = 0;
    const { clock, expected, problems } = open(() => {
      looks += 1;
      if (looks === 1) throw new Error('the database is away');
      const queue = { target: { arn: 'arn:aws:sqs:us-east-1:000000000000:shop-orders' }, inMs: 0 };
      return [due('shop-gone'), due('shop-orders:gone'), queue, due('shop-orders')];
    });
    await clock.advance(10_000);
    assert.equal(problems.length, 1);
    assert.deepEqual(expected, ['1 for 5000']);
  });
});
