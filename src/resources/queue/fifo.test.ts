import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { testDatabase } from '../../store/testing.ts';
import { bodies, NEVER, openQueues, pass } from './queues-fixture.ts';

const ALL = { max: 100 };
const ORDERS = 'orders.fifo';

suite('a FIFO queue', () => {
  test('hands out each group in order, and nothing of a group of which something is out', async () => {
    await using database = await testDatabase();
    await using queues = await openQueues(database);
    await queues.put(ORDERS);
    const sent = await queues.send(ORDERS, [
      ...['a1', 'a2', 'a3', 'a4'].map((body) => ({ body, groupId: 'a' })),
      { body: 'b1', groupId: 'b' },
    ]);
    const numbers = sent.map((one) => ('sequenceNumber' in one ? one.sequenceNumber! : ''));
    assert.ok(numbers.every((number) => /^\d{20}$/.test(number)));
    assert.deepEqual(numbers, numbers.toSorted());
    const first = await queues.receive(ORDERS, { max: 2 }, NEVER);
    assert.deepEqual(bodies(first), ['a1', 'a2']);
    assert.equal(first[0]?.sequenceNumber, numbers[0]);
    assert.deepEqual(bodies(await queues.receive(ORDERS, ALL, NEVER)), ['b1']);
    assert.deepEqual(await queues.delete(ORDERS, [first[0]!.receipt]), ['deleted']);
    assert.deepEqual(await queues.receive(ORDERS, ALL, NEVER), []);
    assert.deepEqual(await queues.delete(ORDERS, [first[1]!.receipt]), ['deleted']);
    assert.deepEqual(bodies(await queues.receive(ORDERS, ALL, NEVER)), ['a3', 'a4']);
  });

  test('stays in order when a consumer dies: what it had comes first, and late receipts are worth nothing', async () => {
    await using database = await testDatabase();
    await using queues = await openQueues(database);
    await queues.put(ORDERS);
    await queues.send(
      ORDERS,
      ['1', '2', '3'].map((body) => ({ body, groupId: 'a' })),
    );
    const dead = await queues.receive(ORDERS, { max: 2 }, NEVER);
    await pass(database, 31_000);
    assert.deepEqual(await queues.delete(ORDERS, [dead[0]!.receipt]), ['expired']);
    const again = await queues.receive(ORDERS, { max: 1 }, NEVER);
    assert.deepEqual(bodies(again), ['1']);
    assert.deepEqual(await queues.delete(ORDERS, [dead[0]!.receipt]), ['stale']);
    const late = { receipt: dead[0]!.receipt, visibilityTimeoutMs: 0 };
    assert.deepEqual(await queues.changeVisibility(ORDERS, [late]), ['not-in-flight']);
    assert.deepEqual(await queues.receive(ORDERS, ALL, NEVER), []);
    await queues.changeVisibility(ORDERS, [
      { receipt: again[0]!.receipt, visibilityTimeoutMs: 0, uncounted: true },
    ]);
    const rest = await queues.receive(ORDERS, ALL, NEVER);
    assert.deepEqual(
      rest.map(({ body, receiveCount }) => [body, receiveCount]),
      [
        ['1', 2],
        ['2', 2],
        ['3', 1],
      ],
    );
  });

  test('a waiting receive is woken when its group is free again', async () => {
    await using database = await testDatabase();
    await using queues = await openQueues(database);
    await queues.put(ORDERS);
    await queues.send(
      ORDERS,
      ['1', '2'].map((body) => ({ body, groupId: 'a' })),
    );
    const [first] = await queues.receive(ORDERS, { max: 1 }, NEVER);
    const second = queues.receive(ORDERS, { max: 1, waitMs: 20_000 }, NEVER);
    await queues.delete(ORDERS, [first!.receipt]);
    assert.deepEqual(bodies(await second), ['2']);
  });

  test('a duplicate within five minutes is accepted and not kept, also after a restart and by another node', async () => {
    await using database = await testDatabase();
    const ids: string[] = [];
    for (const holder of ['one', 'one again', 'two']) {
      await using queues = await openQueues(database, { holder });
      await queues.put(ORDERS);
      const sent = await queues.send(ORDERS, [
        { body: 'same', groupId: 'a' },
        { body: 'same', groupId: 'b' },
      ]);
      ids.push(
        ...sent.map((one) => ('messageId' in one ? `${one.messageId} ${one.sequenceNumber}` : one.code)),
      );
    }
    assert.equal(new Set(ids).size, 1);
    await using queues = await openQueues(database);
    await queues.put(ORDERS);
    const [message, ...more] = await queues.receive(ORDERS, ALL, NEVER);
    assert.deepEqual([message?.body, more], ['same', []]);
    assert.match(message?.deduplicationId ?? '', /^[0-9a-f]{64}$/);
    await queues.delete(ORDERS, [message!.receipt]);
    await pass(database, 200_000);
    await queues.send(ORDERS, [{ body: 'same', groupId: 'a' }]);
    assert.deepEqual(await queues.receive(ORDERS, ALL, NEVER), []);
    await pass(database, 101_000);
    await queues.send(ORDERS, [{ body: 'same', groupId: 'a' }]);
    assert.deepEqual(bodies(await queues.receive(ORDERS, ALL, NEVER)), ['same']);
  });

  test('ids of its own make messages different, within a group where that is the scope', async () => {
    await using database = await testDatabase();
    await using queues = await openQueues(database);
    const fifo = {
      contentBasedDeduplication: false,
      deduplicationScope: 'messageGroup',
      throughputLimit: 'perMessageGroupId',
    } as const;
    await queues.put(ORDERS, { fifo });
    const answers = await queues.send(ORDERS, [
      { body: 'x', groupId: 'a', deduplicationId: '1' },
      { body: 'y', groupId: 'a', deduplicationId: '1' },
      { body: 'x', groupId: 'a', deduplicationId: '2' },
      { body: 'z', groupId: 'b', deduplicationId: '1' },
      { body: 'x', groupId: 'a' },
      { body: 'x' },
      { body: 'x', groupId: 'a', deduplicationId: '3', delayMs: 1_000 },
    ]);
    const problems = answers.map((answer) => ('facts' in answer ? answer.facts.problem : null));
    assert.deepEqual(problems, [null, null, null, null, 'duplicate-id-missing', 'missing', 'invalid']);
    const all = await queues.receive(ORDERS, ALL, NEVER);
    assert.deepEqual(bodies(all).toSorted(), ['x', 'x', 'z']);
  });

  test('a receive that is repeated under its id has the same answer', async () => {
    await using database = await testDatabase();
    await using queues = await openQueues(database);
    await queues.put(ORDERS);
    await queues.send(
      ORDERS,
      ['1', '2', '3'].map((body) => ({ body, groupId: 'a' })),
    );
    const attempt = { max: 2, attemptId: 'try' };
    const first = await queues.receive(ORDERS, attempt, NEVER);
    const again = await queues.receive(ORDERS, attempt, NEVER);
    assert.deepEqual(
      again.map(({ messageId, receiveCount }) => [messageId, receiveCount]),
      first.map(({ messageId }) => [messageId, 1]),
    );
    assert.deepEqual(
      await queues.delete(
        ORDERS,
        again.map(({ receipt }) => receipt),
      ),
      ['deleted', 'deleted'],
    );
    assert.deepEqual(bodies(await queues.receive(ORDERS, attempt, NEVER)), ['3']);
  });

  test('a dead letter lets its group go on, and is sent anew to the other queue', async () => {
    await using database = await testDatabase();
    await using queues = await openQueues(database);
    await queues.put('dead.fifo');
    await queues.put(ORDERS, {
      redrive: { deadLetter: 'dead.fifo', maxReceiveCount: 1 },
      visibilityTimeoutMs: 0,
    });
    await queues.send(
      ORDERS,
      ['poison', 'good'].map((body) => ({ body, groupId: 'a' })),
    );
    const [poison] = await queues.receive(ORDERS, { max: 1 }, NEVER);
    assert.deepEqual(bodies(await queues.receive(ORDERS, { max: 1 }, NEVER)), ['good']);
    const [dead] = await queues.receive('dead.fifo', ALL, NEVER);
    assert.equal(dead?.messageId, poison?.messageId);
    assert.equal(dead?.deduplicationId, poison?.messageId);
    assert.deepEqual([dead?.groupId, dead?.deadLetterSource, dead?.receiveCount], ['a', ORDERS, 2]);
    assert.ok(dead!.sentAtMs > poison!.sentAtMs);
  });

  test('what a purge or old age leaves behind holds up nothing', async () => {
    await using database = await testDatabase();
    await using queues = await openQueues(database);
    await queues.put(ORDERS, { visibilityTimeoutMs: 43_200_000, retentionMs: 60_000 });
    const send = (body: string) => queues.send(ORDERS, [{ body, groupId: 'a' }]);
    await send('1');
    await queues.receive(ORDERS, ALL, NEVER);
    await queues.purge(ORDERS);
    await send('2');
    assert.deepEqual(bodies(await queues.receive(ORDERS, ALL, NEVER)), ['2']);
    await database.sql`update skein.messages set sent_at = sent_at - interval '61 s'`;
    await queues.sweep();
    await send('3');
    assert.deepEqual(bodies(await queues.receive(ORDERS, ALL, NEVER)), ['3']);
    assert.deepEqual(await queues.counts(ORDERS), { visible: 0, inFlight: 1, delayed: 0 });
  });

  test('many consumers on two nodes, some of which die: each group is seen in order', async () => {
    await using database = await testDatabase();
    await using here = await openQueues(database);
    await using there = await openQueues(database, { holder: 'two' });
    there.know(await here.put(ORDERS, { visibilityTimeoutMs: 1_000 }));
    const groups = ['a', 'b', 'c', 'd'];
    const wanted = Array.from({ length: 25 }, (_, n) => String(n).padStart(2, '0'));
    for (const body of wanted)
      await here.send(
        ORDERS,
        groups.map((groupId) => ({ body: `${groupId}${body}`, groupId })),
      );
    const done = new Map<string, string[]>(groups.map((group) => [group, []]));
    let left = groups.length * wanted.length;
    let turn = 0;
    const consume = async (queues: typeof here) => {
      while (left > 0) {
        const got = await queues.receive(ORDERS, { max: 3, waitMs: 1_000 }, NEVER);
        turn += 1;
        if (got.length > 0 && turn % 7 === 0) continue; // it dies: nothing is deleted
        for (const { receipt, groupId, body } of got) {
          const [outcome] = await queues.delete(ORDERS, [receipt]);
          if (outcome !== 'deleted') break; // its time was over
          done.get(groupId!)!.push(body.slice(1));
          left -= 1;
        }
      }
    };
    await Promise.all([consume(here), consume(here), consume(there), consume(there)]);
    for (const group of groups) assert.deepEqual(done.get(group), wanted);
  });
});
