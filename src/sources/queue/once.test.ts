import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { configByHand, versionByHand } from '../../model/testing.ts';
import { answer, functionError, openWorld, type World } from './triggers-fixture.ts';

/** A function whose key is `$.id` in the body. */
function openKeyed(world: Pick<World, 'run'> & Partial<World>) {
  const idempotency = { from: 'jsonpath', name: '$.id', windowMs: 60_000 } as const;
  const latest = versionByHand({ functionName: 'orders', config: configByHand({ idempotency }) });
  return openWorld({ entry: { latest }, ...world });
}
const body = (id: unknown, n = 0) => JSON.stringify({ id, n });

suite('messages with an idempotency key', () => {
  test('are run once: a second one is deleted, or waits for the first, and none is counted as received', async () => {
    const { triggers, clock, queue, calls, keys } = openKeyed({ run: () => answer() });
    keys.set('done before', 'done');
    queue.put(
      body('done before'),
      body('a', 1),
      body('a', 2),
      body(undefined, 3),
      body(undefined, 4),
      'no json',
    );
    await triggers.start();
    await clock.advance(0);
    const ran = calls.flatMap(({ bodies }) => bodies);
    assert.deepEqual(ran, [body('a', 1), body(undefined, 3), body(undefined, 4), 'no json']);
    assert.deepEqual(
      queue.messages.map((one) => [one.body, one.receives]),
      [[body('a', 2), 0]],
    );
    await clock.advance(2_000);
    assert.deepEqual([calls.length, queue.messages.length, keys.get('a')], [1, 0, 'done']);
    await triggers.stop();
  });

  test('run again when they failed, or were refused', async () => {
    let count = 0;
    const { triggers, clock, queue, calls, keys } = openKeyed({
      run: () => (++count === 1 ? functionError() : answer()),
    });
    queue.put(body('a'));
    await triggers.start();
    await clock.advance(0);
    assert.deepEqual([calls.length, keys.size], [1, 0]);
    await clock.advance(31_000);
    assert.deepEqual([calls.length, keys.get('a'), queue.messages.length], [2, 'done', 0]);
    await triggers.stop();
  });

  test('of a FIFO queue wait with all of their group', async () => {
    const { triggers, clock, queue, calls, keys } = openKeyed({ fifo: true, run: () => answer() });
    keys.set('elsewhere', 'running');
    const put = (groupId: string, id: string) => queue.put({ body: body(id), groupId });
    put('one', 'first');
    put('one', 'elsewhere');
    put('one', 'behind');
    put('two', 'other');
    await triggers.start();
    await clock.advance(0);
    const ids = () => calls.flatMap(({ bodies }) => bodies.map((text) => JSON.parse(text).id as string));
    assert.deepEqual(ids().toSorted(), ['first', 'other']);
    keys.set('elsewhere', 'done');
    await clock.advance(3_000);
    assert.deepEqual(ids().slice(2), ['behind']);
    assert.equal(queue.messages.length, 0);
    await triggers.stop();
  });
});
