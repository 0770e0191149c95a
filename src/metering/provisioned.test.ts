import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fakeClock } from '../base/fake-clock.ts';
import type { ProvisionedSpan, Version } from '../model/index.ts';
import { startProvisionedMeter } from './provisioned.ts';

const version = { functionName: 'shop-orders', version: 3, config: { memoryMb: 512 } } as Version;

function openMeter() {
  const clock = fakeClock(1_000_000);
  const state = { instanceMs: 0, away: false, ids: 0 };
  const written: ProvisionedSpan[] = [];
  const problems: unknown[] = [];
  const meter = startProvisionedMeter({
    clock,
    newId: () => `span-${++state.ids}`,
    take() {
      const { instanceMs } = state;
      state.instanceMs = 0;
      return instanceMs === 0 ? [] : [{ version, instanceMs }];
    },
    async write(spans) {
      if (state.away) throw new Error('away');
      written.push(...spans);
    },
    onProblem: (problem) => problems.push(problem),
  });
  return { meter, clock, state, written, problems };
}

suite('the meter of provisioned instances', () => {
  test('writes once a minute what they have stood ready for', async () => {
    const { clock, state, written } = openMeter();
    state.instanceMs = 120_000;
    await clock.advance(60_000);
    assert.deepEqual(written, [
      {
        ...{ id: 'span-1', functionName: 'shop-orders', version: 3, memoryMb: 512 },
        ...{ fromMs: 1_000_000, toMs: 1_060_000, instanceMs: 120_000 },
      },
    ]);
    await clock.advance(60_000);
    assert.equal(written.length, 1, 'nothing stood ready, nothing is written');
  });

  test('keeps what could not be written, under the same id', async () => {
    const { clock, state, written, problems } = openMeter();
    state.away = true;
    state.instanceMs = 5;
    await clock.advance(60_000);
    assert.equal(problems.length, 1);
    state.away = false;
    state.instanceMs = 6;
    await clock.advance(60_000);
    assert.deepEqual(
      written.map(({ id, instanceMs }) => [id, instanceMs]),
      [
        ['span-1', 5],
        ['span-2', 6],
      ],
    );
  });

  test('writes the rest when it stops', async () => {
    const { meter, state, written } = openMeter();
    state.instanceMs = 7;
    await meter.stop();
    assert.equal(written.length, 1);
  });
});
