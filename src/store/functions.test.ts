import assert from 'node:assert/strict';
import { after, before, beforeEach, suite, test } from 'node:test';
import type { Version } from '../model/index.ts';
import { configByHand } from '../model/testing.ts';
import { applyDeploy } from './apps.ts';
import { loadConfiguration } from './configuration.ts';
import type { Sql } from './connect.ts';
import { changeAlias, createAlias, deleteAlias } from './function-aliases.ts';
import type { Made } from './function-rows.ts';
import { changeLatest, createFunction, deleteFunction, deleteVersion, publishVersion } from './functions.ts';
import { changeProvisioned, changeReserved } from './provisioned-concurrency.ts';
import { testDatabase } from './testing.ts';
import { listVersions, rollback } from './versions.ts';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);

suite('functions of no app in the database', () => {
  let database: Awaited<ReturnType<typeof testDatabase>>;
  let sql: Sql;

  before(async () => {
    database = await testDatabase();
    sql = database.sql;
    await sql`insert into skein.artifacts (digest, bytes, chunks) select unnest(${[A, B]}::text[]), 17, 0`;
  });
  after(() => database[Symbol.asyncDispose]());
  beforeEach(async () => {
    await sql`truncate skein.apps, skein.functions, skein.labels, skein.version_counters cascade`;
  });

  const make = (name: string, over: Partial<Made> = {}, publish = false) =>
    createFunction(sql, {
      made: { name, artifact: A, config: configByHand(), description: 'first', aws: {}, ...over },
      ...{ tags: { team: 'x' }, codeSigning: null, publish },
    });
  const entry = async (name: string) =>
    (await loadConfiguration(sql)).functions.find((one) => one.name === name);
  const code = (artifact: string) => (latest: Version) => ({
    ...{ artifact, config: latest.config, aws: latest.details.aws },
    description: latest.details.description,
  });
  const update = (name: string, over: Partial<Parameters<typeof changeLatest>[1]> = {}) =>
    changeLatest(sql, { name, revisionId: null, change: code(B), publish: false, ...over });
  const publish = (name: string, over: Partial<Parameters<typeof publishVersion>[1]> = {}) =>
    publishVersion(sql, { name, codeSha256: null, revisionId: null, description: null, ...over });
  const free = () => {};

  test('one is made with $LATEST only, or with its first version', async () => {
    await make('orders');
    const made = await entry('orders');
    assert.deepEqual(
      [made?.app, made?.slug, made?.versions.size, made?.latest.version],
      [null, 'orders', 0, 0],
    );
    assert.equal(made?.latest.details.codeSize, 17);
    assert.equal(made?.latest.details.codeSha256, Buffer.from(A, 'hex').toString('base64'));
    assert.match(made?.latest.details.lastModified ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/);
    assert.equal((await make('published', {}, true)).result, 1);
    assert.equal((await entry('published'))?.versions.get(1)?.details.description, 'first');
  });

  test('changes at the same time each begin with what the one before made', async () => {
    await make('orders');
    const append = (latest: Version) => ({
      ...code(B)(latest),
      description: `${latest.details.description}+`,
    });
    await Promise.all(Array.from({ length: 8 }, () => update('orders', { change: append })));
    assert.equal((await entry('orders'))?.latest.details.description, 'first++++++++');
    const { revisionId } = (await entry('orders'))!.latest.details;
    const outcomes = await Promise.allSettled(
      Array.from({ length: 4 }, () => update('orders', { change: append, revisionId })),
    );
    assert.equal(
      outcomes.filter(({ status }) => status === 'fulfilled').length,
      1,
      'a revision is changed once',
    );
  });

  test('one without the alias live cannot be rolled back, and is no unknown function', async () => {
    await make('orders', {}, true);
    await assert.rejects(rollback(sql, { name: 'orders', to: null }), {
      code: 'version-not-found',
      message: /^Function "orders" has no alias "live"/,
    });
  });

  test('one of which nothing is published has no versions, and is no mistake', async () => {
    await make('orders');
    assert.deepEqual(await listVersions(sql, 'orders'), []);
    await assert.rejects(listVersions(sql, 'nobody'), { code: 'function-not-found' });
  });

  test('a name is given once, a host label too: the second gets one like it', async () => {
    await make('Orders_1');
    await make('orders-1');
    await make('___');
    await assert.rejects(make('orders-1'), {
      code: 'resource-conflict',
      message: 'Function already exist: orders-1',
    });
    assert.equal((await entry('Orders_1'))?.slug, 'orders-1');
    assert.match((await entry('orders-1'))?.slug ?? '', /^orders-1-[0-9a-f]{8}$/);
    assert.match((await entry('___'))?.slug ?? '', /^f-[0-9a-f]{8}$/);
  });

  test('an app cannot have a name or a label that an API gave out, nor the other way round', async () => {
    const app = {
      ...{ app: 'bakery', hosts: [], databases: [] },
      functions: [{ key: 'orders', config: configByHand(), reserved: null, provisioned: 0, routes: [] }],
    };
    const deploy = () => applyDeploy(sql, { app, artifacts: { orders: A } });
    await make('bakery-orders');
    await assert.rejects(deploy(), {
      code: 'name-taken',
      message: /"bakery-orders", which belongs to no app/,
    });
    await sql`delete from skein.labels`; // it may have had another label
    await assert.rejects(deploy(), { code: 'name-taken' });
    await deleteFunction(sql, 'bakery-orders');
    await deploy();
    await assert.rejects(make('bakery-orders'), { code: 'resource-conflict' });
  });

  test('$LATEST changes in place and is another each time', async () => {
    await make('orders');
    const first = (await entry('orders'))?.latest;
    await update('orders');
    const second = (await entry('orders'))?.latest;
    assert.equal(second?.artifact, B);
    assert.notEqual(second?.details.revisionId, first?.details.revisionId);
    assert.notEqual(second?.createdAtMs, first?.createdAtMs);
    await assert.rejects(update('orders', { revisionId: first?.details.revisionId ?? '' }), {
      code: 'revision-stale',
    });
    await update('orders', { revisionId: second?.details.revisionId ?? '' });
    await assert.rejects(update('nobody'), { code: 'function-not-found' });
    assert.equal((await update('orders', { publish: true })).result, 1);
    assert.equal((await update('orders', { publish: true })).result, 1, 'the same code once more');
    assert.equal((await update('orders', { change: code(A), publish: true })).result, 2);
  });

  test('what is thrown while it changes leaves it as it was', async () => {
    await make('orders');
    const before = await loadConfiguration(sql);
    const change = () => {
      throw new Error('no');
    };
    await assert.rejects(update('orders', { change }), /no/);
    await assert.rejects(update('orders', { change: code('c'.repeat(64)) }), { code: 'artifact-not-found' });
    assert.deepEqual(await loadConfiguration(sql), before);
  });

  test('a version is published only if something differs, with conditions', async () => {
    await make('orders');
    assert.deepEqual((await publish('orders', { description: 'one' })).result, 1);
    const again = await publish('orders', { description: 'other words do not count' });
    assert.deepEqual([again.result, again.revision], [1, null]);
    assert.equal((await entry('orders'))?.versions.get(1)?.details.description, 'one');
    await assert.rejects(publish('orders', { codeSha256: 'x' }), {
      code: 'parameter-invalid',
      message: /^CodeSHA256 \(x\) is different from current CodeSHA256 in \$LATEST/,
    });
    await assert.rejects(publish('orders', { revisionId: 'x' }), { code: 'revision-stale' });
    await update('orders', { change: (latest) => ({ ...code(A)(latest), description: 'second' }) });
    assert.equal((await publish('orders')).result, 2);
    assert.equal((await entry('orders'))?.versions.get(2)?.details.description, 'second');
  });

  test('numbers are not used twice, also not by one that comes back', async () => {
    await make('orders', {}, true);
    await update('orders', { publish: true });
    await deleteVersion(sql, { name: 'orders', version: 2 });
    const change = (latest: Version) => ({ ...code(A)(latest), description: 'third' });
    await update('orders', { change, publish: true });
    assert.deepEqual([...((await entry('orders'))?.versions.keys() ?? [])], [1, 3]);
    await deleteFunction(sql, 'orders');
    assert.equal((await make('orders', {}, true)).result, 4);
  });

  test('aliases point at versions that exist, at $LATEST, or at two', async () => {
    await make('orders', {}, true);
    await update('orders', { publish: true });
    const points = { version: 1, second: null, description: '' };
    const second = { version: 2, weight: 0.05 };
    await createAlias(sql, { name: 'orders', alias: 'live', ...points });
    await assert.rejects(createAlias(sql, { name: 'orders', alias: 'live', ...points }), {
      code: 'resource-conflict',
      message: /^Alias already exists: arn:aws:lambda:.*:function:orders:live$/,
    });
    await assert.rejects(createAlias(sql, { name: 'orders', alias: 'x', ...points, version: 9 }), {
      code: 'function-not-found',
      message: /:function:orders:9$/,
    });
    await createAlias(sql, { name: 'orders', alias: 'newest', ...points, version: 0 });
    assert.equal((await entry('orders'))?.aliases.get('newest')?.version, 0);

    const revisionId = (await entry('orders'))?.aliases.get('live')?.revisionId ?? '';
    const move = (wanted: Partial<Parameters<typeof changeAlias>[1]>) =>
      changeAlias(sql, {
        ...{ name: 'orders', alias: 'live', revisionId: null },
        change: () => ({ ...points, second }),
        ...wanted,
      });
    await move({ revisionId });
    assert.deepEqual((await entry('orders'))?.aliases.get('live')?.second, second);
    await assert.rejects(move({ revisionId }), { code: 'revision-stale' });
    await assert.rejects(move({ alias: 'nobody' }), {
      code: 'resource-not-found',
      message: /^Cannot find alias arn/,
    });
    for (const version of [1, 2])
      await assert.rejects(deleteVersion(sql, { name: 'orders', version }), {
        code: 'resource-conflict',
        message: 'Unable to delete version because the following aliases reference it: [live]',
      });
    await deleteAlias(sql, { name: 'orders', alias: 'live' });
    assert.equal((await deleteAlias(sql, { name: 'orders', alias: 'live' })).revision, null);
    await deleteVersion(sql, { name: 'orders', version: 2 });
    assert.equal((await deleteVersion(sql, { name: 'orders', version: 2 })).revision, null);
  });

  test('what is kept of concurrency is seen by whoever checks it, and goes with its alias', async () => {
    await make('orders', {}, true);
    await make('other');
    await createAlias(sql, { name: 'orders', alias: 'live', version: 1, second: null, description: '' });
    await changeReserved(sql, { name: 'other', reserved: 30, check: free });
    await changeProvisioned(sql, { name: 'orders', qualifier: 'live', wanted: 2, check: free });
    await changeProvisioned(sql, { name: 'orders', qualifier: '1', wanted: 3, check: free });
    await changeReserved(sql, {
      ...{ name: 'orders', reserved: 0 },
      check: (claimed) =>
        assert.deepEqual(claimed, {
          reservedByOthers: 30,
          reserved: null,
          provisioned: new Map([
            ['1', 3],
            ['live', 2],
          ]),
          provisionedUnreserved: 0,
        }),
    });
    const made = await entry('orders');
    assert.deepEqual(
      [made?.reserved, made?.aliases.get('live')?.provisioned, made?.provisioned.get(1)],
      [0, 2, 3],
    );
    await deleteAlias(sql, { name: 'orders', alias: 'live' });
    await createAlias(sql, { name: 'orders', alias: 'live', version: 1, second: null, description: '' });
    assert.equal((await entry('orders'))?.aliases.get('live')?.provisioned, 0);
  });

  test('a load since a revision brings what changed after it, and names what went', async () => {
    await make('a');
    await make('b');
    const { revision } = await loadConfiguration(sql);
    const none = await loadConfiguration(sql, revision);
    assert.deepEqual([none.functions, none.gone, none.routes, none.databases], [[], [], null, null]);
    await update('a');
    await deleteFunction(sql, 'b');
    const some = await loadConfiguration(sql, revision);
    assert.deepEqual([some.functions.map(({ name }) => name), some.gone], [['a'], ['b']]);
    assert.equal(some.functions[0]?.latest.artifact, B);
    assert.equal(some.revision, revision + 2);
  });
});
