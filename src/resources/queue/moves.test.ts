import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fakeClock } from '../../base/fake-clock.ts';
import { testDatabase } from '../../store/testing.ts';
import { bodies, NEVER, openQueues, type QueuesOfTest } from './queues-fixture.ts';

const ALL = { max: 100 };

/** Two letters are dead. */
async function deadLetters(queues: QueuesOfTest, kind: '' | '.fifo') {
  const [jobs, dead] = [`jobs${kind}`, `dead${kind}`];
  await queues.put(dead);
  await queues.put(jobs, { redrive: { deadLetter: dead, maxReceiveCount: 1 }, visibilityTimeoutMs: 0 });
  const group = kind === '' ? {} : { groupId: 'a' };
  await queues.send(
    jobs,
    ['1', '2'].map((body) => ({ body, ...group })),
  );
  await queues.receive(jobs, ALL, NEVER);
  assert.deepEqual(await queues.receive(jobs, ALL, NEVER), []);
  await queues.put(jobs, { redrive: { deadLetter: dead, maxReceiveCount: 5 } });
  return { jobs, dead };
}

suite('moving messages back', () => {
  for (const kind of ['', '.fifo'] as const)
    test(`dead letters go back to where they came from, as new ones (${kind || 'standard'})`, async () => {
      await using database = await testDatabase();
      const clock = fakeClock();
      await using queues = await openQueues(database, { clock });
      const { jobs, dead } = await deadLetters(queues, kind);
      const before = await queues.peek(dead, { max: 10 });
      const task = await queues.moves.start({ source: dead, destination: null, maxPerSecond: null });
      assert.deepEqual([task.status, task.moved, task.toMove], ['running', 0, 2]);
      await assert.rejects(queues.moves.start({ source: dead, destination: null, maxPerSecond: null }), {
        code: 'resource-conflict',
      });
      await queues.runMoves();
      const [ended] = await queues.moves.list(dead, 10);
      assert.deepEqual([ended?.id, ended?.status, ended?.moved], [task.id, 'completed', 2]);
      const back = await queues.receive(jobs, ALL, NEVER);
      assert.deepEqual(bodies(back), ['1', '2']);
      assert.deepEqual(
        back.map((one) => [one.receiveCount, one.deadLetterSource]),
        [
          [1, null],
          [1, null],
        ],
      );
      assert.ok(!before.some(({ messageId }) => messageId === back[0]?.messageId));
      assert.deepEqual(await queues.counts(dead), { visible: 0, inFlight: 0, delayed: 0 });
      await assert.rejects(queues.moves.cancel(task.id), { code: 'resource-conflict' });
    });

  test('at its rate, and not on after it was cancelled', async () => {
    await using database = await testDatabase();
    await using queues = await openQueues(database, { clock: fakeClock() });
    const { dead } = await deadLetters(queues, '');
    await queues.put('other');
    const task = await queues.moves.start({ source: dead, destination: 'other', maxPerSecond: 1 });
    await queues.runMoves();
    assert.equal((await queues.counts('other')).visible, 1);
    assert.equal(await queues.moves.cancel(task.id), 1);
    await queues.runMoves();
    assert.deepEqual([(await queues.counts('other')).visible, (await queues.counts(dead)).visible], [1, 1]);
    assert.deepEqual(
      (await queues.moves.list(dead, 10)).map(({ status }) => status),
      ['cancelled'],
    );
  });

  test('what was sent there and never dead-lettered belongs nowhere: the task fails and says so', async () => {
    await using database = await testDatabase();
    await using queues = await openQueues(database, { clock: fakeClock() });
    await queues.put('dead');
    await queues.put('jobs', { redrive: { deadLetter: 'dead', maxReceiveCount: 1 } });
    await queues.send('dead', [{ body: 'stray' }]);
    await queues.moves.start({ source: 'dead', destination: null, maxPerSecond: null });
    await queues.runMoves();
    const [failed] = await queues.moves.list('dead', 10);
    assert.deepEqual([failed?.status, failed?.failure], ['failed', 'CouldNotDetermineMessageSource']);
    assert.equal((await queues.counts('dead')).visible, 1);
  });

  test('what cannot be begun', async () => {
    await using database = await testDatabase();
    await using queues = await openQueues(database, { clock: fakeClock() });
    await queues.put('dead');
    await queues.put('other.fifo');
    await queues.put('jobs', { redrive: { deadLetter: 'dead', maxReceiveCount: 1 } });
    const start = (over: object) =>
      queues.moves.start({ source: 'dead', destination: null, maxPerSecond: null, ...over });
    await assert.rejects(start({ source: 'jobs' }), { code: 'parameter-invalid' });
    await assert.rejects(start({ source: 'none' }), { code: 'queue-not-found' });
    await assert.rejects(start({ destination: 'other.fifo' }), { code: 'parameter-invalid' });
    await assert.rejects(start({ destination: 'dead' }), { code: 'parameter-invalid' });
    await assert.rejects(start({ maxPerSecond: 501 }), { code: 'parameter-invalid' });
    await assert.rejects(queues.moves.cancel('x'), { code: 'resource-not-found' });
  });
});
