import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import type { AppDatabase } from '../../model/index.ts';
import { connect, type Sql } from '../../store/index.ts';
import { type TestDatabase, testDatabase } from '../../store/testing.ts';
import { dropAppDatabase, type Ensured, ensureDatabase } from './database.ts';

suite('an app’s database', () => {
  let db: TestDatabase;
  // The server may be shared with other test files; their apps have other names.
  const app = `t${randomBytes(4).toString('hex')}`;
  const databaseUrl = ({ roleName, password, databaseName }: AppDatabase) =>
    `postgres://${roleName}:${password}@${new URL(db.url).host}/${databaseName}`;
  const openAs = (made: Ensured) => connect({ url: databaseUrl(made.database), max: 1 });

  before(async () => {
    db = await testDatabase();
  });
  after(async () => {
    for (const key of ['main', 'other', 'raced', 'taken']) await dropAppDatabase(db.sql, { app, key });
    await db[Symbol.asyncDispose]();
  });

  test('belongs to its role, which can make tables in it', async () => {
    const made = await ensureDatabase(db.sql, { app, key: 'main' });
    assert.deepEqual(made.notes, []);
    assert.equal(made.database.databaseName, `${app}_main`);
    await using sql = closing(openAs(made));
    await sql.it`create table orders (id int)`;
    await sql.it`insert into orders values (1)`;
    const [row] = await sql.it`select current_user as who, id from orders`;
    assert.deepEqual({ ...row }, { who: made.database.roleName, id: 1 });
  });

  test('is made once, and keeps its password and its data', async () => {
    const first = await ensureDatabase(db.sql, { app, key: 'main' });
    const second = await ensureDatabase(db.sql, { app, key: 'main' });
    assert.deepEqual(second.database, first.database);
    await using sql = closing(openAs(second));
    assert.equal((await sql.it`select * from orders`).length, 1);
  });

  test('is the same for many who ask at once', async () => {
    const made = await Promise.all(
      Array.from({ length: 4 }, () => ensureDatabase(db.sql, { app, key: 'raced' })),
    );
    for (const { database } of made) assert.deepEqual(database, made[0]!.database);
  });

  test('is all that its role can connect to', async () => {
    const main = await ensureDatabase(db.sql, { app, key: 'main' });
    await ensureDatabase(db.sql, { app, key: 'other' });
    const platform = new URL(db.url).pathname.slice(1);
    for (const databaseName of [`${app}_other`, 'postgres', 'template1', platform]) {
      const url = databaseUrl({ ...main.database, databaseName });
      await using sql = closing(connect({ url, max: 1 }));
      await assert.rejects(sql.it`select 1`.execute(), { code: '42501' }, `connected to ${databaseName}`);
    }
  });

  test('has bounds on connections, statements, idle transactions and temporary files', async () => {
    const made = await ensureDatabase(db.sql, { app, key: 'main' });
    await using sql = closing(openAs(made));
    const [row] = await sql.it`
      select current_setting('statement_timeout') as statement,
        current_setting('idle_in_transaction_session_timeout') as idle,
        current_setting('temp_file_limit') as temp,
        (select rolconnlimit from pg_roles where rolname = current_user) as connections,
        (select rolsuper or rolcreatedb or rolcreaterole from pg_roles where rolname = current_user) as mighty`;
    assert.deepEqual(
      { ...row },
      { statement: '1min', idle: '1min', temp: '1GB', connections: 40, mighty: false },
    );
    await assert.rejects(sql.it`set temp_file_limit = -1`.execute(), { code: '42501' });
  });

  test('gets another name when a stranger on the server has taken its own', async () => {
    const name = `${app}_taken`;
    await db.sql`create role ${db.sql(name)}`;
    try {
      const made = await ensureDatabase(db.sql, { app, key: 'taken' });
      assert.match(made.database.databaseName, new RegExp(`^${name}_[0-9a-f]{8}$`));
    } finally {
      await db.sql`drop role ${db.sql(name)}`;
    }
  });

  test('is made whole when an earlier attempt ended half way', async () => {
    const made = await ensureDatabase(db.sql, { app, key: 'other' });
    await db.sql`drop database ${db.sql(made.database.databaseName)}`;
    assert.deepEqual((await ensureDatabase(db.sql, { app, key: 'other' })).database, made.database);
    await db.sql`drop database ${db.sql(made.database.databaseName)}`;
    await db.sql`drop role ${db.sql(made.database.roleName)}`;
    await ensureDatabase(db.sql, { app, key: 'other' });
    await using sql = closing(openAs(made));
    await sql.it`select 1`;
  });

  test('goes with its role when it is dropped, also while it is in use', async () => {
    const made = await ensureDatabase(db.sql, { app, key: 'main' });
    await using sql = closing(openAs(made));
    await sql.it`select 1`;
    assert.equal(await dropAppDatabase(db.sql, { app, key: 'main' }), true);
    assert.equal(await dropAppDatabase(db.sql, { app, key: 'main' }), false);
    const left = await db.sql`select 1 from pg_roles where rolname = ${made.database.roleName}`;
    assert.equal(left.length, 0);
  });

  test('can be made by a role that is no superuser, which says what it could not bound', async () => {
    const operator = `${app}_operator`;
    await db.sql`create role ${db.sql(operator)} login createdb createrole password 'secret'`;
    const name = new URL(db.url).pathname.slice(1);
    await db.sql`grant all on database ${db.sql(name)} to ${db.sql(operator)}`;
    await db.sql`grant usage on schema skein to ${db.sql(operator)}`;
    await db.sql`grant all on all tables in schema skein to ${db.sql(operator)}`;
    const url = new URL(db.url);
    url.username = operator;
    url.password = 'secret';
    const wanted = { app: `${app}f`, key: 'main' };
    {
      await using admin = closing(connect({ url: url.href, max: 2 }));
      const made = await ensureDatabase(admin.it, wanted);
      assert.match(made.notes.join('\n'), /Temporary files of role .* are not limited/);
      await using sql = closing(openAs(made));
      await sql.it`create table t (id int)`;
      await sql.it.end();
      assert.equal(await dropAppDatabase(admin.it, wanted), true);
    }
    await db.sql`drop owned by ${db.sql(operator)}`;
    await db.sql`drop role ${db.sql(operator)}`;
  });
});

function closing(it: Sql) {
  return { it, [Symbol.asyncDispose]: () => it.end({ timeout: 1 }) };
}
