import assert from 'node:assert/strict';
import { after, before, beforeEach, suite, test } from 'node:test';
import { deleteUnusedArtifacts } from './artifacts.ts';
import type { Sql } from './connect.ts';
import {
  changeLayerPolicy,
  deleteLayer,
  findLayer,
  forgetDeletedLayers,
  listLayers,
  listLayerVersions,
  publishLayer,
} from './layers.ts';
import { testDatabase } from './testing.ts';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);

suite('layers in the database', () => {
  let database: Awaited<ReturnType<typeof testDatabase>>;
  let sql: Sql;
  before(async () => {
    database = await testDatabase();
    sql = database.sql;
  });
  after(() => database[Symbol.asyncDispose]());
  beforeEach(async () => {
    await sql`truncate skein.layers, skein.artifacts cascade`;
    await sql`insert into skein.artifacts (digest, bytes, chunks, created_at)
      select unnest(${[A, B]}::text[]), 0, 0, now() - interval '2 days'`;
  });
  const publish = (name: string, over: { artifact?: string; runtimes?: string[] } = {}) =>
    publishLayer(sql, {
      name,
      artifact: A,
      bytes: 10,
      unpackedBytes: 20,
      description: '',
      license: '',
      runtimes: [],
      architectures: [],
      ...over,
    });
  const any = { runtime: null, architecture: null };

  test('are numbered from one, also by two who publish at once; a number is used once', async () => {
    const made = await Promise.all([publish('words'), publish('words'), publish('words')]);
    assert.deepEqual(made.map(({ version }) => version).toSorted(), [1, 2, 3]);
    await deleteLayer(sql, { name: 'words', version: 3 });
    assert.equal((await publish('words')).version, 4);
    assert.equal(await findLayer(sql, { name: 'words', version: 3 }), null);
  });

  test('are listed by name with the newest version that fits, and by version, newest first', async () => {
    await publish('words', { runtimes: ['nodejs24.x'] });
    await publish('words');
    await publish('sounds', { runtimes: ['python3.11'] });
    const names = async (runtime: string | null, after = '', limit = 9) =>
      (await listLayers(sql, { ...any, runtime, after, limit })).map(({ name, version }) => [name, version]);
    assert.deepEqual(await names(null), [
      ['sounds', 1],
      ['words', 2],
    ]);
    assert.deepEqual(await names('nodejs24.x'), [['words', 1]]);
    assert.deepEqual(await names(null, 'sounds'), [['words', 2]]);
    assert.deepEqual(await names(null, '', 1), [['sounds', 1]]);
    const versions = await listLayerVersions(sql, { ...any, name: 'words', before: 99, limit: 9 });
    assert.deepEqual(
      versions.map(({ version }) => version),
      [2, 1],
    );
    assert.equal((await listLayerVersions(sql, { ...any, name: 'words', before: 2, limit: 9 })).length, 1);
  });

  test('keep their policy, and what refuses a change leaves it', async () => {
    const { name, version } = await publish('words');
    const policy = { revisionId: 'r1', statements: [] };
    assert.equal(await changeLayerPolicy(sql, { name, version }, () => policy), true);
    const refuse = () => {
      throw new Error('no');
    };
    await assert.rejects(changeLayerPolicy(sql, { name, version }, refuse), /no/);
    assert.deepEqual((await findLayer(sql, { name, version }))?.policy, policy);
    assert.equal(await changeLayerPolicy(sql, { name, version: 9 }, () => policy), false);
  });

  test('keep their package; deleted ones let it go an hour later, unless a function has it', async () => {
    await publish('words', { artifact: A });
    await publish('sounds', { artifact: B });
    const unused = () => deleteUnusedArtifacts(sql, { olderThanMs: 1, limit: 9 });
    assert.deepEqual(await unused(), []);
    for (const name of ['words', 'sounds']) await deleteLayer(sql, { name, version: 1 });
    await forgetDeletedLayers(sql);
    assert.deepEqual(await unused(), []);
    await sql`update skein.layer_versions set deleted_at = now() - interval '2 hours'`;
    await sql`insert into skein.functions (name, app, slug) values ('orders', null, 'orders')`;
    await sql`insert into skein.latest (function_name, artifact, config, config_digest, details)
      values ('orders', ${A}, ${sql.json({ layers: [{ arn: 'x', artifact: B }] })}, '', '{}')`;
    await forgetDeletedLayers(sql);
    assert.deepEqual(await unused(), []);
    await sql`delete from skein.functions`;
    await forgetDeletedLayers(sql);
    assert.deepEqual((await unused()).toSorted(), [A, B]);
  });
});
