/** What happens to who asks while connections break, as by a server that is killed; an error nobody catches ends this file. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectSocket, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { sleep, systemClock } from '../base/index.ts';
import { connect, isUnavailable, type Sql } from './connect.ts';
import { startEmbedded } from './embedded/index.ts';
import { type TestDatabase, testDatabase } from './testing.ts';

/** A way to the server that can be cut, by a goodbye or a reset. */
async function openWay(database: TestDatabase, max = 1) {
  const target = new URL(database.url);
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connectSocket(Number(target.port), target.hostname);
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream])
      socket.on('error', () => {}).on('close', () => upstream.destroy());
    clients.add(client);
    client.on('close', () => clients.delete(client));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(database.url);
  url.port = String((server.address() as { port: number }).port);
  const sql = connect({ url: url.href, max });
  return {
    sql,
    cut(how: 'goodbye' | 'reset') {
      for (const client of clients) {
        if (how === 'reset') client.resetAndDestroy();
        else client.end();
      }
    },
    async [Symbol.asyncDispose]() {
      await sql.end({ timeout: 1 });
      for (const client of clients) client.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const WAYS = ['goodbye', 'reset'] as const;
/** Far below the 5 s after which a connection that says nothing is given up. */
const SOON_MS = 4_000;

/** Whether it answers, soon. */
async function answers(sql: Sql): Promise<unknown> {
  const late = sleep(systemClock, SOON_MS).then(() => 'no answer');
  return await Promise.race([sql`select 1 as it`.then(([row]) => row?.it), late]);
}

const unavailable = (error: unknown) => isUnavailable(error);

for (const how of WAYS) {
  suite(`a connection that is lost by a ${how}`, () => {
    test('in the middle of a transaction: it is refused, and the pool goes on at once', async () => {
      await using database = await testDatabase();
      await using way = await openWay(database);
      await database.sql`create table noted (n int)`;
      const begun = Promise.withResolvers<void>();
      const lost = way.sql.begin(async (tx) => {
        await tx`insert into noted values (1)`;
        begun.resolve();
        await tx`select pg_sleep(60)`;
      });
      await begun.promise;
      way.cut(how);
      await assert.rejects(lost, unavailable);
      assert.equal(await answers(way.sql), 1);
      assert.equal((await database.sql`select from noted`).count, 0);
    });

    test('in a savepoint of many statements: all of them are refused', async () => {
      await using database = await testDatabase();
      await using way = await openWay(database);
      const begun = Promise.withResolvers<void>();
      let settled: PromiseSettledResult<unknown>[] = [];
      const lost = way.sql.begin((tx) =>
        tx.savepoint(async (inner) => {
          await inner`select 1`;
          begun.resolve();
          settled = await Promise.allSettled(
            Array.from({ length: 300 }, (_, n) => inner`select pg_sleep(60), ${n}::int`),
          );
          await inner`select 2`;
        }),
      );
      await begun.promise;
      way.cut(how);
      await assert.rejects(lost, unavailable);
      assert.equal(await answers(way.sql), 1);
      assert.deepEqual(new Set(settled.map(({ status }) => status)), new Set(['rejected']));
      assert.equal(settled.length, 300);
    });

    test('while a transaction does something else: what it goes on to ask is not done outside of it', async () => {
      await using database = await testDatabase();
      await using way = await openWay(database);
      await database.sql`create table noted (n int)`;
      const begun = Promise.withResolvers<void>();
      const on = Promise.withResolvers<void>();
      const went = Promise.withResolvers<unknown>();
      const lost = way.sql.begin(async (tx) => {
        await tx`insert into noted values (1)`;
        begun.resolve();
        await on.promise;
        await tx`insert into noted values (2)`.then(went.resolve, went.resolve);
        await tx`insert into noted values (${3})`;
      });
      await begun.promise;
      way.cut(how);
      await assert.rejects(lost, unavailable);
      assert.equal(await answers(way.sql), 1, 'its connection is used by others already');
      on.resolve();
      assert.ok(unavailable(await went.promise));
      assert.equal(await answers(way.sql), 1);
      assert.equal((await database.sql`select from noted`).count, 0);
    });

    test('while it was reserved: its holder is refused, and giving it back harms nobody', async () => {
      await using database = await testDatabase();
      await using way = await openWay(database);
      const held = await way.sql.reserve();
      await held`select 1`;
      const asked = Promise.allSettled(Array.from({ length: 300 }, () => held`select pg_sleep(60)`));
      way.cut(how);
      for (const { status } of await asked) assert.equal(status, 'rejected');
      await assert.rejects(Promise.resolve(held`select ${2}::int`), unavailable);
      held.release();
      for (let n = 0; n < 3; n++) assert.equal(await answers(way.sql), 1);
    });

    test('while it listens: it listens again', async () => {
      await using database = await testDatabase();
      await using way = await openWay(database);
      const news: string[] = [];
      let made = 0;
      await way.sql.listen(
        'told',
        (what) => news.push(what),
        () => made++,
      );
      way.cut(how);
      while (made < 2) await sleep(systemClock, 10);
      await database.sql`select pg_notify('told', 'again')`;
      while (news.length === 0) await sleep(systemClock, 10);
      assert.deepEqual(news, ['again']);
    });
  });
}

test('a server that is killed while transactions run, connections are reserved and somebody listens: all goes on', async () => {
  const home = await mkdtemp(join(tmpdir(), 'skein-driver-'));
  const restarted = Promise.withResolvers<void>();
  const server = await startEmbedded({
    ...{ home, clock: systemClock },
    onEvent: ({ kind }) => kind === 'restarted' && restarted.resolve(),
  });
  const sql = connect({ url: server.url, max: 8 });
  try {
    await sql.listen('told', () => {});
    const held = await sql.reserve();
    await held`select 1`;
    let begun = 0;
    const all = Promise.withResolvers<void>();
    const lost = Array.from({ length: 5 }, () =>
      sql.begin(async (tx) => {
        await tx`select 1`;
        if (++begun === 5) all.resolve();
        await tx`select pg_sleep(60)`;
      }),
    );
    await all.promise;
    process.kill(server.pid, 'SIGKILL');
    for (const one of await Promise.allSettled(lost))
      assert.ok(one.status === 'rejected' && unavailable(one.reason), JSON.stringify(one));
    await restarted.promise;
    await assert.rejects(Promise.resolve(held`select 1`), unavailable);
    held.release();
    for (const one of await Promise.allSettled(Array.from({ length: 20 }, () => answers(sql))))
      assert.deepEqual(one, { status: 'fulfilled', value: 1 });
  } finally {
    await sql.end({ timeout: 1 });
    await server.stop();
    await rm(home, { recursive: true, force: true });
  }
});
