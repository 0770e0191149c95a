import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { seededRandom } from '../base/index.ts';
import { testSeed } from '../base/testing.ts';
import { Lane } from './lane.ts';

const wide = { limit: 1_000, free: 10_000 };

/** Takes what there is room for, and lets all of it be admitted. */
function round(lane: Lane): number {
  const taken = lane.room(wide);
  lane.running += taken;
  for (let n = 0; n < taken; n++) {
    lane.admitted();
    lane.running -= 1;
  }
  return taken;
}

suite('a lane', () => {
  test('opens while everything is let in, closes by half at a refusal, and rests', () => {
    const lane = new Lane('orders');
    const first = round(lane);
    assert.ok(round(lane) > first);
    const open = round(lane);
    lane.running = open;
    const restMs = lane.refused(1_000, () => 1);
    assert.ok(restMs > 0);
    lane.dueAt(1_000);
    assert.equal(lane.readyAtMs, 1_000 + restMs);
    lane.running = 0;
    assert.ok(lane.room(wide) <= open / 2 + 1, `${lane.room(wide)} after ${open}`);
  });

  test('refusals of one moment are one; of one after the other each rests for longer, with a bound', () => {
    const lane = new Lane('orders');
    lane.running = 8;
    const once = lane.refused(0, () => 1);
    for (let n = 0; n < 7; n++) lane.refused(0, () => 1);
    lane.running = 1;
    let nowMs = once + 1;
    let last = once;
    for (let n = 0; n < 20; n++) {
      const restMs = lane.refused(nowMs, () => 1);
      assert.ok(restMs >= last && restMs <= 30_000);
      last = restMs;
      nowMs += restMs + 1;
    }
    assert.equal(last, 30_000);
    assert.equal(lane.room(wide), 0, 'one runs, and one at a time is what it may');
  });

  test('never takes more than it leaves, nor more than its function may run', (t) => {
    const seed = testSeed();
    t.diagnostic(`seed ${seed}`);
    const random = seededRandom(seed);
    for (let run = 0; run < 1_000; run++) {
      const lane = new Lane('orders');
      lane.running = Math.floor(random() * 20);
      const free = Math.floor(random() * 40);
      const limit = Math.floor(random() * 30);
      const room = lane.room({ limit, free });
      assert.ok(room >= 0 && lane.running + room <= Math.max(limit, lane.running));
      assert.ok(room === 0 || lane.running + room <= free - room + 1);
    }
  });
});
