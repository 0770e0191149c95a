import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Fault } from '../../base/index.ts';
import { answer, functionError, openWorld } from './triggers-fixture.ts';

const throttled = () => {
  throw new Fault('concurrency-exceeded', 'one at a time');
};
const numbers = (count: number) => Array.from({ length: count }, (_, n) => String(n));

suite('a trigger of a queue', () => {
  test('gives its function batches, and deletes what succeeded', async () => {
    const world = openWorld({ run: () => answer() });
    const { triggers, clock, queue, calls, problems } = world;
    queue.put(...numbers(23));
    await triggers.start();
    await clock.advance(0);
    assert.deepEqual(calls.map(({ bodies }) => bodies.length).toSorted(), [10, 10, 3]);
    assert.deepEqual(calls.flatMap(({ bodies }) => bodies).toSorted(), numbers(23).toSorted());
    assert.deepEqual(queue.messages, []);
    queue.put('late');
    await clock.advance(0);
    assert.deepEqual(calls.at(-1)?.bodies, ['late'], 'the wait was ended by a message');
    await triggers.stop();
    assert.deepEqual(problems, []);
  });

  test('waits idly: a receive every 5 min', async () => {
    const { triggers, clock, queue } = openWorld({ run: () => answer() });
    await triggers.start();
    await clock.advance(600_000);
    assert.ok(queue.receives <= 3, `${queue.receives}`);
    await triggers.stop();
  });

  test('fills a batch for as long as its window, and no longer than until it is full', async () => {
    const settings = { BatchSize: 4, MaximumBatchingWindowInSeconds: 60 };
    const { triggers, clock, queue, calls } = openWorld({ settings, run: () => answer() });
    await triggers.start();
    queue.put('a');
    await clock.advance(40_000);
    queue.put('b');
    await clock.advance(19_000);
    assert.equal(calls.length, 0);
    assert.equal(
      queue.messages[0]?.receives,
      1,
      'it is kept out of sight, though its queue hides it for 30 s only',
    );
    await clock.advance(1_000);
    assert.deepEqual(calls[0]?.bodies, ['a', 'b']);
    queue.put(...numbers(4));
    await clock.advance(0);
    assert.deepEqual(calls[1]?.bodies, numbers(4));
    queue.put('c');
    await clock.advance(0);
    await triggers.stop();
    assert.deepEqual([queue.messages[0]?.receives, queue.messages[0]?.visibleAtMs], [0, clock.nowMs()]);
  });

  test('what fails comes again when its time out of sight is over, and counts', async () => {
    const { triggers, clock, queue, calls } = openWorld({
      run: () => (calls.length < 3 ? functionError() : answer()),
    });
    queue.put('a');
    await triggers.start();
    await clock.advance(29_999);
    assert.equal(calls.length, 1);
    await clock.advance(30_001);
    assert.equal(calls.length, 3);
    assert.equal(queue.messages.length, 0);
    await triggers.stop();
  });

  test('a queue that hides its messages briefly, or a function that runs for long, changes nothing of that', async () => {
    const done = Promise.withResolvers<void>();
    const { triggers, clock, queue, calls } = openWorld({
      queue: { visibilityTimeoutMs: 2_000 },
      run: async () => {
        if (calls.length > 1) return answer();
        await done.promise;
        return functionError();
      },
    });
    queue.put('a');
    await triggers.start();
    await clock.advance(300_000);
    assert.equal(calls.length, 1, 'it is not given out again while it runs');
    done.resolve();
    await clock.advance(0);
    assert.equal(calls.length, 2, 'its time was over');
    assert.equal(queue.messages.length, 0);
    await triggers.stop();
  });

  test('of a batch only those come again that the function names', async () => {
    const settings = { FunctionResponseTypes: ['ReportBatchItemFailures'], BatchSize: 100 };
    const poison = ({
      invocation,
      bodies,
    }: {
      invocation: { event: unknown };
      bodies: readonly string[];
    }) => {
      const { Records } = JSON.parse(String(invocation.event)) as { Records: { messageId: string }[] };
      const itemIdentifier = Records[bodies.indexOf('66')]?.messageId;
      return answer({ batchItemFailures: itemIdentifier === undefined ? [] : [{ itemIdentifier }] });
    };
    const { triggers, clock, queue, calls } = openWorld({ settings, run: poison });
    queue.put(...numbers(100));
    await triggers.start();
    await clock.advance(0);
    assert.equal(calls[0]?.bodies.length, 100);
    assert.deepEqual(
      queue.messages.map(({ body }) => body),
      ['66'],
    );
    await clock.advance(30_000);
    assert.deepEqual(
      calls.slice(1).map(({ bodies }) => bodies),
      [['66']],
    );
    await triggers.stop();
  });

  test('a throttle, or no room, never counts as received, however long it lasts', async () => {
    let open = false;
    const { triggers, clock, queue, calls } = openWorld({ run: () => (open ? answer() : throttled()) });
    queue.put(...numbers(50));
    await triggers.start();
    await clock.advance(3_600_000);
    assert.ok(calls.length > 50 && calls.length < 1_000, `${calls.length} tries in an hour`);
    assert.ok(queue.messages.every(({ receives }) => receives <= 1));
    open = true;
    await clock.advance(60_000);
    assert.equal(queue.messages.length, 0);
    await triggers.stop();
  });

  test('a function that is not there keeps its messages', async () => {
    const { triggers, clock, queue, problems } = openWorld({
      run: () => {
        throw new Fault('version-not-found', 'no');
      },
    });
    queue.put('a');
    await triggers.start();
    await clock.advance(120_000);
    assert.ok(problems.length >= 2 && problems.length <= 12, `${problems.length}`);
    assert.ok(queue.messages.every(({ receives }) => receives <= 1));
    await triggers.stop();
  });

  test('what a filter does not let through is deleted, and its function never sees it', async () => {
    const settings = { FilterCriteria: { Filters: [{ Pattern: '{"body":{"kind":["order"]}}' }] } };
    const { triggers, clock, queue, calls } = openWorld({ settings, run: () => answer() });
    queue.put('{"kind":"order"}', '{"kind":"other"}', 'no json', '{"kind":"order","n":2}');
    await triggers.start();
    await clock.advance(0);
    assert.deepEqual(
      calls.flatMap(({ bodies }) => bodies),
      ['{"kind":"order"}', '{"kind":"order","n":2}'],
    );
    assert.equal(queue.messages.length, 0);
    await triggers.stop();
  });

  test('runs no more at once than it may', async () => {
    for (const [settings, reserved, most] of [
      [{ ScalingConfig: { MaximumConcurrency: 3 } }, null, 3],
      [{}, 2, 2],
      [{}, 0, 0],
    ] as const) {
      let running = 0;
      let peak = 0;
      const { triggers, clock, queue, calls } = openWorld({
        ...{ settings: { ...settings, BatchSize: 1 }, entry: { reserved } },
        async run() {
          running += 1;
          peak = Math.max(peak, running);
          await new Promise<void>((resolve) => void clock.after(1_000, resolve));
          running -= 1;
          return answer();
        },
      });
      queue.put(...numbers(30));
      await triggers.start();
      await clock.advance(60_000);
      assert.equal(peak, most);
      assert.equal(calls.length, most === 0 ? 0 : 30);
      await triggers.stop();
    }
  });

  test('finds out how many its function takes', async () => {
    let running = 0;
    let peak = 0;
    const { triggers, clock, queue } = openWorld({
      settings: { BatchSize: 1 },
      async run() {
        if (running >= 40) throttled();
        running += 1;
        peak = Math.max(peak, running);
        await new Promise<void>((resolve) => void clock.after(100, resolve));
        running -= 1;
        return answer();
      },
    });
    queue.put(...numbers(600));
    await triggers.start();
    await clock.advance(60_000);
    assert.equal(peak, 40);
    assert.equal(queue.messages.length, 0);
    await triggers.stop();
  });

  test('what is changed holds for the next message, however long the trigger has waited for it', async () => {
    const { triggers, clock, queue, calls, change } = openWorld({ run: () => answer() });
    await triggers.start();
    await clock.advance(60_000);
    change({ settings: { BatchSize: 1, FilterCriteria: { Filters: [{ Pattern: '{"body":["yes"]}' }] } } });
    queue.put('no', 'yes', 'yes');
    await clock.advance(0);
    assert.deepEqual(
      calls.map(({ bodies }) => bodies),
      [['yes'], ['yes']],
    );
    await triggers.stop();
  });

  test('takes nothing while it is disabled, and goes on when it is not', async () => {
    const { triggers, clock, queue, calls, change } = openWorld({ run: () => answer() });
    await triggers.start();
    await clock.advance(0);
    change({ enabled: false });
    queue.put('a');
    await clock.advance(60_000);
    assert.equal(calls.length, 0);
    change({ enabled: true });
    await clock.advance(0);
    assert.equal(calls.length, 1);
    change({ enabled: false });
    change({ enabled: true });
    queue.put('b');
    await clock.advance(0);
    assert.equal(calls.length, 2);
    await triggers.stop();
  });

  test('goes on when the database is back, and runs nothing twice that had succeeded', async () => {
    const { triggers, clock, queue, calls, problems } = openWorld({
      run: () => {
        queue.away = true;
        return answer();
      },
    });
    queue.put('a');
    await triggers.start();
    await clock.advance(10_000);
    assert.equal(queue.messages.length, 1);
    queue.away = false;
    await clock.advance(2_000);
    assert.deepEqual([queue.messages.length, calls.length], [0, 1]);
    await triggers.stop();
    assert.deepEqual(problems, []);
  });

  test('a chain of events goes on in the trace, and is stopped when it is too long', async () => {
    const { triggers, clock, queue, calls, aside, problems } = openWorld({ run: () => answer() });
    const trace = (hops: number) => `Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=7ce1b4f1:${hops}`;
    queue.put({ body: 'first', traceHeader: trace(3) }, { body: 'second', traceHeader: trace(15) }, 'third');
    queue.put({ body: 'last', traceHeader: trace(16) });
    await triggers.start();
    await clock.advance(0);
    assert.deepEqual(calls[0]?.bodies, ['first', 'second', 'third']);
    assert.equal(calls[0]?.invocation.traceId, trace(16));
    const [event, ...more] = aside;
    assert.deepEqual([event?.functionName, event?.reason, more], ['orders', 'EventLoop', []]);
    assert.equal(JSON.parse(event?.payload ?? '').Records[0].body, 'last');
    assert.equal(event?.traceId, 'Root=1-5759e988-bd862e3fe1be46a994272793', 'it may be run again');
    assert.equal(problems.length, 1);
    assert.equal(queue.messages.length, 0);
    await triggers.stop();
  });

  test('what is stopped goes to the dead-letter queue where there is one; a function may want it all the same', async () => {
    const looped = { body: 'last', traceHeader: 'Lineage=7ce1b4f1:16' };
    const redrive = { deadLetter: 'failed', maxReceiveCount: 3 };
    const stopped = openWorld({ queue: { redrive }, run: () => answer() });
    stopped.queue.put(looped);
    const willing = openWorld({ entry: { recursion: 'Allow' }, run: () => answer() });
    willing.queue.put(looped);
    for (const { triggers, clock } of [stopped, willing]) {
      await triggers.start();
      await clock.advance(0);
      await triggers.stop();
    }
    const { sent, messages } = stopped.queue;
    assert.deepEqual(
      sent.map(({ name, body, traceHeader }) => ({ name, body, traceHeader })),
      [{ name: 'failed', body: 'last', traceHeader: null }],
    );
    assert.deepEqual([messages.length, stopped.calls.length, willing.calls.length], [0, 0, 1]);
  });

  test('a node that stops sees through what runs, ends what takes too long, and gives back the rest', async () => {
    const { triggers, clock, queue, calls } = openWorld({
      settings: { BatchSize: 1 },
      run: ({ invocation, bodies }) => {
        if (bodies[0] === 'short')
          return new Promise((resolve) => void clock.after(3_000, () => resolve(answer())));
        return new Promise((resolve) => {
          invocation.cut?.addEventListener('abort', () => resolve(functionError()));
        });
      },
    });
    queue.put('short', 'long');
    await triggers.start();
    await clock.advance(0);
    let stopped = false;
    const stopping = triggers.stop().then(() => {
      stopped = true;
    });
    queue.put('later');
    await clock.advance(4_000);
    assert.deepEqual([stopped, queue.messages.map(({ body }) => body)], [false, ['long', 'later']]);
    await clock.advance(1_000);
    await stopping;
    assert.equal(calls.length, 2);
    assert.deepEqual(
      queue.messages.map(({ receives, visibleAtMs }) => [receives, visibleAtMs <= clock.nowMs()]),
      [
        [0, true],
        [0, true],
      ],
    );
  });
});
