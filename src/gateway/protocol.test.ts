import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { suite, test } from 'node:test';
import { call, openDoor, raw, resultOf } from './testing.ts';

const HOST = 'Host: bakery-hello.localhost\r\n';
const END = 'Connection: close\r\n\r\n';

suite('bytes on a connection', () => {
  const cases: readonly [name: string, bytes: string, status: number][] = [
    ['no Host', `GET / HTTP/1.1\r\n${END}`, 400],
    ['no Host in HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', 400],
    ['two Hosts', `GET / HTTP/1.1\r\n${HOST}${HOST}${END}`, 400],
    ['an empty Host', `GET / HTTP/1.1\r\nHost:\r\n${END}`, 400],
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['TLS on the plain port', '\u0016\u0003\u0001\u0002\u0000', 400],
    [
      'both lengths',
      `POST / HTTP/1.1\r\n${HOST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    [
      'two different lengths',
      `POST / HTTP/1.1\r\n${HOST}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd`,
      400,
    ],
    [
      'an unknown transfer encoding',
      `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['a bad chunk', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 400],
    ['a folded header', `GET / HTTP/1.1\r\n${HOST}X: a\r\n b\r\n${END}`, 400],
    ['a space before a colon', `GET / HTTP/1.1\r\n${HOST}X : a\r\n${END}`, 400],
    ['a head that is too large', `GET / HTTP/1.1\r\n${HOST}X: ${'a'.repeat(20_000)}\r\n${END}`, 431],
    ['a target that is no path', `GET nonsense HTTP/1.1\r\n${HOST}${END}`, 400],
    ['CONNECT', `CONNECT example.com:443 HTTP/1.1\r\n${HOST}${END}`, 405],
    ['OPTIONS *', `OPTIONS * HTTP/1.1\r\n${HOST}${END}`, 204],
    ['a WebSocket', `GET / HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`, 501],
    [
      'an offer of HTTP/2',
      `GET / HTTP/1.1\r\n${HOST}Connection: close, Upgrade\r\nUpgrade: h2c\r\n\r\n`,
      200,
    ],
    ['an unknown expectation', `GET / HTTP/1.1\r\n${HOST}Expect: cake\r\n${END}`, 417],
    ['a URL as target', `GET http://bakery-hello.localhost/x?y HTTP/1.1\r\nHost: other\r\n${END}`, 200],
    ['a URL with a user', `GET http://a@bakery-hello.localhost/ HTTP/1.1\r\n${HOST}${END}`, 400],
  ];
  for (const [name, bytes, status] of cases) {
    test(`${name} is ${status}, with a request id`, { timeout: 5_000 }, async () => {
      await using door = await openDoor(undefined, { limits: { keepAliveTimeoutMs: 100, checkEveryMs: 50 } });
      const answer = await raw(door.port, bytes);
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
      assert.match(answer, /\r\nx-amzn-requestid: [0-9a-f-]{36}\r\n/);
      assert.equal(door.seen.length, status === 200 ? 1 : 0);
      assert.deepEqual(door.bugs, []);
    });
  }

  test('a URL as target names the host, path and query', async () => {
    await using door = await openDoor();
    await raw(door.port, `GET http://bakery-hello.localhost?y=1 HTTP/1.1\r\nHost: other\r\n${END}`);
    const event = JSON.parse(door.seen[0]?.event as string);
    assert.equal(event.headers.host, 'bakery-hello.localhost');
    assert.deepEqual([event.rawPath, event.rawQueryString], ['/', 'y=1']);
  });

  test('pipelined requests are answered in order', async () => {
    const first = Promise.withResolvers<void>();
    await using door = await openDoor(async ({ event }) => {
      const path = JSON.parse(event as string).rawPath;
      if (path === '/1') await first.promise;
      else first.resolve();
      return resultOf({ statusCode: 200, body: `answer ${path}` });
    });
    const answers = await raw(door.port, `GET /1 HTTP/1.1\r\n${HOST}\r\nGET /2 HTTP/1.1\r\n${HOST}${END}`);
    assert.deepEqual(answers.match(/answer \/\d/g), ['answer /1', 'answer /2']);
  });

  test('one connection more than the limit is closed, the others are served', async () => {
    await using door = await openDoor(undefined, { limits: { connections: 1 } });
    const first = connect(door.port, '127.0.0.1');
    await once(first, 'connect');
    await assert.rejects(call(door.port), { code: 'ECONNRESET' });
    first.end(`GET / HTTP/1.1\r\n${HOST}${END}`);
    assert.match(String((await once(first, 'data'))[0]), /^HTTP\/1\.1 200 /);
  });

  test('a bad request behind a good one does not spoil the answer of the good one', async () => {
    const seenBad = Promise.withResolvers<void>();
    await using door = await openDoor(async () => {
      await seenBad.promise;
      return resultOf({ statusCode: 200, body: 'good' });
    });
    const answers = raw(door.port, `GET /1 HTTP/1.1\r\n${HOST}\r\n`, 'rubbish\r\n\r\n');
    setImmediate(() => seenBad.resolve());
    assert.match(await answers, /^HTTP\/1\.1 200 OK\r\n.*good$/s);
  });
});
