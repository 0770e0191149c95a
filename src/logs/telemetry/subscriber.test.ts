import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fakeClock } from '../../base/fake-clock.ts';
import { Subscriber } from './subscriber.ts';
import type { Subscription } from './subscription.ts';

function open(buffering: Partial<Subscription['buffering']> = {}) {
  const clock = fakeClock();
  const batches: string[][] = [];
  let failures = 0;
  const subscription: Subscription = {
    ...{ api: 'telemetry', name: 'watcher', schemaVersion: '2022-07-01', types: ['platform'] },
    buffering: { maxItems: 3, maxBytes: 1_000, timeoutMs: 100, ...buffering },
    destination: { protocol: 'TCP', port: 1 },
  };
  const deliver = async (records: readonly string[]) => {
    if (failures > 0) {
      failures -= 1;
      throw new Error('nobody listens');
    }
    batches.push([...records]);
  };
  const subscriber = new Subscriber(subscription, deliver, clock);
  return {
    ...{ clock, batches, subscriber },
    fail(times: number) {
      failures = times;
    },
  };
}

suite('what waits for a subscriber', () => {
  test('goes when the first of it is old enough', async () => {
    const { clock, batches, subscriber } = open();
    subscriber.take('1');
    await clock.advance(60);
    subscriber.take('2');
    await clock.advance(39);
    assert.deepEqual(batches, []);
    await clock.advance(1);
    assert.deepEqual(batches, [['1', '2']]);
  });

  test('goes at once when there are enough, or they are heavy enough', async () => {
    const many = open();
    for (const record of ['1', '2', '3', '4']) many.subscriber.take(record);
    await many.clock.advance(0);
    assert.deepEqual(many.batches[0], ['1', '2', '3']);
    const heavy = open({ maxBytes: 10 });
    heavy.subscriber.take('0123456789');
    await heavy.clock.advance(0);
    assert.deepEqual(heavy.batches, [['0123456789']]);
  });

  test('is tried again when nobody takes it', async () => {
    const { clock, batches, subscriber, fail } = open();
    fail(2);
    subscriber.take('1');
    await clock.advance(100);
    await clock.advance(50);
    await clock.advance(100);
    assert.deepEqual(batches, [['1']]);
  });

  test('is dropped beyond twice its bound, and one record says how much', async () => {
    const { clock, batches, subscriber, fail } = open();
    fail(5);
    for (const record of ['1', '2', '3']) subscriber.take(record);
    for (let n = 0; n < 7; n++) subscriber.take('x');
    for (let n = 0; n < 12; n++) await clock.advance(1_000);
    const told = batches.flat().map((record) => (record.startsWith('{') ? JSON.parse(record) : record));
    const drops = told.filter((record) => typeof record === 'object');
    assert.equal(drops.length, 1);
    assert.equal(drops[0].type, 'platform.logsDropped');
    assert.equal(drops[0].record.droppedRecords, 4, 'three that were given up, and one too many');
    assert.equal(told.filter((record) => record === 'x').length, 6);
  });

  test('stays while the instance stands still', async () => {
    const { clock, batches, subscriber } = open();
    subscriber.pause(true);
    subscriber.take('1');
    await clock.advance(1_000);
    assert.deepEqual(batches, []);
    subscriber.pause(false);
    await clock.advance(0);
    assert.deepEqual(batches, [['1']]);
  });
});
