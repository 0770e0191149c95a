import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { suite, test } from 'node:test';
import { fakeClock } from '../base/fake-clock.ts';
import { type Fault, systemClock } from '../base/index.ts';
import { connect, orUnavailable } from './connect.ts';
import { testDatabase } from './testing.ts';

suite('a connection to PostgreSQL', () => {
  test('64-bit integers are numbers', async () => {
    await using db = await testDatabase();
    const [row] = await db.sql`select 9007199254740991::bigint as most, count(*) as none from skein.settings`;
    assert.deepEqual({ ...row }, { most: Number.MAX_SAFE_INTEGER, none: 0 });
  });

  test('a URL that cannot be read is refused without repeating it', () => {
    for (const url of ['', 'localhost:5432', 'mysql://u:hidden@h/d', 'postgres//hidden']) {
      assert.throws(
        () => connect({ url }),
        (error: Fault) => error.code === 'option-invalid' && !error.message.includes('hidden'),
      );
    }
  });

  test('a server that is not there is a fault, at once', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as { port: number };
    await new Promise((resolve) => closed.close(resolve));
    const sql = connect({ url: `postgres://u:p@127.0.0.1:${port}/d` });
    await assert.rejects(orUnavailable(sql`select 1`), {
      code: 'database-unavailable',
      message: /ECONNREFUSED/,
    });
    await sql.end();
  });

  test('a connection that the server ends is a fault, and the pool opens another', async () => {
    await using db = await testDatabase();
    const closed = Promise.withResolvers<void>();
    const sql = connect({ url: db.url, max: 1, onClose: () => closed.resolve() });
    const [own] = await sql`select pg_backend_pid() as pid`;
    const cut = orUnavailable(sql`select pg_sleep(60)`);
    await Promise.all([assert.rejects(cut, { code: 'database-unavailable' }), endWhenBusy(db.sql, own?.pid)]);
    await closed.promise;
    // The driver hands the old connection's error once more to the first query on the new one.
    const backend = () => orUnavailable(sql`select pg_backend_pid() as pid`);
    const [again] = await backend().catch((error: Fault) => {
      assert.equal(error.code, 'database-unavailable');
      return backend();
    });
    assert.notEqual(again?.pid, own?.pid);
    await sql.end();
  });

  test('a wrong query is not taken for an absent database', async () => {
    await using db = await testDatabase();
    await assert.rejects(orUnavailable(db.sql`select * from nothing`), { code: '42P01' });
  });

  test('a server that hangs is a fault after the time that was allowed', async () => {
    const clock = fakeClock();
    const never = orUnavailable(new Promise(() => {}), { clock, timeoutMs: 2_000 });
    const refused = assert.rejects(never, { code: 'database-unavailable', message: /for 2 s/ });
    await clock.advance(2_000);
    await refused;
    assert.equal(await orUnavailable(Promise.resolve(7), { clock: systemClock, timeoutMs: 60_000 }), 7);
  });
});

/** Ends a connection from outside as soon as it runs its query. */
async function endWhenBusy(sql: Awaited<ReturnType<typeof testDatabase>>['sql'], pid: number): Promise<void> {
  for (;;) {
    const [busy] = await sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where pid = ${pid} and state = 'active' and query like '%pg_sleep%'`;
    if (busy !== undefined) return;
  }
}
