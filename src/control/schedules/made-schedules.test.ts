import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Sql } from '../../store/index.ts';
import { type TestDatabase, testDatabase } from '../../store/testing.ts';
import { createMadeSchedules, type MadeSchedules, type MadeScheduleWish } from './made-schedules.ts';

const HOUR = 3_600_000;

function wish(name: string, over: Partial<MadeScheduleWish> = {}) {
  return {
    ...{ group: 'default', name, expression: 'rate(1 hour)', timezone: 'UTC', startMs: null, endMs: null },
    ...{ windowMs: 0, description: null, enabled: true, afterCompletion: 'keep', token: null },
    target: {
      arn: 'arn:aws:lambda:us-east-1:000000000000:function:report',
      roleArn: 'arn:aws:iam::000000000000:role/of-schedules',
      ...{ input: null, messageGroupId: null, maximumRetryAttempts: 185, maximumEventAgeSeconds: 86_400 },
      deadLetterArn: null,
    },
    ...over,
  } as const satisfies MadeScheduleWish & { token: null };
}

suite('schedules that an API makes', () => {
  let db: TestDatabase;
  let sql: Sql;
  let schedules: MadeSchedules;
  let pokes = 0;
  before(async () => {
    db = await testDatabase();
    sql = db.sql;
    const poke = () => {
      pokes += 1;
    };
    schedules = createMadeSchedules(sql, { poke });
  });
  after(() => db[Symbol.asyncDispose]());

  test('begin at once, and say when they fire next', async () => {
    const before = pokes;
    await schedules.create(
      wish('first', { expression: 'at(2199-01-01T00:00:00)', timezone: 'Europe/Berlin' }),
    );
    assert.equal(pokes, before + 1);
    const made = await schedules.get({ group: 'default', name: 'first' });
    assert.equal(made.nextSlotMs, Date.UTC(2198, 11, 31, 23));
    assert.deepEqual([made.app, made.overlap, made.missed], [null, 'allow', 'catch-up']);
    await assert.rejects(schedules.create(wish('first')), { code: 'resource-conflict' });
    await assert.rejects(schedules.create(wish('x', { group: 'nowhere' })), { code: 'resource-not-found' });
  });

  test('go on where they stood when something else about them changes, and begin anew with other times', async () => {
    const key = { group: 'default', name: 'hourly' };
    await schedules.create(wish('hourly'));
    const { anchorMs, id } = await schedules.get(key);
    await schedules.replace(wish('hourly', { description: 'every hour' }));
    const same = await schedules.get(key);
    assert.deepEqual([same.anchorMs, same.id, same.description], [anchorMs, id, 'every hour']);
    await schedules.replace(wish('hourly', { enabled: false }));
    await sql`update skein.schedules set next_slot = now() - interval '3 h', due_at = now() - interval '3 h',
      anchor_at = now() - interval '3.5 h' where name = 'hourly'`;
    await schedules.replace(wish('hourly'));
    const resumed = await schedules.get(key);
    assert.ok(resumed.nextSlotMs! - resumed.modifiedAtMs <= 0.5 * HOUR, 'its old rhythm');
    assert.ok(resumed.nextSlotMs! >= resumed.modifiedAtMs, 'nothing of what was left out');
    await schedules.replace(wish('hourly', { expression: 'rate(2 hours)' }));
    assert.ok((await schedules.get(key)).anchorMs > resumed.anchorMs);
  });

  test('are made once by a call that comes several times at once, and gone once', async () => {
    const call = { ...wish('once'), token: 'one' };
    await Promise.all([1, 2, 3].map(() => schedules.create(call)));
    await assert.rejects(schedules.create({ ...call, enabled: false }), {
      code: 'resource-conflict',
      message: /client token one was used before/,
    });
    const gone = { group: 'default', name: 'once', token: 'two' };
    await Promise.all([1, 2, 3].map(() => schedules.delete(gone)));
    await assert.rejects(schedules.delete({ ...gone, token: null }), { code: 'resource-not-found' });
  });

  test('a call that was refused can come again under its name', async () => {
    await assert.rejects(schedules.create({ ...wish('later', { group: 'later' }), token: 'three' }));
    await schedules.groups.create({ name: 'later', tags: {}, token: null });
    await schedules.create({ ...wish('later', { group: 'later' }), token: 'three' });
    await schedules.get({ group: 'later', name: 'later' });
  });

  test('go with their group, which is listed by page and keeps its tags', async () => {
    const { groups } = schedules;
    for (const name of ['g-1', 'g-2', 'g-3']) await groups.create({ name, tags: { n: name }, token: null });
    await schedules.create(wish('inside', { group: 'g-1' }));
    const first = await groups.list({ prefix: 'g-', after: null, limit: 2 });
    assert.deepEqual([first.groups.map(({ name }) => name), first.next], [['g-1', 'g-2'], 'g-2']);
    const rest = await groups.list({ prefix: 'g-', after: first.next, limit: 2 });
    assert.deepEqual([rest.groups.map(({ name }) => name), rest.next], [['g-3'], null]);
    await groups.tag('g-1', { more: 'yes' });
    await groups.untag('g-1', ['n']);
    assert.deepEqual((await groups.get('g-1')).tags, { more: 'yes' });
    await groups.delete({ name: 'g-1', token: null });
    await assert.rejects(schedules.get({ group: 'g-1', name: 'inside' }), { code: 'resource-not-found' });
    await assert.rejects(groups.delete({ name: 'default', token: null }), { code: 'parameter-invalid' });
    await assert.rejects(groups.tag('g-1', {}), { code: 'resource-not-found' });
  });

  test('one of an app can be seen, and is its manifest’s to change', async () => {
    await schedules.create(wish('of-app'));
    await sql`update skein.schedules set app = 'bakery' where name = 'of-app'`;
    assert.equal((await schedules.get({ group: 'default', name: 'of-app' })).app, 'bakery');
    const refused = { code: 'resource-conflict', message: /of app "bakery"/ };
    await assert.rejects(schedules.replace(wish('of-app')), refused);
    await assert.rejects(schedules.delete({ group: 'default', name: 'of-app', token: null }), refused);
  });

  test('are listed by page, group, beginning of their names, and state', async () => {
    for (const name of ['l-1', 'l-2', 'l-3']) await schedules.create(wish(name, { enabled: name !== 'l-2' }));
    const all = { group: null, prefix: 'l-', enabled: null, after: null, limit: 2 };
    const first = await schedules.list(all);
    assert.deepEqual(first.next, { group: 'default', name: 'l-2' });
    const rest = await schedules.list({ ...all, after: first.next });
    assert.deepEqual([rest.schedules.map(({ name }) => name), rest.next], [['l-3'], null]);
    const disabled = await schedules.list({ ...all, group: 'default', enabled: false });
    assert.deepEqual(
      disabled.schedules.map(({ name }) => name),
      ['l-2'],
    );
    await assert.rejects(schedules.list({ ...all, group: 'nowhere' }), { code: 'resource-not-found' });
  });
});
