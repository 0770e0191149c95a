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
});
