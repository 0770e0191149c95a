import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { suite, test } from 'node:test';
import { insertMessages } from '../../store/index.ts';
import { testDatabase } from '../../store/testing.ts';
import { bodies, NEVER, openQueues, pass } from './queues-fixture.ts';

const ALL = { max: 100 };

suite('a standard queue', () => {
  test('what is sent is received once, with all it was sent with, and is gone when it is deleted', async () => {
    await using database = await testDatabase();
    await using queues = await openQueues(database);
    await queues.put('jobs');
    const attributes = {
      price: { dataType: 'Number.euro', stringValue: '3.5' },
      image: { dataType: 'Binary', binaryValue: 'AAE=' },
    };
    const traceHeader = 'Root=1-5759e988-bd862e3fe1be46a994272793';
    const [sent] = await queues.send('jobs', [
      { body: 'bread', attributes, traceHeader, senderId: 'AIDA', groupId: 'g' },
    ]);
    assert.ok(sent !== undefined && 'messageId' in sent);
    assert.equal(sent.sequenceNumber, null);
    const [message, ...more] = await queues.receive('jobs', ALL, NEVER);
    assert.deepEqual(more, []);
    assert.ok(message);
    const { receipt, sentAtMs, firstReceivedAtMs, ...rest } = message;
    assert.deepEqual(rest, {
      ...{
        messageId: sent.messageId,
        body: 'bread',
        attributes,
        traceHeader,
        senderId: 'AIDA',
        groupId: 'g',
      },
      ...{ receiveCount: 1, deduplicationId: null, sequenceNumber: null, deadLetterSource: null },
    });
    assert.ok(receipt.length < 100 && sentAtMs > 0 && firstReceivedAtMs >= sentAtMs);
    assert.deepEqual(await queues.receive('jobs', ALL, NEVER), []);
    assert.deepEqual(await queues.counts('jobs'), { visible: 0, inFlight: 1, delayed: 0 });
    assert.deepEqual(await queues.delete('jobs', [receipt, receipt, 'nonsense']), [
      'deleted',
      'deleted',
      'invalid',
    ]);
    assert.deepEqual(await queues.delete('jobs', [receipt]), ['stale']);
    assert.deepEqual(await queues.counts('jobs'), { visible: 0, inFlight: 0, delayed: 0 });
  });

  test('it comes back when its time is over; its receipt is good until it is received again', async () => {
    await using database = await testDatabase();
    await using queues = await openQueues(database);
    await queues.put('jobs');
    await queues.send('jobs', [{ body: 'a' }, { body: 'b' }]);
    const first = await queues.receive('jobs', ALL, NEVER);
    await pass(database, 31_000);
    assert.deepEqual(await queues.delete('jobs', [first[0]!.receipt]), ['deleted']);
    const [again] = await queues.receive('jobs', ALL, NEVER);
    assert.equal(again?.receiveCount, 2);
    assert.equal(again?.firstReceivedAtMs, first[1]?.firstReceivedAtMs);
    assert.deepEqual(await queues.delete('jobs', [first[1]!.receipt]), ['stale']);
    assert.deepEqual(await queues.delete('jobs', [again!.receipt]), ['deleted']);
  });

  test('a delay holds back; visibility is changed while it is out, and not after', async () => {
    await using database = await testDatabase();
    await using queues = await openQueues(database);
    await queues.put('jobs', { delayMs: 60_000 });
    await queues.send('jobs', [{ body: 'later' }, { body: 'now', delayMs: 0 }]);
    assert.deepEqual(await queues.counts('jobs'), { visible: 1, inFlight: 0, delayed: 1 });
    const [now] = await queues.receive('jobs', ALL, NEVER);
    const { receipt } = now!;
    const change = (visibilityTimeoutMs: number) =>
      queues.changeVisibility('jobs', [{ receipt, visibilityTimeoutMs }]);
    assert.deepEqual(await change(43_200_000), ['changed']);
    assert.deepEqual(await queues.changeVisibility('jobs', [{ receipt: 'x', visibilityTimeoutMs: 1_000 }]), [
      'invalid',
    ]);
    await assert.rejects(change(43_200_001), { code: 'parameter-invalid' });
    assert.deepEqual(await change(0), ['changed']);
    assert.deepEqual(await change(1_000), ['not-in-flight']);
    const [again] = await queues.receive('jobs', ALL, NEVER);
    assert.equal(again?.receiveCount, 2);
    const back = { receipt: again!.receipt, visibilityTimeoutMs: 0, uncounted: true };
    assert.deepEqual(await queues.changeVisibility('jobs', [back]), ['changed']);
    assert.equal((await queues.receive('jobs', ALL, NEVER))[0]?.receiveCount, 2);
    await pass(database, 61_000);
    assert.ok(bodies(await queues.receive('jobs', ALL, NEVER)).includes('later'));
  });

  test('what was received too often is a dead letter, with the time it was sent at and where it came from', async () => {
    await using database = await testDatabase();
    await using queues = await openQueues(database);
    await queues.put('dead');
    await queues.put('jobs', { redrive: { deadLetter: 'dead', maxReceiveCount: 2 }, visibilityTimeoutMs: 0 });
    await queues.send('jobs', [{ body: 'poison' }]);
    const [first] = await queues.receive('jobs', ALL, NEVER);
    await queues.receive('jobs', ALL, NEVER);
    assert.deepEqual(await queues.receive('jobs', ALL, NEVER), []);
    const [dead] = await queues.receive('dead', ALL, NEVER);
    const { messageId, sentAtMs, receiveCount, deadLetterSource } = dead!;
    assert.deepEqual(
      { messageId, sentAtMs, receiveCount, deadLetterSource },
      {
        ...{
          messageId: first!.messageId,
          sentAtMs: first!.sentAtMs,
          receiveCount: 3,
          deadLetterSource: 'jobs',
        },
      },
    );
    assert.deepEqual(await queues.counts('jobs'), { visible: 0, inFlight: 0, delayed: 0 });
    assert.deepEqual(await queues.counts('dead'), { visible: 0, inFlight: 1, delayed: 0 });
  });

  test('a message with an attribute that PostgreSQL cannot read is kept without what is odd', async () => {
    await using database = await testDatabase();
    await using queues = await openQueues(database);
    await queues.put('dead');
    const redrive = { deadLetter: 'dead', maxReceiveCount: 1 };
    const { id: queueId } = await queues.put('jobs', { redrive, visibilityTimeoutMs: 0 });
    const attributes = { why: { dataType: 'String', stringValue: 'a\u0000b\ud800' } };
    const row = { queueId, id: randomUUID(), delayMs: 0, bytes: 10, body: 'x', details: { attributes } };
    await insertMessages(database.sql, [row]);
    await queues.receive('jobs', ALL, NEVER);
    assert.deepEqual(await queues.receive('jobs', ALL, NEVER), []);
    const [dead] = await queues.receive('dead', ALL, NEVER);
    assert.equal(dead?.attributes.why?.stringValue, 'a\ufffdb\ufffd');
  });

  test('without its dead-letter queue nothing is lost: it is handed out again', async () => {
    await using database = await testDatabase();
    await using queues = await openQueues(database);
    await queues.put('jobs', { redrive: { deadLetter: 'none', maxReceiveCount: 1 }, visibilityTimeoutMs: 0 });
    await queues.send('jobs', [{ body: 'a' }]);
    for (const count of [1, 2, 3])
      assert.equal((await queues.receive('jobs', ALL, NEVER))[0]?.receiveCount, count);
  });

  test('what is too old is not handed out, and goes', async () => {
    await using database = await testDatabase();
    await using queues = await openQueues(database);
    await queues.put('jobs', { retentionMs: 60_000 });
    await queues.send('jobs', [{ body: 'old' }]);
    await pass(database, 61_000);
    assert.deepEqual(await queues.receive('jobs', ALL, NEVER), []);
    assert.deepEqual(await queues.counts('jobs'), { visible: 0, inFlight: 0, delayed: 0 });
  });

  test('a queue is purged once a minute, and what is sent after that stays', async () => {
    await using database = await testDatabase();
    await using queues = await openQueues(database);
    await queues.put('jobs');
    await queues.send(
      'jobs',
      Array.from({ length: 20 }, (_, n) => ({ body: String(n) })),
    );
    assert.equal(await queues.purge('jobs'), 20);
    await assert.rejects(queues.purge('jobs'), { code: 'purge-in-progress' });
    await queues.send('jobs', [{ body: 'after' }]);
    assert.deepEqual(bodies(await queues.receive('jobs', ALL, NEVER)), ['after']);
  });

  test('it is looked at without being received, page by page', async () => {
    await using database = await testDatabase();
    await using queues = await openQueues(database);
    await queues.put('jobs');
    await queues.send('jobs', [{ body: 'a' }, { body: 'b' }, { body: 'c', delayMs: 60_000 }]);
    await queues.receive('jobs', { max: 1 }, NEVER);
    const [a, b] = await queues.peek('jobs', { max: 2 });
    const [c] = await queues.peek('jobs', { max: 2, after: b!.position });
    assert.deepEqual(
      [a, b, c].map((one) => [one?.body, one?.state, one?.receiveCount]),
      [
        ['a', 'in-flight', 1],
        ['b', 'visible', 0],
        ['c', 'delayed', 0],
      ],
    );
  });

  test('one that is refused does not hold up the others', async () => {
    await using database = await testDatabase();
    await using queues = await openQueues(database);
    await queues.put('jobs', { maxMessageBytes: 1_024 });
    const bad = [
      { body: '' },
      { body: 'a\u0000b' },
      { body: 'x'.repeat(1_025) },
      { body: 'x'.repeat(1_000), attributes: { price: { dataType: 'String', stringValue: 'y'.repeat(20) } } },
      { body: 'x', attributes: { 'AWS.x': { dataType: 'String', stringValue: 'y' } } },
      { body: 'x', attributes: { x: { dataType: 'Date', stringValue: 'y' } } },
      { body: 'x', attributes: { x: { dataType: 'Number', stringValue: 'y' } } },
      { body: 'x', delayMs: 900_001 },
      { body: 'x', deduplicationId: 'd' },
    ];
    const answers = await queues.send('jobs', [...bad, { body: 'good' }]);
    const codes = answers.map((answer) => ('code' in answer ? answer.code : 'sent'));
    const invalid = 'message-invalid';
    assert.deepEqual(codes, [
      ...[
        invalid,
        invalid,
        'message-too-large',
        'message-too-large',
        invalid,
        invalid,
        invalid,
        invalid,
        invalid,
      ],
      'sent',
    ]);
    assert.deepEqual(bodies(await queues.receive('jobs', ALL, NEVER)), ['good']);
    await assert.rejects(queues.send('none', [{ body: 'x' }]), { code: 'queue-not-found' });
    await assert.rejects(queues.receive('jobs', { max: 0 }, NEVER), { code: 'parameter-invalid' });
  });

  test('what was deleted under its name is not found by the next queue of that name, nor sent to it', async () => {
    await using database = await testDatabase();
    await using queues = await openQueues(database);
    const before = await queues.put('jobs');
    await queues.send('jobs', [{ body: 'old' }]);
    await database.sql`delete from skein.queues`;
    const [refused] = await queues.send('jobs', [{ body: 'nobody' }]);
    assert.ok(refused !== undefined && 'code' in refused && refused.code === 'queue-not-found');
    const after = await queues.put('jobs');
    assert.notEqual(after.id, before.id);
    assert.deepEqual(await queues.receive('jobs', ALL, NEVER), []);
  });
});

suite('long polls', () => {
  test('are woken by what is sent here, by another node, and by what becomes visible', async () => {
    await using database = await testDatabase();
    await using here = await openQueues(database);
    await using there = await openQueues(database, { holder: 'two' });
    there.know(await here.put('jobs'));
    const wait = () => there.receive('jobs', { max: 1, waitMs: 20_000, visibilityTimeoutMs: 20_000 }, NEVER);
    const first = wait();
    await there.send('jobs', [{ body: 'here' }]);
    assert.deepEqual(bodies(await first), ['here']);
    const second = wait();
    await here.send('jobs', [{ body: 'there' }]);
    assert.deepEqual(bodies(await second), ['there']);
    const third = wait();
    await here.send('jobs', [{ body: 'delayed', delayMs: 1_000 }]);
    assert.deepEqual(bodies(await third), ['delayed']);
  });

  test('share what comes, in the order in which they began; each message goes to one', async () => {
    await using database = await testDatabase();
    await using queues = await openQueues(database);
    await queues.put('jobs');
    const waiting = Array.from({ length: 5 }, () =>
      queues.receive('jobs', { max: 2, waitMs: 20_000 }, NEVER),
    );
    await queues.send(
      'jobs',
      Array.from({ length: 9 }, (_, n) => ({ body: String(n) })),
    );
    const got = await Promise.all(waiting);
    assert.deepEqual(
      got
        .flat()
        .map(({ body }) => body)
        .toSorted(),
      ['0', '1', '2', '3', '4', '5', '6', '7', '8'],
    );
  });

  test('end with nothing when their time is over or they are given up, and then nothing is out', async () => {
    await using database = await testDatabase();
    await using queues = await openQueues(database);
    await queues.put('jobs');
    assert.deepEqual(await queues.receive('jobs', { max: 1, waitMs: 300 }, NEVER), []);
    const abort = new AbortController();
    const given = queues.receive('jobs', { max: 1, waitMs: 20_000 }, abort.signal);
    abort.abort();
    assert.deepEqual(await given, []);
    await queues.send('jobs', [{ body: 'a' }]);
    const gone = new AbortController();
    const cut = queues.receive('jobs', { max: 1, waitMs: 20_000 }, gone.signal);
    gone.abort();
    assert.deepEqual(await cut, []);
    const [message] = await queues.receive('jobs', { max: 1, waitMs: 20_000 }, NEVER);
    assert.equal(message?.receiveCount, 1);
  });

  test('a paused queue hands out nothing until it goes on', async () => {
    await using database = await testDatabase();
    await using queues = await openQueues(database);
    await queues.put('jobs', { paused: true });
    await queues.send('jobs', [{ body: 'a' }]);
    assert.deepEqual(await queues.receive('jobs', { max: 1 }, NEVER), []);
    const waiting = queues.receive('jobs', { max: 1, waitMs: 20_000 }, NEVER);
    await queues.put('jobs');
    assert.deepEqual(bodies(await waiting), ['a']);
  });

  test('end with nothing when the node is about to stop', async () => {
    await using database = await testDatabase();
    await using queues = await openQueues(database);
    await queues.put('jobs');
    const waiting = queues.receive('jobs', { max: 1, waitMs: 20_000 }, NEVER);
    queues.endWaits();
    assert.deepEqual(await waiting, []);
    await assert.rejects(queues.receive('jobs', { max: 1 }, NEVER), { code: 'shutting-down' });
  });

  test('a queue that is deleted sends those who wait away', async () => {
    await using database = await testDatabase();
    await using queues = await openQueues(database);
    await queues.put('jobs');
    const waiting = assert.rejects(queues.receive('jobs', { max: 1, waitMs: 20_000 }, NEVER), {
      code: 'queue-not-found',
    });
    queues.forget('jobs');
    await queues.put('other'); // tells that something has changed
    await waiting;
  });
});
