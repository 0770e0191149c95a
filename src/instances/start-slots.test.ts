import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { StartSlots } from './start-slots.ts';

suite('start slots', () => {
  test('go round by function, so that one storm does not stand before another first start', async () => {
    const slots = new StartSlots(1, () => 0);
    const order: string[] = [];
    const take = async (name: string) => {
      const release = await slots.acquire(name);
      order.push(name);
      setImmediate(release);
    };
    await Promise.all([take('storm'), take('storm'), take('storm'), take('storm'), take('quiet')]);
    assert.deepEqual(order, ['storm', 'storm', 'quiet', 'storm', 'storm']);
  });

  test('are as many as there are, and giving one back twice makes no second', async () => {
    const slots = new StartSlots(4, () => 0);
    const first = await slots.acquire('a');
    await slots.acquire('a');
    let third = false;
    const waiting = slots.acquire('a').then(() => {
      third = true;
    });
    await Promise.resolve();
    assert.equal(third, false);
    first();
    first();
    await waiting;
    let fourth = false;
    void slots.acquire('a').then(() => {
      fourth = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(fourth, false);
  });

  test('are never all one function’s: another’s first start finds one', async () => {
    const slots = new StartSlots(4, () => 0);
    for (let n = 0; n < 10; n++) void slots.acquire('storm');
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(slots.expectedWaitMs('quiet'), 0);
    await slots.acquire('quiet');
  });

  test('tell how long a start would wait, by how long they were held of late', async () => {
    let nowMs = 0;
    const slots = new StartSlots(2, () => nowMs);
    const held = await slots.acquire('storm');
    nowMs = 100;
    held();
    await slots.acquire('storm');
    await slots.acquire('other');
    for (let n = 0; n < 9; n++) void slots.acquire('storm');
    assert.equal(slots.expectedWaitMs('storm'), 1_000, 'ten before it, one after the other');
    assert.equal(slots.expectedWaitMs('quiet'), 100, 'its turn is the next but one');
  });
});
