import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Fault } from '../base/index.ts';
import { type App, type AppSchedule, beginSchedule } from '../model/index.ts';
import { configByHand } from '../model/testing.ts';
import {
  applyDeploy,
  databaseNow,
  deleteSchedule,
  destroyApp,
  findSchedule,
  listSchedules,
  type ScheduleWish,
  type Sql,
  schedulesDueSoon,
  writeSchedule,
} from './index.ts';
import { testDatabase } from './testing.ts';

const ARTIFACT = 'a'.repeat(64);

function appWith(...schedules: readonly Partial<AppSchedule>[]): App {
  const plain: AppSchedule = {
    ...{ name: 'shop-report', expression: '@hourly', timezone: 'UTC', startMs: null, endMs: null },
    ...{ jitterMs: 0, overlap: 'allow', missed: 'skip', input: null },
  };
  const report = {
    ...{ key: 'report', config: configByHand(), reserved: null, provisioned: 0, routes: [] },
    schedules: schedules.map((one) => ({ ...plain, ...one })),
  };
  return { app: 'shop', hosts: [], databases: [], functions: [report] };
}

async function opened() {
  const database = await testDatabase();
  await database.sql`insert into skein.artifacts (digest, bytes, chunks) values (${ARTIFACT}, 0, 0)`;
  const deploy = (app: App) => applyDeploy(database.sql, { app, artifacts: { report: ARTIFACT } });
  return { database, sql: database.sql, deploy };
}

const all = { group: null, app: null, prefix: '', enabled: null, after: null, limit: 100 };
const key = (name: string) => ({ group: 'default', name });

async function make(sql: Sql, over: Partial<ScheduleWish>): Promise<void> {
  const wish: ScheduleWish = {
    ...{ group: 'default', name: 'made', app: null, expression: 'rate(1 hour)', timezone: 'UTC' },
    ...{ startMs: null, endMs: null, windowMs: 0, description: null, enabled: true },
    ...{ afterCompletion: 'keep', overlap: 'allow', missed: 'skip' },
    target: {
      ...{ arn: 'arn:aws:lambda:us-east-1:000000000000:function:f', roleArn: '', input: null },
      ...{ messageGroupId: null, maximumRetryAttempts: 1, maximumEventAgeSeconds: 60, deadLetterArn: null },
    },
    ...over,
  };
  const progress = beginSchedule(wish, await databaseNow(sql));
  assert.ok(await writeSchedule(sql, { wish, lane: null, progress }, { replace: false }));
}

suite('schedules in the database', () => {
  test('of an app are what its manifest says; one whose times stay goes on where it stood', async () => {
    const { database, sql, deploy } = await opened();
    await using _ = database;
    await deploy(appWith({}, { name: 'shop-other', overlap: 'queue' }));
    const before = await findSchedule(sql, key('shop-report'));
    assert.equal(before?.target.arn, 'arn:aws:lambda:us-east-1:000000000000:function:shop-report');
    assert.equal((await findSchedule(sql, key('shop-other')))?.lane, 'shop-report/shop-other');
    await sql`update skein.schedules set enabled = false, last_slot = now() where name = 'shop-report'`;
    await deploy(appWith({ input: '1' }));
    const same = await findSchedule(sql, key('shop-report'));
    assert.deepEqual(
      [same?.id, same?.nextSlotMs, same?.enabled, same?.target.input],
      [before?.id, before?.nextSlotMs, false, '1'],
    );
    assert.equal(await findSchedule(sql, key('shop-other')), null);
    await deploy(appWith({ expression: 'rate(2 hours)' }));
    const other = await findSchedule(sql, key('shop-report'));
    assert.ok(other !== null && other.anchorMs > before!.anchorMs);
    await destroyApp(sql, 'shop');
    assert.deepEqual(await listSchedules(sql, all), []);
  });

  test('of others are not taken over, and nothing is deployed then', async () => {
    const { database, sql, deploy } = await opened();
    await using _ = database;
    await make(sql, { name: 'shop-report' });
    await assert.rejects(
      deploy(appWith({})),
      (error) =>
        error instanceof Fault && error.code === 'name-taken' && /an AWS API made/.test(error.message),
    );
    const [{ apps } = { apps: 1 }] = await sql<
      { apps: number }[]
    >`select count(*)::int as apps from skein.apps`;
    assert.equal(apps, 0);
    assert.equal((await findSchedule(sql, key('shop-report')))?.app, null);
  });

  test('are listed by group, prefix and state, in pages, and deleted', async () => {
    const { database, sql } = await opened();
    await using _ = database;
    for (const name of ['a1', 'a2', 'b1']) await make(sql, { name });
    await make(sql, { name: 'a1', group: 'other', enabled: false });
    const listed = async (wanted: Partial<Parameters<typeof listSchedules>[1]>) =>
      (await listSchedules(sql, { ...all, ...wanted })).map(({ group, name }) => `${group}/${name}`);
    assert.deepEqual(await listed({ prefix: 'a' }), ['default/a1', 'default/a2', 'other/a1']);
    assert.deepEqual(await listed({ enabled: false }), ['other/a1']);
    assert.deepEqual(await listed({ after: key('a2') }), ['default/b1', 'other/a1']);
    assert.deepEqual(await listed({ group: 'default', limit: 1 }), ['default/a1']);
    assert.equal((await deleteSchedule(sql, key('a1')))?.name, 'a1');
    assert.equal(await deleteSchedule(sql, key('a1')), null);
  });

  test('that are due soon are known beforehand', async () => {
    const { database, sql } = await opened();
    await using _ = database;
    const nowMs = await databaseNow(sql);
    await make(sql, { name: 'soon', startMs: nowMs + 3_600_000 });
    await make(sql, { name: 'late', startMs: nowMs + 9_000_000 });
    const [soon, ...more] = await schedulesDueSoon(sql, 4_000_000);
    assert.equal(more.length, 0);
    assert.ok(soon !== undefined && soon.inMs > 3_000_000 && soon.inMs <= 3_600_000);
  });

  test('of one name and group there is one', async () => {
    const { database, sql } = await opened();
    await using _ = database;
    await make(sql, {});
    const schedule = (await findSchedule(sql, key('made')))!;
    const change = { wish: { ...schedule, description: 'x' }, lane: null, progress: schedule };
    assert.equal(await writeSchedule(sql, change, { replace: false }), false);
    assert.equal(await writeSchedule(sql, change, { replace: true }), true);
    assert.equal((await findSchedule(sql, key('made')))?.description, 'x');
  });
});
