import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fakeClock } from '../base/fake-clock.ts';
import { seededRandom } from '../base/index.ts';
import { testSeed } from '../base/testing.ts';
import { Foresight } from './foresight.ts';
import { MAX_BEATS, predict, withBeat } from './rhythm.ts';

const MINUTE = 60_000;

suite('a rhythm', () => {
  test('is foretold from four pauses that agree', () => {
    const beats = [0, 10, 20, 30, 40].map((minutes) => minutes * MINUTE);
    assert.equal(predict(beats.slice(1)), null);
    assert.deepEqual(predict(beats), { dueMs: 50 * MINUTE, everyMs: 10 * MINUTE, spreadMs: 0 });
  });

  test('may be off by a tenth, and that is told', () => {
    const beats = [0, 601_000, 1_198_000, 1_800_000, 2_403_000];
    assert.deepEqual(predict(beats), { dueMs: 2_403_000 + 601_500, everyMs: 601_500, spreadMs: 4_500 });
    assert.equal(predict([0, 600_000, 1_200_000, 1_900_000, 2_500_000]), null);
  });

  test('of chance is none', (t) => {
    const seed = testSeed();
    t.diagnostic(`seed ${seed}`);
    const random = seededRandom(seed);
    let foretold = 0;
    for (let run = 0; run < 1_000; run++) {
      let atMs = 0;
      const beats = Array.from({ length: 9 }, () => (atMs += -Math.log(1 - random()) * 10 * MINUTE));
      foretold += Number(predict(beats) !== null);
    }
    assert.equal(foretold, 0);
  });

  test('a new one is learnt while the old one is still remembered, in bounded memory', () => {
    let beats: number[] = [];
    for (let n = 0; n < 20; n++) beats = withBeat(beats, n * 10 * MINUTE);
    assert.equal(beats.length, MAX_BEATS);
    const last = beats.at(-1) as number;
    for (let n = 1; n <= 5; n++) beats = withBeat(beats, last + 7 * MINUTE + (n - 1) * 5 * MINUTE);
    assert.equal(predict(beats)?.everyMs, 5 * MINUTE);
  });
});

function openForesight() {
  const clock = fakeClock();
  const state = { alive: false };
  const prewarmed: number[] = [];
  const ended: number[] = [];
  const foresight = new Foresight({
    clock,
    prewarm() {
      if (state.alive) return false;
      prewarmed.push(clock.nowMs());
      return true;
    },
    endUnused: () => ended.push(clock.nowMs()),
  });
  const visits = foresight.of('shop-orders');
  /** Requests every ten minutes; the last of them now. */
  const learn = async (times = 5) => {
    for (let n = 0; n < times; n++) {
      if (n > 0) await clock.advance(10 * MINUTE);
      visits.note(clock.nowMs());
    }
  };
  return { clock, state, prewarmed, ended, foresight, visits, learn };
}

suite('foresight', () => {
  test('starts an instance just before it is due, and again each time', async () => {
    const { clock, prewarmed, foresight, learn, visits } = openForesight();
    await learn();
    const dueMs = clock.nowMs() + 10 * MINUTE;
    await clock.advance(10 * MINUTE);
    assert.deepEqual(prewarmed, [dueMs - 2_000]);
    visits.note(clock.nowMs());
    await clock.advance(10 * MINUTE);
    assert.equal(prewarmed.length, 2);
    assert.deepEqual(foresight.counts, { started: 2, used: 1, wasted: 0 });
  });

  test('does nothing without a rhythm, or where there is an instance', async () => {
    const { clock, state, prewarmed, learn } = openForesight();
    await learn(4);
    await clock.advance(60 * MINUTE);
    state.alive = true;
    await learn();
    await clock.advance(20 * MINUTE);
    assert.deepEqual(prewarmed, []);
  });

  test('many requests at once are one beat', async () => {
    const { clock, visits, prewarmed } = openForesight();
    for (let n = 0; n < 50; n++) {
      visits.note(clock.nowMs());
      await clock.advance(1_000);
    }
    await clock.advance(60 * MINUTE);
    assert.deepEqual(prewarmed, []);
  });

  test('gives up after two starts that nobody came for, and ends them', async () => {
    const { clock, prewarmed, ended, foresight, learn } = openForesight();
    await learn();
    await clock.advance(120 * MINUTE);
    assert.equal(prewarmed.length, 2);
    assert.equal(ended.length, 2);
    assert.deepEqual(foresight.counts, { started: 2, used: 0, wasted: 2 });
    await learn(2);
    await clock.advance(60 * MINUTE);
    assert.equal(prewarmed.length, 2, 'it has to be learnt anew');
  });

  test('forgets functions that are gone', async () => {
    const { clock, prewarmed, foresight, learn } = openForesight();
    await learn();
    foresight.keepOnly(new Set(['shop-other']));
    await clock.advance(60 * MINUTE);
    assert.deepEqual(prewarmed, []);
  });
});
