import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { suite, test } from 'node:test';
import { systemClock as clock } from '../base/index.ts';
import { testDatabase } from './testing.ts';
import { watchDatabase } from './watch.ts';

/** Takes connections to a PostgreSQL on, and can fall silent as a stopped server does. */
async function openRelay(url: string) {
  const target = new URL(url);
  const sockets: Socket[] = [];
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) {
      socket.on('error', () => {});
      sockets.push(socket);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const relayed = new URL(url);
  relayed.port = String((server.address() as { port: number }).port);
  return {
    url: relayed.href,
    fallSilent() {
      for (const socket of sockets) socket.unpipe().pause();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

suite('a watch on the database', () => {
  test('lets work take longer than an answer may, and returns what it returns', async () => {
    await using db = await testDatabase();
    const watch = watchDatabase({ url: db.url, clock, answerWithinMs: 1_000 });
    const [row] = await watch.during(() => db.sql`select 7 as it, pg_sleep(1.5)`.execute());
    assert.equal(row?.it, 7);
    await assert.rejects(
      watch.during(() => Promise.reject(new RangeError('no'))),
      RangeError,
    );
    await watch.stop();
  });

  test('refuses work before it has begun when the server is silent', async () => {
    await using db = await testDatabase();
    await using relay = await openRelay(db.url);
    const watch = watchDatabase({ url: relay.url, clock, answerWithinMs: 500 });
    await watch.during(async () => {});
    relay.fallSilent();
    let begun = 0;
    const refused = () =>
      assert.rejects(
        watch.during(async () => {
          begun += 1;
        }),
        { code: 'database-unavailable', message: /for 0\.5 s/ },
      );
    await Promise.all([refused(), refused()]);
    assert.equal(begun, 0);
    await watch.stop();
  });

  test('gives up work during which the server falls silent', async () => {
    await using db = await testDatabase();
    await using relay = await openRelay(db.url);
    const watch = watchDatabase({ url: relay.url, clock, answerWithinMs: 200 });
    const work = watch.during(async () => {
      relay.fallSilent();
      await new Promise(() => {});
    });
    await assert.rejects(work, { code: 'database-unavailable' });
    await watch.stop();
  });
});
