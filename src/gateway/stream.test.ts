import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { PassThrough, Readable } from 'node:stream';
import { suite, test } from 'node:test';
import type { InvokeResult } from '../invoke/index.ts';
import { MAX_PRELUDE_BYTES } from './stream.ts';
import { call, openDoor, REPORT } from './testing.ts';

const WITH_PRELUDE = 'application/vnd.awslambda.http-integration-response';
const NULS = '\0'.repeat(8);

function streamOf(body: Readable, contentType = WITH_PRELUDE): InvokeResult {
  return { kind: 'stream', executedVersion: 1, contentType, body, report: Promise.resolve(REPORT) };
}

/** The response as soon as its head is there. */
async function open(port: number): Promise<IncomingMessage> {
  const req = request({ port, agent: false, headers: { host: 'bakery-hello.localhost' } }).end();
  const [res] = await once(req, 'response');
  return res;
}

suite('a streamed answer', () => {
  const prelude =
    '{"statusCode":201,"headers":{"x-cake":"plum","content-type":"text/html"},"cookies":["a=1"]}';
  const whole = `${prelude}${NULS}first\0second`;
  for (const size of [1, 3, 7, 8, whole.length]) {
    test(`begins with its prelude, also in pieces of ${size} bytes`, async () => {
      const pieces = whole.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
      await using door = await openDoor(async () =>
        streamOf(Readable.from(pieces.map((piece) => Buffer.from(piece)))),
      );
      const { status, headers, text } = await call(door.port);
      assert.equal(status, 201);
      assert.equal(text, 'first\0second');
      assert.equal(headers['x-cake'], 'plum');
      assert.deepEqual(headers['set-cookie'], ['a=1']);
      assert.equal(headers['content-type'], 'text/html');
      assert.equal(headers['x-amzn-requestid'], door.seen[0]?.requestId);
    });
  }

  test('reaches the client before the function has ended', async () => {
    const body = new PassThrough();
    await using door = await openDoor(async () => streamOf(body, 'application/octet-stream'));
    body.write('first');
    const res = await open(door.port);
    assert.equal(res.headers['content-type'], 'application/octet-stream');
    assert.equal(String((await once(res, 'data'))[0]), 'first');
    body.end('last');
    assert.deepEqual(await res.toArray(), [Buffer.from('last')]);
  });

  test('sends its head before its first byte, once the prelude is there', async () => {
    const body = new PassThrough();
    await using door = await openDoor(async () => streamOf(body));
    body.write(`{"statusCode":202}${NULS}`);
    const res = await open(door.port);
    assert.equal(res.statusCode, 202);
    body.end('x');
    assert.equal(String((await once(res, 'data'))[0]), 'x');
  });

  test('waits for a client that does not read', async () => {
    let sent = 0;
    const body = new Readable({
      read() {
        sent += 1;
        this.push(sent > 2_000 ? null : Buffer.alloc(64 * 1024));
      },
    });
    await using door = await openDoor(async () => streamOf(body, 'application/octet-stream'));
    const res = await open(door.port);
    // What the kernel and both ends hold is far less than the 128 MB there are.
    await new Promise<void>((resolve) => {
      let before = -1;
      const settle = () => {
        if (before === sent) return resolve();
        before = sent;
        setTimeout(settle, 50);
      };
      settle();
    });
    assert.ok(sent < 1_000, `${sent} chunks were taken`);
    let received = 0;
    for await (const chunk of res) received += chunk.length;
    assert.equal(received, 2_000 * 64 * 1024);
  });

  test('that breaks cuts the connection, so that it cannot pass for whole', async () => {
    const body = new PassThrough();
    await using door = await openDoor(async () => streamOf(body, 'application/octet-stream'));
    body.write('first');
    const res = await open(door.port);
    await once(res, 'data');
    body.destroy(new Error('the function crashed'));
    const [error] = await once(res, 'error');
    assert.equal(error.code, 'ECONNRESET');
    assert.deepEqual(door.bugs, []);
  });

  test('that breaks before its first byte is 502', async () => {
    await using door = await openDoor(async () => {
      const body = new PassThrough();
      setImmediate(() => body.destroy(new Error('the function crashed')));
      return streamOf(body, 'application/octet-stream');
    });
    assert.equal((await call(door.port)).status, 502);
  });

  test('that broke before it was handed over is 502', async () => {
    await using door = await openDoor(async () => {
      const body = new PassThrough().on('error', () => {});
      body.destroy(new Error('the function crashed'));
      await new Promise((resolve) => body.once('close', resolve));
      return streamOf(body, 'application/octet-stream');
    });
    assert.equal((await call(door.port)).status, 502);
  });

  test('that ends before its first byte because its time is over is 504', async () => {
    await using door = await openDoor(async () => {
      const body = new PassThrough();
      setImmediate(() => body.destroy(new Error('Sandbox.Timedout')));
      const report = Promise.resolve({ ...REPORT, outcome: 'timeout' } as const);
      return { kind: 'stream', executedVersion: 1, contentType: 'application/octet-stream', body, report };
    });
    assert.equal((await call(door.port)).status, 504);
  });

  test('whose client goes away is ended and its invocation aborted', async () => {
    const body = new PassThrough();
    const aborted = Promise.withResolvers<void>();
    await using door = await openDoor(async (_, signal) => {
      signal.addEventListener('abort', () => aborted.resolve());
      return streamOf(body, 'application/octet-stream');
    });
    body.write('first');
    const res = await open(door.port);
    res.destroy();
    await aborted.promise;
    if (!body.destroyed) await once(body, 'close');
  });

  const empty: readonly [name: string, chunks: string[], contentType: string, status: number][] = [
    ['nothing at all', [], 'application/octet-stream', 200],
    ['a prelude and nothing else', [`{"statusCode":404}${NULS}`], WITH_PRELUDE, 404],
    ['204 and bytes nevertheless', [`{"statusCode":204}${NULS}ignored`], WITH_PRELUDE, 204],
  ];
  for (const [name, chunks, contentType, status] of empty) {
    test(`of ${name} has no body`, async () => {
      const body = Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
      await using door = await openDoor(async () => streamOf(body, contentType));
      const answer = await call(door.port);
      assert.deepEqual([answer.status, answer.text], [status, '']);
    });
  }

  const malformed: readonly [name: string, chunks: string[]][] = [
    ['no separator', ['{"statusCode":200}']],
    ['no JSON', [`oops${NULS}body`]],
    ['a list', [`7${NULS}body`]],
    ['a bad status', [`{"statusCode":7}${NULS}body`]],
    ['too much', Array.from({ length: 9 }, () => ' '.repeat(MAX_PRELUDE_BYTES / 8))],
  ];
  for (const [name, chunks] of malformed) {
    test(`with ${name} as prelude is 502`, async () => {
      const body = Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
      await using door = await openDoor(async () => streamOf(body));
      assert.equal((await call(door.port)).status, 502);
    });
  }
});
