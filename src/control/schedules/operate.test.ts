import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Fault } from '../../base/index.ts';
import { beginSchedule } from '../../model/index.ts';
import { databaseNow, findSchedule, type ScheduleWish, writeSchedule } from '../../store/index.ts';
import { testDatabase } from '../../store/testing.ts';
import { createScheduleDesk } from './operate.ts';

const key = { group: 'default', name: 'shop-report' };

async function opened(over: Partial<ScheduleWish> = {}) {
  const database = await testDatabase();
  const { sql } = database;
  const wish: ScheduleWish = {
    ...{ ...key, app: 'shop', expression: 'rate(1 hour)', timezone: 'UTC', startMs: null, endMs: null },
    ...{ windowMs: 0, description: null, enabled: true, afterCompletion: 'keep' },
    ...{ overlap: 'allow', missed: 'catch-up' },
    target: {
      ...{ arn: 'arn:aws:lambda:us-east-1:000000000000:function:shop-report', roleArn: '', input: null },
      ...{
        messageGroupId: null,
        maximumRetryAttempts: null,
        maximumEventAgeSeconds: null,
        deadLetterArn: null,
      },
    },
    ...over,
  };
  const progress = beginSchedule(wish, await databaseNow(sql));
  await writeSchedule(sql, { wish, lane: null, progress }, { replace: true });
  const done: string[] = [];
  const desk = createScheduleDesk({
    sql,
    poke: () => done.push('poke'),
    fire: async ({ name }) => {
      done.push(`fire ${name}`);
      return 'id';
    },
  });
  return { sql, desk, done, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
}

suite('schedules at the desk', () => {
  test('one that is resumed leaves out what it was paused for', async () => {
    await using open = await opened();
    const paused = await open.desk.pause(key);
    assert.deepEqual([paused.state, paused.nextAt], ['paused', null]);
    await open.sql`
      update skein.schedules set anchor_at = now() - interval '90 minutes',
        next_slot = now() - interval '90 minutes', due_at = now() - interval '90 minutes'`;
    const resumed = await open.desk.resume(key);
    assert.equal(resumed.state, 'active');
    const inMs = Date.parse(resumed.nextAt ?? '') - (await databaseNow(open.sql));
    assert.ok(inMs > 0 && inMs <= 30 * 60_000, `${inMs} ms`);
    const before = await findSchedule(open.sql, key);
    await open.desk.resume(key);
    assert.deepEqual(await findSchedule(open.sql, key), before, 'once more changes nothing');
    assert.deepEqual(open.done, ['poke', 'poke', 'poke']);
  });

  test('one for a time that passed while it was paused is over', async () => {
    await using open = await opened({ expression: 'at(2020-01-01T00:00:00)', enabled: false });
    assert.equal((await open.desk.resume(key)).state, 'over');
  });

  test('are listed, shown and fired; of one that is not there the name is told', async () => {
    await using open = await opened();
    const { schedules } = await open.desk.list('shop');
    assert.deepEqual(schedules, [await open.desk.show(key)]);
    assert.deepEqual((await open.desk.list('other')).schedules, []);
    assert.deepEqual(await open.desk.run(key), { name: key.name, requestId: 'id' });
    assert.deepEqual(open.done, ['fire shop-report']);
    const gone = { group: 'night', name: 'gone' };
    for (const verb of ['show', 'pause', 'resume', 'run'] as const)
      await assert.rejects(
        open.desk[verb](gone),
        (error) =>
          error instanceof Fault &&
          error.code === 'resource-not-found' &&
          /no schedule "gone" in group "night"/.test(error.message),
      );
  });
});
