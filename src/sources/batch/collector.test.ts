import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { seededRandom } from '../../base/index.ts';
import { testSeed } from '../../base/testing.ts';
import { Collector } from './collector.ts';

const of = (...sizes: number[]) => sizes.map((bytes) => ({ bytes }));
const BOUNDS = { maxItems: 3, maxBytes: 100, windowMs: 1_000 };

suite('a batch', () => {
  test('waits for its window, and not longer', () => {
    const collector = new Collector();
    assert.equal(collector.dueAtMs(BOUNDS), Number.POSITIVE_INFINITY);
    collector.add(of(1), 10);
    collector.add(of(2), 900);
    assert.equal(collector.dueAtMs(BOUNDS), 1_010);
    assert.equal(collector.take(BOUNDS, 1_009), null);
    assert.deepEqual(collector.take(BOUNDS, 1_010), of(1, 2));
    assert.equal(collector.size, 0);
  });

  test('is ready at once when it is full, by number or by size', () => {
    const collector = new Collector();
    collector.add(of(1, 2, 3, 60, 60), 0);
    assert.deepEqual(collector.take(BOUNDS, 0), of(1, 2, 3));
    assert.deepEqual(collector.take(BOUNDS, 0), of(60), 'the next does not fit any more');
    assert.equal(collector.take(BOUNDS, 0), null);
    assert.deepEqual(collector.takeAll(), of(60));
  });

  test('an item that is too large goes alone; without a window nothing waits', () => {
    const collector = new Collector();
    collector.add(of(500, 1), 0);
    assert.deepEqual(collector.take(BOUNDS, 0), of(500));
    assert.deepEqual(collector.take({ ...BOUNDS, windowMs: 0 }, 0), of(1));
  });

  test('nothing is lost, doubled or reordered, and no batch is over its bounds', (t) => {
    const seed = testSeed();
    t.diagnostic(`seed ${seed}`);
    const random = seededRandom(seed);
    const collector = new Collector<{ bytes: number; n: number }>();
    const taken: number[] = [];
    let nowMs = 0;
    let made = 0;
    const note = (batch: readonly { bytes: number; n: number }[]) => {
      const bytes = batch.reduce((sum, item) => sum + item.bytes, 0);
      assert.ok(batch.length <= BOUNDS.maxItems && (bytes <= BOUNDS.maxBytes || batch.length === 1));
      taken.push(...batch.map(({ n }) => n));
    };
    for (let step = 0; step < 1_000; step++) {
      nowMs += random() * 600;
      const fresh = Array.from({ length: Math.floor(random() * 5) }, () => made++);
      collector.add(
        fresh.map((n) => ({ n, bytes: Math.floor(random() * 120) })),
        nowMs,
      );
      for (let batch = collector.take(BOUNDS, nowMs); batch !== null; batch = collector.take(BOUNDS, nowMs))
        note(batch);
      assert.ok(collector.dueAtMs(BOUNDS) > nowMs);
    }
    taken.push(...collector.takeAll().map(({ n }) => n));
    assert.deepEqual(
      taken,
      Array.from({ length: made }, (_, n) => n),
    );
  });
});
