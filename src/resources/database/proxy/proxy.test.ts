import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type ProxiedApp, proxiedApp, says } from './proxy-fixture.ts';

suite('a database behind the proxy', () => {
  let app: ProxiedApp;
  before(async () => {
    app = await proxiedApp();
  });
  after(async () => {
    assert.deepEqual(app.problems, []);
    await app[Symbol.asyncDispose]();
  });

  test('answers postgres.js and node-postgres', async () => {
    const sql = app.sql();
    const [row] = await sql`select ${1}::int + 1 as two, current_user as who`;
    assert.deepEqual({ ...row }, { two: 2, who: app.database.roleName });
    assert.deepEqual([...(await sql.unsafe('select 3 as three').simple())], [{ three: 3 }]);
    const pg = await app.pg();
    const named = { name: 'n', text: 'select $1::int as it', values: [7] };
    assert.deepEqual((await pg.query(named)).rows, [{ it: 7 }]);
    assert.deepEqual((await pg.query({ ...named, values: [8] })).rows, [{ it: 8 }]);
    assert.deepEqual((await pg.query('select $1::text as it', ['x'])).rows, [{ it: 'x' }]);
  });

  test('serves 200 clients and their transactions with ten connections', async () => {
    const sql = app.sql();
    await sql`create table counters (id int primary key, n int)`;
    await sql`insert into counters select id, 0 from generate_series(1, 20) as id`;
    const clients = Array.from({ length: 200 }, () => app.sql());
    let most = 0;
    await Promise.all(
      clients.map(async (client, n) => {
        for (let turn = 0; turn < 3; turn++) {
          await client.begin(async (transaction) => {
            const id = 1 + (n % 20);
            await transaction`update counters set n = n + 1 where id = ${id}`;
            if (n % 50 === 0) most = Math.max(most, await app.connections());
            await transaction`select pg_sleep(0.001)`;
          });
        }
      }),
    );
    const [sum] = await sql`select sum(n)::int as sum from counters`;
    assert.equal(sum!.sum, 600);
    assert.ok(most > 1 && most <= 10, `${most} connections`);
  });

  test('has prepared statements on every connection on which they are used', async () => {
    const clients = await Promise.all(Array.from({ length: 12 }, () => app.pg()));
    const ask = (client: (typeof clients)[number], n: number) =>
      client.query({
        name: `s${n % 3}`,
        text: `select $1::int + ${n % 3} as it, pg_backend_pid() as pid`,
        values: [n],
      });
    const pids = new Set<unknown>();
    for (let round = 0; round < 6; round++) {
      const answers = await Promise.all(clients.map((client, n) => ask(client, n + round)));
      answers.forEach(({ rows: [row] }, n) => {
        assert.equal(row?.it, n + round + ((n + round) % 3));
        pids.add(row?.pid);
      });
    }
    assert.ok(pids.size > 1);
  });

  test('keeps what a client has set for that client alone', async () => {
    const [one, two] = [await app.pg(), await app.pg()];
    await one.query("set timezone = 'Asia/Tokyo'");
    await one.query('set search_path = pg_catalog, public -- mine');
    for (let n = 0; n < 3; n++) {
      assert.deepEqual((await one.query('show timezone')).rows, [{ TimeZone: 'Asia/Tokyo' }]);
      assert.deepEqual((await two.query('show timezone')).rows, [{ TimeZone: 'UTC' }]);
      assert.deepEqual((await one.query('show search_path')).rows, [{ search_path: 'pg_catalog, public' }]);
    }
    await one.query('reset all');
    assert.deepEqual((await one.query('show timezone')).rows, [{ TimeZone: 'UTC' }]);
    await assert.rejects(one.query("set timezone = 'Nowhere'"), { code: '22023' });
    assert.deepEqual((await one.query('show timezone')).rows, [{ TimeZone: 'UTC' }]);
  });

  test('begins sessions as clients ask for it', async () => {
    const slow = app.sql({ connection: { statement_timeout: 1234, application_name: 'slow' } });
    const plain = app.sql({ connection: { application_name: 'plain' } });
    for (let n = 0; n < 3; n++) {
      assert.equal((await slow`show statement_timeout`)[0]!.statement_timeout, '1234ms');
      assert.equal((await slow`show application_name`)[0]!.application_name, 'slow');
      assert.equal((await plain`show statement_timeout`)[0]!.statement_timeout, '1min');
      assert.equal((await plain`show application_name`)[0]!.application_name, 'plain');
    }
  });

  test('has ten connections, however differently sessions begin', async () => {
    for (let n = 0; n < 15; n++) {
      const sql = app.sql({ connection: { statement_timeout: 10_000 + n } });
      assert.equal(
        (await sql`show statement_timeout`)[0]!.statement_timeout,
        `${10_000 + n}ms`.replace('10000ms', '10s'),
      );
    }
    // PostgreSQL counts one that was told to go until it has gone.
    while ((await app.connections()) > 10);
  });

  test('undoes what a function has set without its text showing it', async () => {
    const [one, two] = [await app.pg(), await app.pg()];
    await one.query(
      `create function hidden() returns text language sql as $$ select set_config('TimeZone', 'Asia/Tokyo', false) $$`,
    );
    await one.query('select hidden()');
    assert.deepEqual((await two.query('show timezone')).rows, [{ TimeZone: 'UTC' }]);
  });

  test('copies in and out', async () => {
    const sql = app.sql();
    await sql`create table copied (id int, text text)`;
    const rows = 20_000;
    const writable = await sql`copy copied from stdin`.writable();
    for (let id = 0; id < rows; id++) {
      if (!writable.write(`${id}\t${'x'.repeat(200)}\n`))
        await new Promise((resolve) => writable.once('drain', resolve));
    }
    await new Promise<void>((resolve, reject) => writable.once('error', reject).end(resolve));
    assert.equal((await sql`select count(*)::int as count from copied`)[0]!.count, rows);
    let bytes = 0;
    for await (const chunk of await sql`copy copied to stdout`.readable()) bytes += chunk.length;
    assert.ok(bytes > rows * 200);
    assert.deepEqual([...(await sql`select 1 as one`)], [{ one: 1 }]);
  });

  test('passes large values both ways', async () => {
    const sql = app.sql();
    const text = 'y'.repeat(5_000_000);
    const [row] = await sql`select ${text} as text, length(${text}::text) as length`;
    assert.equal(row!.length, text.length);
    assert.equal(row!.text, text);
    const long = `select ${Array.from({ length: 20_000 }, (_, n) => `${n}`).join(' + ')} as sum`;
    assert.equal((await sql.unsafe(`select length('${text}') as n`).simple())[0]!.n, text.length);
    assert.ok(long.length > 100_000);
    assert.equal(
      (await sql.unsafe(`select array_length(array[${'1,'.repeat(30_000)}1], 1) as n`))[0]!.n,
      30_001,
    );
  });

  test('cancels the query of the client that asks, and no other', async () => {
    const sql = app.sql();
    await sql`select 1`;
    const slow = sql`select pg_sleep(60)`.execute();
    const role = app.database.roleName;
    const runs = () => app.admin.sql`
      select 1 from pg_stat_activity where usename = ${role} and query like '%pg_sleep(60)%' and state = 'active'`;
    while ((await runs()).length === 0); // each look is a round trip
    slow.cancel();
    await assert.rejects(slow, { code: '57014' });
    assert.deepEqual([...(await sql`select 1 as one`)], [{ one: 1 }]);
  });

  test('rolls back what a client that vanishes has begun', async () => {
    const sql = app.sql();
    await sql`create table kept (id int)`;
    const client = await app.wire();
    client.say(says.query('begin; insert into kept values (1)'));
    assert.equal((await client.until()).at(-1), 'Z');
    client.socket.destroy();
    const role = app.database.roleName;
    const open = () => app.admin.sql`
      select 1 from pg_stat_activity where usename = ${role} and state like 'idle in%'`;
    while ((await open()).length > 0); // each look is a round trip
    assert.equal((await sql`select * from kept`).length, 0);
  });
});

suite('what a client leaves in its session', () => {
  let app: ProxiedApp;
  before(async () => {
    app = await proxiedApp({ functionConnections: 1 });
  });
  after(() => app?.[Symbol.asyncDispose]());

  for (const [what, begin, check] of [
    ['a temporary table', 'create temp table mine as select 1 as it', 'select it from mine'],
    ['a prepared statement of SQL', 'prepare mine as select 1 as it', 'execute mine'],
    [
      'a cursor WITH HOLD',
      'declare mine cursor with hold for select 1 as it from generate_series(1, 9)',
      'fetch next from mine',
    ],
    [
      'an advisory lock',
      'select pg_advisory_lock(7)',
      `select count(*)::int as it from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
    ],
    ['its role', 'set session authorization default', 'select 1 as it'],
  ] as const) {
    test(`stays: ${what}; and goes with it`, async () => {
      const [one, two] = [await app.pg(), await app.pg()];
      await one.query(begin);
      assert.deepEqual((await one.query(check)).rows, [{ it: 1 }]);
      // There is one connection, and it is taken.
      const waits = two.query('select pg_backend_pid() as pid');
      assert.deepEqual((await one.query(check)).rows, [{ it: 1 }]);
      await one.end();
      assert.equal((await waits).rows.length, 1);
      const left = await two.query(check).then(
        ({ rows }) => rows,
        () => [],
      );
      if (!check.includes('select 1')) assert.ok(left.length === 0 || left[0]?.it === 0);
    });
  }

  test('a listener hears', async () => {
    const one = await app.pg('listener');
    const heard = new Promise((resolve) => one.on('notification', ({ payload }) => resolve(payload)));
    await one.query('listen news');
    const two = await app.pg('speaker');
    await two.query(`notify news, 'cake'`);
    assert.equal(await heard, 'cake');
  });
});

suite('when connections are in use', () => {
  const limits = { functionConnections: 2, appConnections: 3, queueLength: 3 };
  let app: ProxiedApp;
  let hasty: ProxiedApp;
  before(async () => {
    [app, hasty] = await Promise.all([proxiedApp(limits), proxiedApp({ ...limits, queueMs: 200 })]);
  });
  after(() => Promise.all([app, hasty].map((each) => each?.[Symbol.asyncDispose]())));

  const holding = (on: ProxiedApp, names: readonly string[]) =>
    Promise.all(
      names.map(async (name) => {
        const holder = await on.pg(name);
        await holder.query('begin');
        return holder;
      }),
    );

  test('a transaction waits for one that ends', async () => {
    const [holder, other] = await holding(app, ['one', 'one']);
    const client = await app.pg('one');
    const waits = client.query('select 1 as one');
    await holder!.query('commit');
    assert.deepEqual((await waits).rows, [{ one: 1 }]);
    await other!.query('commit');
  });

  test('it is refused when it has waited too long, with what to do, and the client goes on', async () => {
    const holders = await holding(hasty, ['one', 'one']);
    const client = await hasty.pg('one');
    const message = /all 2 connections of function one are in use, and one waited for 0.2 s/;
    await assert.rejects(client.query('select 1'), { code: '53300', message });
    await assert.rejects(client.query('select $1::int', [1]), { code: '53300', message });
    for (const holder of holders) await holder.query('commit');
    assert.deepEqual((await client.query('select 1 as one')).rows, [{ one: 1 }]);
  });

  test('another function has its own, within those of the app', async () => {
    const holders = await holding(hasty, ['one', 'one', 'two']);
    const client = await hasty.pg('two');
    const message = /3 connections of the app are in use, of 3/;
    await assert.rejects(client.query('select 1'), { code: '53300', message });
    for (const holder of holders) await holder.query('commit');
    assert.deepEqual((await client.query('select 1 as one')).rows, [{ one: 1 }]);
  });

  test('the queue has an end', async () => {
    const holders = await holding(app, ['one', 'one']);
    const clients = await Promise.all(Array.from({ length: 4 }, () => app.pg('one')));
    const answers = clients.map((client) => client.query('select 1'));
    await assert.rejects(Promise.race(answers), { code: '53300' }); // nobody else is answered before
    for (const holder of holders) await holder.query('commit');
    const refused = (await Promise.allSettled(answers)).filter(({ status }) => status === 'rejected');
    assert.equal(refused.length, 1);
  });
});
