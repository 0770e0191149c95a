import assert from 'node:assert/strict';
import { after, before, beforeEach, suite, test } from 'node:test';
import { fakeClock } from '../../base/fake-clock.ts';
import { createRegistry, type Registry } from '../../registry/index.ts';
import { listenConfiguration, loadConfiguration } from '../../store/index.ts';
import { testDatabase } from '../../store/testing.ts';
import { createQueueControl, type QueueChanges, type QueueControl } from './queues.ts';

suite('queues under control', () => {
  let database: Awaited<ReturnType<typeof testDatabase>>;
  let registry: Registry;
  let control: QueueControl;

  before(async () => {
    database = await testDatabase();
    const { sql } = database;
    const clock = fakeClock();
    registry = createRegistry({
      load: (since) => loadConfiguration(sql, since),
      listen: (poke) => listenConfiguration(sql, poke),
      clock,
    });
    await registry.start();
    control = createQueueControl({ sql, clock, registry });
  });
  after(async () => {
    await registry.stop();
    await database[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    for (const name of registry.current().queues.keys()) await control.delete(name);
  });

  const entry = (name: string) => registry.current().queues.get(name);
  const create = (name: string, changes: QueueChanges = {}, tags: Record<string, string> = {}) =>
    control.create({ name, changes, tags });

  test('a queue is known when it is made, with defaults for what was not said; and gone when it is deleted', async () => {
    await create('jobs', { visibilityTimeoutMs: 60_000 }, { team: 'a' });
    const made = entry('jobs');
    assert.deepEqual(made?.settings, {
      ...{ delayMs: 0, maxMessageBytes: 1_048_576, retentionMs: 345_600_000, receiveWaitMs: 0 },
      ...{ visibilityTimeoutMs: 60_000, redrive: null, redriveAllow: null, fifo: null },
      encryption: { sqsManaged: true, kmsKeyId: null, kmsKeyReuseMs: 300_000 },
    });
    assert.deepEqual([made?.app, made?.tags, made?.paused], [null, { team: 'a' }, false]);
    await control.delete('jobs');
    assert.equal(entry('jobs'), undefined);
    await assert.rejects(control.delete('jobs'), { code: 'queue-not-found' });
    await create('jobs');
    assert.notEqual(entry('jobs')?.id, made?.id);
  });

  test('making it again is fine with the same values, and refused with others', async () => {
    await create('jobs', { delayMs: 5_000 });
    const before = entry('jobs');
    await create('jobs');
    await create('jobs', { delayMs: 5_000 });
    assert.equal(entry('jobs'), before);
    await assert.rejects(create('jobs', { delayMs: 6_000 }), {
      code: 'queue-exists',
      facts: { queue: 'jobs', attribute: 'DelaySeconds' },
    });
  });

  test('what is changed is changed, and the rest stays', async () => {
    await create('orders.fifo', { fifo: { contentBasedDeduplication: true } });
    await control.change('orders.fifo', {
      retentionMs: 60_000,
      fifo: { deduplicationScope: 'messageGroup' },
    });
    await control.change('orders.fifo', { fifo: { throughputLimit: 'perMessageGroupId' } });
    const { settings, revision } = entry('orders.fifo')!;
    assert.deepEqual(
      [settings.retentionMs, settings.fifo],
      [
        60_000,
        {
          contentBasedDeduplication: true,
          deduplicationScope: 'messageGroup',
          throughputLimit: 'perMessageGroupId',
        },
      ],
    );
    assert.equal(revision, 3);
    await control.pause('orders.fifo', true);
    assert.equal(entry('orders.fifo')?.paused, true);
  });

  test('tags and permissions come and go', async () => {
    await create('jobs', {}, { a: '1' });
    await control.tag('jobs', { a: '2', b: '3' });
    await control.untag('jobs', ['a', 'x']);
    assert.deepEqual(entry('jobs')?.tags, { b: '3' });
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`k${n}`, 'v']));
    await assert.rejects(control.tag('jobs', many), { code: 'parameter-invalid' });
    const grant = { label: 'send', accountIds: ['111111111111'], actions: ['SQS:SendMessage'] };
    await control.addPermission('jobs', grant);
    await control.addPermission('jobs', { ...grant, label: 'all', actions: ['SQS:*'] });
    await assert.rejects(control.addPermission('jobs', grant), { code: 'resource-conflict' });
    const [statement] = JSON.parse(entry('jobs')?.policy ?? '').Statement;
    assert.deepEqual(statement, {
      ...{ Sid: 'send', Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::111111111111:root' } },
      ...{ Action: 'SQS:SendMessage', Resource: 'arn:aws:sqs:us-east-1:000000000000:jobs' },
    });
    await control.removePermission('jobs', 'send');
    await assert.rejects(control.removePermission('jobs', 'send'), { code: 'parameter-invalid' });
    await control.removePermission('jobs', 'all');
    assert.equal(entry('jobs')?.policy, null);
  });

  const redrive = (deadLetter: string, maxReceiveCount = 3) => ({ redrive: { deadLetter, maxReceiveCount } });
  const wrong: [string, QueueChanges, string][] = [
    ['itself as dead-letter queue', redrive('jobs'), 'RedrivePolicy'],
    ['an unknown dead-letter queue', redrive('none'), 'RedrivePolicy'],
    ['a FIFO dead-letter queue of a standard one', redrive('other.fifo'), 'RedrivePolicy'],
    ['a dead-letter queue that allows others only', redrive('closed'), 'RedrivePolicy'],
    ['a dead-letter queue that allows nobody', redrive('shut'), 'RedrivePolicy'],
    ['no receives', redrive('dead', 0), 'RedrivePolicy'],
    ['a delay above 15 min', { delayMs: 901_000 }, 'DelaySeconds'],
    ['parts of seconds', { visibilityTimeoutMs: 500 }, 'VisibilityTimeout'],
    ['a retention under 1 min', { retentionMs: 59_000 }, 'MessageRetentionPeriod'],
    ['messages of 2 MB', { maxMessageBytes: 2_097_152 }, 'MaximumMessageSize'],
    ['FIFO attributes', { fifo: { contentBasedDeduplication: true } }, 'ContentBasedDeduplication'],
  ];
  for (const [what, changes, attribute] of wrong)
    test(`${what}: refused, and nothing is changed`, async () => {
      for (const name of ['dead', 'other.fifo', 'jobs']) await create(name);
      await create('closed', { redriveAllow: { permission: 'byQueue', sources: ['dead'] } });
      await create('shut', { redriveAllow: { permission: 'denyAll', sources: [] } });
      const before = entry('jobs');
      const refused = (error: { code?: string; facts?: { attribute?: string } }) =>
        error.code === 'queue-attribute-invalid' && error.facts?.attribute === attribute;
      await assert.rejects(control.change('jobs', { delayMs: 1_000, ...changes }), refused);
      if (changes.redrive?.deadLetter !== 'jobs') await assert.rejects(create('new', changes), refused);
      assert.equal(entry('jobs'), before);
    });

  test('names and policies that cannot be', async () => {
    for (const name of ['', 'a b', 'x'.repeat(81), 'a.fifo.fifo', 'a.b'])
      await assert.rejects(create(name), { code: 'parameter-invalid' });
    await assert.rejects(create('jobs', { policy: '{"Statement":[]}' }), { code: 'policy-invalid' });
    assert.equal(registry.current().queues.size, 0);
  });
});
