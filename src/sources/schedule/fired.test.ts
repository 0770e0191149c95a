import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { suite, test } from 'node:test';
import { queueArn } from '../../model/index.ts';
import { NEVER, openQueues } from '../../resources/queue/queues-fixture.ts';
import { keepFired, type Schedule } from '../../store/index.ts';
import { testDatabase } from '../../store/testing.ts';
import { firedBy } from './fired.ts';

function schedule(target: Partial<Schedule['target']>): Schedule {
  const plain = { roleArn: '', input: 'it is time', messageGroupId: null, deadLetterArn: null };
  const given = { ...plain, arn: '', maximumRetryAttempts: null, maximumEventAgeSeconds: null, ...target };
  return { group: 'default', name: 'tick', app: null, lane: null, target: given } as Schedule;
}

async function opened() {
  const database = await testDatabase();
  const queues = await openQueues(database);
  const entries = new Map([
    ['jobs', await queues.put('jobs', { maxMessageBytes: 1_024 })],
    ['late', await queues.put('late')],
    ['row.fifo', await queues.put('row.fifo')],
  ]);
  const problems: unknown[] = [];
  /** What the role `nobody` may call. */
  const allowed = { arn: '' };
  const parts = {
    directory: { current: () => ({ functions: new Map(), queues: entries }) },
    mayCall: (one: Schedule, arn: string) => one.target.roleArn !== 'nobody' || arn === allowed.arn,
    onProblem: (problem: unknown) => problems.push(problem),
  };
  const slot = { id: randomUUID(), slotMs: Date.UTC(2026, 0, 5, 8) };
  const fire = (target: Partial<Schedule['target']>) =>
    keepFired(database.sql, firedBy(parts, schedule(target), slot), async (sends) => {
      for (const { queue, ...message } of sends) await queues.send(queue, [message]);
    });
  const received = async (queue: string) =>
    await queues.receive(queue, { max: 10, visibilityTimeoutMs: 30_000, waitMs: 0 }, NEVER);
  return {
    ...{ slot, problems, fire, received, allowed },
    async [Symbol.asyncDispose]() {
      await queues[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

suite('what a slot becomes', () => {
  test('a message in a queue, whose id is that of the slot', async () => {
    await using open = await opened();
    await open.fire({ arn: queueArn('jobs') });
    const [message, ...more] = await open.received('jobs');
    assert.deepEqual([message?.messageId, message?.body, more.length], [open.slot.id, 'it is time', 0]);
  });

  test('a message of a group in a FIFO queue, once however often it is tried', async () => {
    await using open = await opened();
    for (let n = 0; n < 2; n++) await open.fire({ arn: queueArn('row.fifo'), messageGroupId: 'ticks' });
    const [message, ...more] = await open.received('row.fifo');
    assert.deepEqual([message?.groupId, message?.deduplicationId, more.length], ['ticks', open.slot.id, 0]);
  });

  test('a dead letter with what was wrong, where the queue is gone or does not take it', async () => {
    await using open = await opened();
    const deadLetterArn = queueArn('late');
    await open.fire({ arn: queueArn('gone'), deadLetterArn });
    await open.fire({ arn: queueArn('jobs'), input: 'x'.repeat(2_000), deadLetterArn });
    const letters = await open.received('late');
    const told = letters.map(({ attributes }) => attributes.ERROR_CODE?.stringValue);
    assert.deepEqual(told.toSorted(), ['AWS.SimpleQueueService.NonExistentQueue', 'InvalidParameterValue']);
    const [{ attributes } = { attributes: {} as never }] = letters;
    assert.equal(attributes.SCHEDULED_TIME?.stringValue, '2026-01-05T08:00:00Z');
    assert.equal(
      attributes.SCHEDULE_ARN?.stringValue,
      'arn:aws:scheduler:us-east-1:000000000000:schedule/default/tick',
    );
    assert.equal(open.problems.length, 2);
  });

  test('nothing but a report, where nobody is there to tell', async () => {
    await using open = await opened();
    await open.fire({ arn: queueArn('gone') });
    assert.match(
      String(open.problems[0]),
      /tick could not fire at 2026-01-05T08:00:00.000Z: There is no queue/,
    );
  });

  test('a dead letter where its role may not call its target, or the function is gone', async () => {
    await using open = await opened();
    const deadLetterArn = queueArn('late');
    const roleArn = 'nobody';
    const gone = 'arn:aws:lambda:us-east-1:000000000000:function:gone';
    await open.fire({ arn: gone, deadLetterArn });
    await open.fire({ arn: queueArn('jobs'), roleArn, deadLetterArn });
    open.allowed.arn = deadLetterArn;
    await open.fire({ arn: queueArn('jobs'), roleArn, deadLetterArn });
    const letters = await open.received('late');
    const told = letters.map(({ attributes }) => attributes.ERROR_CODE?.stringValue);
    assert.deepEqual(told.toSorted(), ['AccessDeniedException', 'ResourceNotFoundException']);
    assert.deepEqual([open.problems.length, (await open.received('jobs')).length], [3, 0]);
  });
});
