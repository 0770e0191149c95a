import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, suite, test } from 'node:test';
import type { EventSourceMapping } from '../model/index.ts';
import type { Sql } from './connect.ts';
import {
  changeMapping,
  deleteMapping,
  findMapping,
  insertMapping,
  listMappings,
} from './event-source-mappings.ts';
import { testDatabase } from './testing.ts';

const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

suite('event source mappings in the database', () => {
  let database: Awaited<ReturnType<typeof testDatabase>>;
  let sql: Sql;
  before(async () => {
    database = await testDatabase();
    sql = database.sql;
  });
  after(() => database[Symbol.asyncDispose]());
  beforeEach(async () => {
    await sql`truncate skein.event_source_mappings`;
  });
  const put = (over: Partial<EventSourceMapping> = {}) =>
    insertMapping(sql, {
      id: randomUUID(),
      functionName: 'orders',
      qualifier: null,
      source: 'arn:one',
      enabled: true,
      settings: { BatchSize: 10 },
      tags: {},
      ...over,
    });
  const list = (over: { functionName?: string; source?: string; after?: string; limit?: number } = {}) =>
    listMappings(sql, { functionName: null, source: null, after: BEFORE_ALL, limit: 9, ...over });

  test('are there once for a function and a source, also when two make one at the same time', async () => {
    const made = await Promise.all([put(), put(), put()]);
    assert.equal(made.filter((one) => 'mapping' in one).length, 1);
    assert.ok('mapping' in (await put({ qualifier: 'live' })));
    assert.ok('mapping' in (await put({ source: 'arn:two' })));
    assert.ok('mapping' in (await put({ source: null })));
    assert.ok('mapping' in (await put({ source: null })), 'a source without a name has no twin');
  });

  test('are found, listed in pages, changed and deleted', async () => {
    for (const source of ['arn:one', 'arn:two', 'arn:three']) await put({ source });
    await put({ functionName: 'other' });
    assert.equal((await list()).length, 4);
    assert.equal((await list({ functionName: 'orders' })).length, 3);
    assert.equal((await list({ source: 'arn:one' })).length, 2);
    const [first, second] = await list({ limit: 2 });
    const rest = await list({ after: second!.id });
    assert.equal(rest.length, 2);
    const changed = await changeMapping(sql, first!.id, (mapping) => ({
      ...mapping,
      enabled: false,
      settings: { BatchSize: 20 },
    }));
    assert.deepEqual([changed?.mapping.enabled, changed?.mapping.settings], [false, { BatchSize: 20 }]);
    assert.deepEqual(changed?.before, first);
    assert.deepEqual(await findMapping(sql, first!.id), changed?.mapping);
    const gone = await deleteMapping(sql, first!.id);
    assert.deepEqual(gone?.mapping, changed?.mapping);
    assert.ok((gone?.revision ?? 0) > (changed?.revision ?? 0), 'every node is told');
    assert.equal(await findMapping(sql, first!.id), null);
    assert.equal(await deleteMapping(sql, first!.id), null);
    assert.equal(await changeMapping(sql, first!.id, (mapping) => mapping), null);
  });
});
