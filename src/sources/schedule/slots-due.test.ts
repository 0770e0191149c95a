import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { firingId, slotsDue } from './slots-due.ts';

const HOUR_MS = 3_600_000;
const DAY = Date.UTC(2026, 0, 5);
const at = (hours: number) => DAY + hours * HOUR_MS;
const id = '019a5b6e-0000-4000-8000-000000000000';

function hourly(over: Partial<Parameters<typeof slotsDue>[0]> = {}): Parameters<typeof slotsDue>[0] {
  return {
    ...{ group: 'default', name: 'shop-report', expression: '0 * * * *', timezone: 'UTC' },
    ...{ anchorMs: at(0), endMs: null, windowMs: 0, nextSlotMs: at(1), missed: 'skip' },
    ...over,
  };
}

suite('slots that are due', () => {
  test('one in time, and the next', () => {
    const { slots, next } = slotsDue(hourly(), at(1) + 5);
    assert.deepEqual(slots, [at(1)]);
    assert.deepEqual(next, { nextSlotMs: at(2), dueMs: at(2) });
  });

  test('what is some seconds late is not missed: a node that is started anew takes them', () => {
    assert.deepEqual(slotsDue(hourly(), at(1) + 29_000).slots, [at(1)]);
    assert.deepEqual(slotsDue(hourly(), at(1) + 31_000).slots, []);
  });

  test('three that were missed: left out, or made up for', () => {
    const nowMs = at(3.5);
    const skipped = slotsDue(hourly(), nowMs);
    assert.deepEqual([skipped.slots, skipped.next.nextSlotMs], [[], at(4)]);
    const caughtUp = slotsDue(hourly({ missed: 'catch-up' }), nowMs);
    assert.deepEqual([caughtUp.slots, caughtUp.next.nextSlotMs], [[at(1), at(2), at(3)], at(4)]);
  });

  test('two that were missed and one in time', () => {
    assert.deepEqual(slotsDue(hourly(), at(3) + 1_000).slots, [at(3)]);
  });

  test('of many that were missed, the newest hundred, also where there are more than can be looked at', () => {
    for (const expression of ['0 * * * *', '* * * * *']) {
      const { slots, next } = slotsDue(hourly({ expression, missed: 'catch-up' }), at(1_000) + 5_000);
      assert.equal(slots.length, 100, expression);
      assert.equal(slots.at(-1), at(1_000));
      const stepMs = expression === '* * * * *' ? 60_000 : HOUR_MS;
      assert.equal(slots[0], at(1_000) - 99 * stepMs);
      assert.equal(next.nextSlotMs, at(1_000) + stepMs);
    }
  });

  test('nothing after the end', () => {
    const { slots, next } = slotsDue(hourly({ endMs: at(2) }), at(1));
    assert.deepEqual([slots, next], [[at(1)], { nextSlotMs: null, dueMs: null }]);
  });

  test('within a window each at a moment of its own that is always the same', () => {
    const spread = hourly({ windowMs: 600_000 });
    const { dueMs } = slotsDue(spread, at(0)).next;
    assert.ok(dueMs !== null && dueMs >= at(1) && dueMs < at(1) + 600_000);
    assert.deepEqual(slotsDue(spread, dueMs - 1).slots, []);
    assert.deepEqual(slotsDue(spread, dueMs).slots, [at(1)]);
    const later = slotsDue(spread, dueMs).next;
    assert.equal(later.nextSlotMs, at(2));
    assert.notEqual((later.dueMs ?? 0) - at(2), dueMs - at(1));
  });

  test('have ids of their own, in the order of time', () => {
    const ids = [1, 2, 3].map((hour) => firingId({ id }, at(hour)));
    assert.deepEqual(ids.toSorted(), ids);
    assert.equal(ids[0], firingId({ id }, at(1)));
    for (const one of ids)
      assert.match(one, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
