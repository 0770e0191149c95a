import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { suite, test } from 'node:test';
import { call, openDoor, raw } from './testing.ts';

const LIMIT = { limits: { eventBytes: 100_000 } };
const POST = { method: 'POST', headers: { 'content-type': 'text/plain' } } as const;

suite('a body', () => {
  test('in chunks arrives whole, with a length', async () => {
    await using door = await openDoor();
    const headers = { 'transfer-encoding': 'chunked', 'content-type': 'text/plain' };
    await call(door.port, { method: 'POST', headers, body: 'plum cake' });
    const event = JSON.parse(door.seen[0]?.event as string);
    assert.equal(event.body, 'plum cake');
    assert.equal(event.headers['content-length'], '9');
    assert.equal(event.headers['transfer-encoding'], undefined);
  });

  test('that declares more than the limit is 413 before it is read', async () => {
    await using door = await openDoor(undefined, LIMIT);
    const answer = await call(door.port, { ...POST, body: 'x'.repeat(100_001) });
    assert.equal(answer.status, 413);
    assert.match(JSON.parse(answer.text).message, /100000 bytes/);
    assert.equal(door.seen.length, 0);
  });

  test('that turns out larger than the limit is 413, and its sender sees that while still sending', async () => {
    await using door = await openDoor(undefined, LIMIT);
    const headers = { host: 'bakery-hello.localhost', 'transfer-encoding': 'chunked' };
    const req = request({ port: door.port, method: 'POST', headers });
    req.write(Buffer.alloc(1_000_000));
    const [res] = await once(req, 'response');
    assert.equal(res.statusCode, 413);
    req.write(Buffer.alloc(3_000_000));
    req.end();
    res.resume();
    await once(res, 'end');
    await once(req, 'close');
  });

  test('that never ends after its refusal is cut off', async () => {
    await using door = await openDoor(undefined, { limits: { ...LIMIT.limits, lingerMs: 10 } });
    const head = 'POST / HTTP/1.1\r\nHost: bakery-hello.localhost\r\nContent-Length: 900000\r\n\r\n';
    assert.match(await raw(door.port, head), /^HTTP\/1\.1 413 /);
  });

  test('that goes on after its refusal is read up to a bound', { timeout: 5_000 }, async () => {
    await using door = await openDoor(undefined, {
      limits: { ...LIMIT.limits, lingerMs: 60_000, lingerBytes: 1_000 },
    });
    const head = 'POST / HTTP/1.1\r\nHost: bakery-hello.localhost\r\nContent-Length: 900000\r\n\r\n';
    assert.match(await raw(door.port, head, 'x'.repeat(2_000)), /^HTTP\/1\.1 413 /);
  });

  test('whose event is too large in base64 is 413, though the body alone is not', async () => {
    await using door = await openDoor(undefined, LIMIT);
    const body = Buffer.alloc(80_000, 0xff);
    const answer = await call(door.port, { method: 'POST', headers: { 'content-type': 'image/png' }, body });
    assert.equal(answer.status, 413);
    assert.equal(door.seen.length, 0);
  });

  test('that finds no room beside the others is 503', async () => {
    await using door = await openDoor(undefined, { limits: { bufferedBytes: 10 } });
    const answer = await call(door.port, { ...POST, body: 'x'.repeat(11) });
    assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '1']);
    assert.equal(
      (await call(door.port, { ...POST, body: 'x'.repeat(10) })).status,
      200,
      'room is given back',
    );
    assert.equal((await call(door.port, { ...POST, body: 'x'.repeat(10) })).status, 200, 'every time');
  });

  test('that waits for 100 Continue is asked for', async () => {
    await using door = await openDoor();
    const headers = { host: 'bakery-hello.localhost', expect: '100-continue', 'content-type': 'text/plain' };
    const req = request({ port: door.port, method: 'POST', headers, agent: false });
    req.flushHeaders();
    await once(req, 'continue');
    req.end('now');
    const [res] = await once(req, 'response');
    res.resume();
    await once(res, 'end');
    assert.equal(JSON.parse(door.seen[0]?.event as string).body, 'now');
  });

  test('that waits for 100 Continue is not asked for when it is refused', async () => {
    await using door = await openDoor(undefined, LIMIT);
    const head = (host: string) =>
      `POST / HTTP/1.1\r\nHost: ${host}\r\nExpect: 100-continue\r\nContent-Length: 900000\r\n\r\n`;
    assert.match(await raw(door.port, head('bakery-hello.localhost')), /^HTTP\/1\.1 413 /);
    assert.match(await raw(door.port, head('nobody.localhost')), /^HTTP\/1\.1 404 /);
  });

  test('that does not come in time is 408', async () => {
    await using door = await openDoor(undefined, {
      limits: { requestTimeoutMs: 60, headersTimeoutMs: 50, checkEveryMs: 20 },
    });
    const head = 'POST / HTTP/1.1\r\nHost: bakery-hello.localhost\r\nContent-Length: 5\r\n\r\nab';
    const answer = await raw(door.port, head);
    assert.match(answer, /^HTTP\/1\.1 408 /);
    assert.match(answer, /"requestId":"/);
    assert.match(await raw(door.port, 'GET / HTTP/1.1\r\nHost: a'), /^HTTP\/1\.1 408 /, 'nor a head');
  });

  test('whose sender goes away invokes nothing', async () => {
    await using door = await openDoor();
    const socket = connect(door.port, '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nHost: bakery-hello.localhost\r\nContent-Length: 5\r\n\r\nab');
    await once(socket, 'connect');
    socket.destroy();
    await door.gateway.stop();
    assert.equal(door.seen.length, 0);
    assert.deepEqual(door.bugs, []);
  });
});
