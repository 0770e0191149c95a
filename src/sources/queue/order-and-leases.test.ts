import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Fault } from '../../base/index.ts';
import { answer, functionError, openWorld } from './triggers-fixture.ts';

suite('a trigger of a FIFO queue', () => {
  const group = (groupId: string, ...bodies: string[]) => bodies.map((body) => ({ body, groupId }));

  test('keeps the order of each group, also of what failed', async () => {
    const seen: string[] = [];
    let failures = 2;
    const { triggers, clock, queue } = openWorld({
      fifo: true,
      run: ({ bodies }) => {
        if (bodies.includes('a2') && failures-- > 0) return functionError();
        seen.push(...bodies);
        return answer();
      },
    });
    queue.put(...group('a', 'a1', 'a2'), ...group('b', 'b1', 'b2', 'b3'), ...group('a', 'a3'));
    await triggers.start();
    await clock.advance(300_000);
    for (const name of ['a', 'b'])
      assert.deepEqual(
        seen.filter((body) => body.startsWith(name)),
        [`${name}1`, `${name}2`, `${name}3`],
      );
    assert.equal(queue.messages.length, 0);
    await triggers.stop();
  });

  test('what comes after the first failure of its group comes again with it', async () => {
    const { triggers, clock, queue, calls } = openWorld({
      ...{ fifo: true, settings: { FunctionResponseTypes: ['ReportBatchItemFailures'] } },
      run: ({ invocation, bodies }) => {
        const { Records } = JSON.parse(String(invocation.event)) as { Records: { messageId: string }[] };
        const failed = calls.length === 1 ? Records[bodies.indexOf('a2')] : undefined;
        const items = failed === undefined ? [] : [{ itemIdentifier: failed.messageId }];
        return answer({ batchItemFailures: items });
      },
    });
    queue.put(...group('a', 'a1', 'a2', 'a3'), ...group('b', 'b1'));
    await triggers.start();
    await clock.advance(40_000);
    assert.deepEqual(
      calls.map(({ bodies }) => bodies),
      [
        ['a1', 'a2', 'a3', 'b1'],
        ['a2', 'a3'],
      ],
    );
    await triggers.stop();
  });
});

suite('a trigger with a maximum of its own', () => {
  const settings = { ScalingConfig: { MaximumConcurrency: 1 }, BatchSize: 1 };

  test('takes nothing without its lease', async () => {
    let free = false;
    const released: string[] = [];
    const leases = {
      take: async (wanted: readonly { readonly id: string }[]) => (free ? wanted.map(({ id }) => id) : []),
      release: async (ids: readonly string[]) => void released.push(...ids),
    };
    const { triggers, clock, queue, calls } = openWorld({ settings, leases, run: () => answer() });
    queue.put('a');
    await triggers.start();
    await clock.advance(60_000);
    assert.equal(calls.length, 0);
    free = true;
    await clock.advance(6_000);
    assert.equal(calls.length, 1);
    await triggers.stop();
    assert.deepEqual(released, ['one']);
  });

  test('ends what runs before anybody else could get its lease', async () => {
    let away = false;
    const cuts: number[] = [];
    const leases = {
      async take(wanted: readonly { readonly id: string }[]) {
        if (away) throw new Fault('database-unavailable', 'away');
        return wanted.map(({ id }) => id);
      },
      release: async () => {},
    };
    const { triggers, clock, queue, calls } = openWorld({
      ...{ settings, leases },
      run: ({ invocation }) =>
        new Promise((resolve) => {
          invocation.cut?.addEventListener('abort', () => {
            cuts.push(clock.nowMs());
            resolve(functionError());
          });
        }),
    });
    queue.put('a', 'b');
    await triggers.start();
    await clock.advance(100_000);
    assert.deepEqual([cuts.length, calls.length], [0, 1], 'renewed for as long as it runs');
    away = true;
    const awayAtMs = clock.nowMs();
    await clock.advance(60_000);
    assert.equal(cuts.length, 1);
    assert.ok((cuts[0] ?? 0) - awayAtMs <= 20_000);
    assert.equal(calls.length, 1, 'and begins nothing');
    away = false;
    await clock.advance(10_000);
    assert.equal(calls.length, 2);
    const stopping = triggers.stop();
    await clock.advance(5_000);
    await stopping;
  });
});
