import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fakeClock } from './fake-clock.ts';
import { Fault } from './fault.ts';
import { Group, type GroupOptions } from './group.ts';

function open(over: Partial<GroupOptions<number, number>> = {}) {
  const clock = fakeClock();
  const written: (readonly number[])[] = [];
  const ends: (() => void)[] = [];
  const group = new Group<number, number>({
    ...{ clock, writers: 1, maxItems: 3, maxBytes: 100, maxWaitingBytes: 1_000, timeoutMs: 5_000 },
    bytesOf: () => 10,
    write: async (items) => {
      written.push(items);
      await new Promise<void>((resolve) => ends.push(resolve));
      return items.length;
    },
    ...over,
  });
  return { group, clock, written, ends };
}

suite('group commit', () => {
  test('what comes while a batch is written is the next, as large as it may be', async () => {
    const { group, clock, written, ends } = open();
    const first = group.add(1);
    await clock.advance(0);
    const more = [2, 3, 4, 5].map((n) => group.add(n));
    await clock.advance(0);
    assert.deepEqual(written, [[1]]);
    ends.shift()?.();
    assert.equal(await first, 1);
    await clock.advance(0);
    ends.shift()?.();
    await clock.advance(0);
    ends.shift()?.();
    assert.deepEqual(await Promise.all(more), [3, 3, 3, 1]);
    assert.deepEqual(written, [[1], [2, 3, 4], [5]]);
  });

  test('a batch has so many bytes, and one item however large', async () => {
    const { group, clock, written, ends } = open({ bytesOf: (n) => n });
    const all = [500, 60, 30, 20].map((n) => group.add(n));
    for (let n = 0; n < 3; n++) {
      await clock.advance(0);
      ends.shift()?.();
    }
    await Promise.all(all);
    assert.deepEqual(written, [[500], [60, 30], [20]]);
  });

  test('who waits for too long is told so, written or not; and so is who comes when too much waits', async () => {
    const { group, clock } = open({ maxWaitingBytes: 25 });
    const stuck = group.add(1);
    await clock.advance(0);
    const behind = group.add(2);
    const alsoBehind = group.add(3);
    await assert.rejects(group.add(4), { code: 'database-unavailable' });
    const refused = Promise.all(
      [stuck, behind, alsoBehind].map((one) => assert.rejects(one, { code: 'database-unavailable' })),
    );
    await clock.advance(5_500);
    await refused;
  });

  test('a batch that is refused for what is in it is written one by one', async () => {
    const { group } = open({
      write: async (items) => {
        if (items.includes(2)) throw new TypeError('2 is odd');
        return items.length;
      },
    });
    const [one, two, three] = await Promise.allSettled([1, 2, 3].map((n) => group.add(n)));
    assert.deepEqual([one?.status, two?.status, three?.status], ['fulfilled', 'rejected', 'fulfilled']);
  });

  test('one that fails for want of the database fails for all in it', async () => {
    let calls = 0;
    const { group } = open({
      write: async () => {
        calls += 1;
        throw new Fault('database-unavailable', 'away');
      },
    });
    const all = await Promise.allSettled([1, 2, 3].map((n) => group.add(n)));
    assert.ok(all.every(({ status }) => status === 'rejected'));
    assert.equal(calls, 1);
  });
});
