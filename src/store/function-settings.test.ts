import assert from 'node:assert/strict';
import { after, before, beforeEach, suite, test } from 'node:test';
import { Fault } from '../base/index.ts';
import { loadConfiguration } from './configuration.ts';
import type { Sql } from './connect.ts';
import { changeSettings, forgetQualifier, functionsSignedBy, readSettings } from './function-settings.ts';
import { testDatabase } from './testing.ts';

const A = 'a'.repeat(64);
const code = (wrong: string) => (error: unknown) => error instanceof Fault && error.code === wrong;

suite('settings of a function in the database', () => {
  let database: Awaited<ReturnType<typeof testDatabase>>;
  let sql: Sql;
  before(async () => {
    database = await testDatabase();
    sql = database.sql;
    await sql`insert into skein.artifacts (digest, bytes, chunks) values (${A}, 0, 0)`;
  });
  after(() => database[Symbol.asyncDispose]());
  beforeEach(async () => {
    await sql`delete from skein.functions`;
    await sql`insert into skein.functions (name, app, slug) values ('orders', null, 'orders')`;
    await sql`insert into skein.latest (function_name, artifact, config, config_digest, details)
      values ('orders', ${A}, '{}', '', '{}')`;
    await sql`insert into skein.versions (function_name, version, artifact, config, config_digest, details)
      values ('orders', 1, ${A}, '{}', '', '{}')`;
    await sql`insert into skein.aliases (function_name, alias, version) values ('orders', 'live', 1)`;
  });

  test('are changed by many at once without losing any, each at a revision that nodes load', async () => {
    const revisions = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        changeSettings(sql, {
          name: 'orders',
          qualifier: '',
          change: ({ tags }) => ({ tags: { ...tags, [`k${n}`]: 'v' } }),
        }),
      ),
    );
    const settings = await readSettings(sql, 'orders');
    assert.equal(Object.keys(settings?.tags ?? {}).length, 8);
    const since = Math.max(...revisions) - 1;
    const { functions } = await loadConfiguration(sql, since);
    assert.deepEqual(
      functions.map(({ name }) => name),
      ['orders'],
    );
  });

  test('are of qualifiers that exist, and go with them', async () => {
    const policy = { revisionId: 'r1', statements: [] };
    const put = (qualifier: string) =>
      changeSettings(sql, {
        name: 'orders',
        qualifier,
        change: ({ policies }) => ({ policies: { ...policies, [qualifier]: policy } }),
      });
    for (const qualifier of ['', 'live', '1']) await put(qualifier);
    await assert.rejects(put('nobody'), code('version-not-found'));
    await assert.rejects(put('2'), code('version-not-found'));
    await sql.begin((tx) => forgetQualifier(tx, 'orders', 'live'));
    const [entry] = (await loadConfiguration(sql)).functions;
    assert.deepEqual([...(entry?.policies.keys() ?? [])].toSorted(), ['', '1']);
  });

  test('of no function are refused', async () => {
    assert.equal(await readSettings(sql, 'unknown'), null);
    const change = changeSettings(sql, { name: 'unknown', qualifier: '', change: () => ({}) });
    await assert.rejects(change, code('function-not-found'));
  });

  test('say which functions a code signing configuration is put on', async () => {
    const put = (codeSigning: string | null) =>
      changeSettings(sql, { name: 'orders', qualifier: '', change: () => ({ codeSigning }) });
    const of = (after: string) => functionsSignedBy(sql, { codeSigning: 'csc-1', after, limit: 9 });
    await put('csc-1');
    assert.deepEqual(await of(''), ['orders']);
    assert.deepEqual(await of('orders'), []);
    await put(null);
    assert.deepEqual(await of(''), []);
  });
});
