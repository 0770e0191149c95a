import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect } from './connect.ts';
import { fingerprint, type Migration, migrate, readMigrations } from './migrate.ts';
import { type TestDatabase, testDatabase } from './testing.ts';

/** A database with our migrations undone. */
async function emptyDatabase(): Promise<TestDatabase> {
  const db = await testDatabase();
  await db.sql`drop schema skein cascade`;
  return db;
}

const ONE: Migration = {
  version: 1,
  name: '0001-one.sql',
  text: 'create table skein.one (id int); create table skein.uno (id int)',
};
const TWO: Migration = { version: 2, name: '0002-two.sql', text: 'create table skein.two (id int)' };
const BROKEN: Migration = {
  version: 2,
  name: '0002-broken.sql',
  text: 'create table skein.half (id int); select 1 / 0',
};

suite('migrations', () => {
  test('ours are numbered without gaps and apply to an empty database', async () => {
    await using db = await emptyDatabase();
    const versions = readMigrations().map((migration) => migration.version);
    assert.deepEqual(await migrate(db.sql), versions);
    assert.deepEqual(await migrate(db.sql), []);
  });

  test('only what is missing is applied', async () => {
    await using db = await emptyDatabase();
    assert.deepEqual(await migrate(db.sql, [ONE]), [1]);
    assert.deepEqual(await migrate(db.sql, [ONE, TWO]), [2]);
    await db.sql`select * from skein.uno, skein.two`;
  });

  test('of nodes that start at once, each migration is applied by one', async () => {
    await using db = await emptyDatabase();
    const nodes = Array.from({ length: 4 }, () => connect({ url: db.url, max: 1 }));
    const applied = await Promise.all(nodes.map((sql) => migrate(sql, [ONE, TWO])));
    assert.deepEqual(applied.flat().toSorted(), [1, 2]);
    for (const sql of nodes) await sql.end();
  });

  test('one that fails leaves nothing of itself, and what came before', async () => {
    await using db = await emptyDatabase();
    await assert.rejects(migrate(db.sql, [ONE, BROKEN]), /division by zero/);
    assert.deepEqual(await migrate(db.sql, [ONE, TWO]), [2]);
    const [half] = await db.sql`select to_regclass('skein.half') as it`;
    assert.equal(half?.it, null);
  });

  test('a database of a newer Skein is refused, and told apart', async () => {
    await using db = await emptyDatabase();
    await migrate(db.sql, [ONE, TWO]);
    await assert.rejects(migrate(db.sql, [ONE]), {
      code: 'database-incompatible',
      message: /version 2 by a newer Skein/,
    });
  });

  test('other text has another fingerprint', () => {
    assert.equal(fingerprint([ONE, TWO]), fingerprint([ONE, TWO]));
    assert.notEqual(fingerprint([ONE]), fingerprint([{ ...ONE, text: `${ONE.text} ` }]));
  });
});
