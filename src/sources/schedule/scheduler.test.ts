import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { suite, test } from 'node:test';
import { systemClock } from '../../base/index.ts';
import { beginSchedule } from '../../model/index.ts';
import {
  connect,
  databaseNow,
  findSchedule,
  fireSchedules,
  keepFired,
  nextScheduleInMs,
  type ScheduleWish,
  type Sql,
  writeSchedule,
} from '../../store/index.ts';
import { testDatabase } from '../../store/testing.ts';
import { createScheduler } from './index.ts';

const key = { group: 'default', name: 'shop-report' };

function wished(over: Partial<ScheduleWish> = {}): ScheduleWish {
  return {
    ...key,
    app: 'shop',
    ...{ expression: '0 * * * *', timezone: 'UTC', startMs: null, endMs: null, windowMs: 0 },
    description: null,
    enabled: true,
    afterCompletion: 'keep',
    overlap: 'allow',
    missed: 'skip',
    target: {
      arn: 'arn:aws:lambda:us-east-1:000000000000:function:shop-report',
      ...{ roleArn: '', input: null, messageGroupId: null, deadLetterArn: null },
      ...{ maximumRetryAttempts: null, maximumEventAgeSeconds: null },
    },
    ...over,
  };
}

async function store(sql: Sql, over: Partial<ScheduleWish> = {}): Promise<void> {
  const nowMs = await databaseNow(sql);
  const wish = wished({ startMs: nowMs - 7 * 86_400_000, ...over });
  const lane = wish.overlap === 'allow' ? null : 'shop-report/shop-report';
  const progress = beginSchedule(wish, nowMs);
  await writeSchedule(sql, { wish, lane, progress }, { replace: true });
}

/** As if its next slot were this many hours ago. */
async function moveBack(sql: Sql, hours: number, name = key.name): Promise<void> {
  await sql`
    update skein.schedules set due_at = date_trunc('hour', now()) - ${hours} * interval '1 hour',
      next_slot = date_trunc('hour', now()) - ${hours} * interval '1 hour' where name = ${name}`;
}

const directory = { current: () => ({ functions: new Map(), queues: new Map() }) };

/** A scheduler as a node has it; `pass` resolves when one that began after it was asked for is done. */
function node(sql: Sql) {
  const send = async () => {};
  const problems: unknown[] = [];
  const wanted: (() => void)[] = [];
  const begun: (() => void)[] = [];
  const scheduler = createScheduler({
    store: {
      fire: (firing) => {
        begun.push(...wanted.splice(0));
        return fireSchedules(sql, { ...firing, send });
      },
      nextInMs: async () => {
        const inMs = await nextScheduleInMs(sql);
        for (const done of begun.splice(0)) done();
        return inMs;
      },
      keep: (fired) => keepFired(sql, fired, send),
    },
    ...{ clock: systemClock, newId: randomUUID, onFired: () => {}, directory, mayCall: () => true },
    onProblem: (problem) => problems.push(problem),
  });
  const pass = () =>
    new Promise<void>((resolve) => {
      wanted.push(resolve);
      scheduler.poke();
    });
  return { scheduler, problems, pass, [Symbol.asyncDispose]: () => scheduler.stop() };
}

function events(sql: Sql) {
  return sql<{ id: string; lane: string; time: string }[]>`
    select id::text, lane, payload::json->>'time' as time from skein.events order by id`;
}

suite('the scheduler', () => {
  test('fires what is due, once, and sleeps until the next', async () => {
    await using database = await testDatabase();
    const { sql } = database;
    await store(sql);
    await using one = node(sql);
    await one.scheduler.start();
    await one.pass();
    assert.equal((await events(sql)).length, 0);
    await sql`update skein.schedules set next_slot = now() - interval '1 s', due_at = now() - interval '1 s'`;
    await one.pass();
    await one.pass();
    const [event, ...more] = await events(sql);
    assert.equal(more.length, 0);
    assert.equal(event?.lane, 'shop-report');
    const after = await findSchedule(sql, key);
    assert.ok(after?.lastSlotMs !== null && (after?.nextSlotMs ?? 0) > (await databaseNow(sql)));
    assert.deepEqual(one.problems, []);
  });

  test('two on one database fire each slot once', async () => {
    await using database = await testDatabase();
    const names = Array.from({ length: 150 }, (_, n) => `many-${n}`);
    for (const name of names) await store(database.sql, { name, missed: 'catch-up' });
    await database.sql`
      update skein.schedules set next_slot = date_trunc('hour', now()) - interval '2 hours', due_at = now()`;
    await using other = {
      sql: connect({ url: database.url, max: 2 }),
      [Symbol.asyncDispose]: () => other.sql.end(),
    };
    await using one = node(database.sql);
    await using two = node(other.sql);
    await Promise.all([one.scheduler.start(), two.scheduler.start()]);
    while ((await nextScheduleInMs(database.sql))! <= 0) await Promise.all([one.pass(), two.pass()]);
    const fired = await events(database.sql);
    const slots = new Map(
      Map.groupBy(fired, ({ time }) => time)
        .entries()
        .map(([time, list]) => [time, list.length]),
    );
    assert.deepEqual([...slots.values()].slice(0, 2), [150, 150]);
    assert.ok(
      [...slots.values()].every((count) => count === 150),
      JSON.stringify([...slots]),
    );
    assert.equal(new Set(fired.map(({ id }) => id)).size, fired.length);
    assert.deepEqual([...one.problems, ...two.problems], []);
  });

  test('keeps the policy of slots that nobody was there to fire', async () => {
    await using database = await testDatabase();
    const { sql } = database;
    await store(sql, { name: 'skips' });
    await store(sql, { name: 'catches-up', missed: 'catch-up' });
    for (const name of ['skips', 'catches-up']) {
      await sql`
        update skein.schedules set expression = '0 */2 * * *', next_slot = date_trunc('day', now()) - interval '6 hours',
          due_at = date_trunc('day', now()) - interval '6 hours',
          ends_at = date_trunc('day', now()) - interval '1 hour' where name = ${name}`;
    }
    await using one = node(sql);
    await one.scheduler.start();
    await one.pass();
    const fired = await events(sql);
    assert.equal(fired.length, 3);
    assert.equal((await findSchedule(sql, { ...key, name: 'skips' }))?.nextSlotMs, null);
    assert.equal((await findSchedule(sql, { ...key, name: 'skips' }))?.lastSlotMs, null);
  });

  test('overlap: leaves a slot out while an earlier one is there, or lets it wait its turn', async () => {
    await using database = await testDatabase();
    const { sql } = database;
    await store(sql, { overlap: 'skip', missed: 'catch-up' });
    await using one = node(sql);
    await one.scheduler.start();
    await moveBack(sql, 3);
    await one.pass();
    assert.equal((await events(sql)).length, 1, 'the first of four');
    await moveBack(sql, 0);
    await one.pass();
    assert.equal((await events(sql)).length, 1, 'it still waits');
    await sql`delete from skein.events`;
    await moveBack(sql, 0);
    await one.pass();
    assert.equal((await events(sql)).length, 1);
    await store(sql, { overlap: 'queue', missed: 'catch-up' });
    await moveBack(sql, 2);
    await one.pass();
    const waiting = await events(sql);
    assert.ok(waiting.length >= 3);
    assert.ok(waiting.every(({ lane }) => lane === 'shop-report/shop-report'));
  });

  test('a schedule for one time is over then, and goes where it is to; one that is paused does not fire', async () => {
    await using database = await testDatabase();
    const { sql } = database;
    const nowMs = await databaseNow(sql);
    const expression = `at(${new Date(nowMs - 1_000).toISOString().slice(0, 19)})`;
    await store(sql, { name: 'stays', expression, missed: 'catch-up' });
    await store(sql, { name: 'goes', expression, afterCompletion: 'delete' });
    await store(sql, { name: 'paused', expression, enabled: false });
    await using one = node(sql);
    await one.scheduler.start();
    await one.pass();
    assert.equal((await events(sql)).length, 2);
    const stays = await findSchedule(sql, { ...key, name: 'stays' });
    assert.deepEqual([stays?.nextSlotMs, stays?.dueMs], [null, null]);
    assert.equal(await findSchedule(sql, { ...key, name: 'goes' }), null);
    assert.equal((await findSchedule(sql, { ...key, name: 'paused' }))?.lastSlotMs, null);
  });

  test('fires one by hand, also a paused one, and its times stay', async () => {
    await using database = await testDatabase();
    const { sql } = database;
    await store(sql, { enabled: false });
    const before = await findSchedule(sql, key);
    await using one = node(sql);
    const id = await one.scheduler.fireNow(before!);
    assert.deepEqual(
      (await events(sql)).map((event) => event.id),
      [id],
    );
    assert.deepEqual(await findSchedule(sql, key), before);
  });

  test('goes on after the database was away', async () => {
    await using database = await testDatabase();
    const { sql } = database;
    await store(sql);
    await sql`update skein.schedules set next_slot = now(), due_at = now()`;
    let away = true;
    const done = Promise.withResolvers<void>();
    const problems: unknown[] = [];
    const scheduler = createScheduler({
      store: {
        fire: (firing) =>
          away ? Promise.reject(new Error('away')) : fireSchedules(sql, { ...firing, send: async () => {} }),
        nextInMs: () => nextScheduleInMs(sql),
        keep: async () => {},
      },
      ...{
        clock: systemClock,
        newId: randomUUID,
        onFired: () => done.resolve(),
        directory,
        mayCall: () => true,
      },
      onProblem: (problem) => {
        problems.push(problem);
        away = false;
      },
    });
    await scheduler.start();
    await done.promise;
    await scheduler.stop();
    assert.match(String(problems[0]), /away/);
  });
});
