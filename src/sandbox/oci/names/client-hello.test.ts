import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { suite, test } from 'node:test';
import { connect } from 'node:tls';
import { seededRandom } from '../../../base/index.ts';
import { testSeed } from '../../../base/testing.ts';
import { MAX_HELLO_BYTES, readOpening } from './client-hello.ts';

/** What Node's own TLS says first. */
async function helloOf(servername: string): Promise<Buffer> {
  const wire = new Duplex({
    read() {},
    write: (chunk, _, done) => {
      wire.emit('said', chunk);
      done();
    },
  });
  const said = once(wire, 'said');
  const socket = connect({ socket: wire, servername });
  socket.on('error', () => {});
  const [hello] = (await said) as [Buffer];
  socket.destroy();
  return hello;
}

const named = (serverName: string | null) => ({ kind: 'tls', serverName });

/** The same hello in records of this many bytes. */
function inRecords(hello: Buffer, size: number): Buffer {
  const body = hello.subarray(5);
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; at += size) {
    const part = body.subarray(at, at + size);
    const header = Buffer.from([0x16, 3, 1, 0, 0]);
    header.writeUInt16BE(part.length, 3);
    parts.push(header, part);
  }
  return Buffer.concat(parts);
}

suite('the opening of a connection', () => {
  test('names its server', async () => {
    assert.deepEqual(readOpening(await helloOf('api.example.com')), named('api.example.com'));
  });

  test('may name none', async () => {
    assert.deepEqual(readOpening(await helloOf('')), named(null));
  });

  test('is waited for until it is whole', async () => {
    const hello = await helloOf('api.example.com');
    for (let length = 0; length < hello.length; length++) {
      assert.deepEqual(readOpening(hello.subarray(0, length)), { kind: 'more' }, `after ${length} bytes`);
    }
  });

  test('may come in several records, and with more behind it', async () => {
    const hello = await helloOf('api.example.com');
    const cut = inRecords(hello, 100);
    assert.deepEqual(readOpening(cut), named('api.example.com'));
    assert.deepEqual(readOpening(cut.subarray(0, -1)), { kind: 'more' });
    assert.deepEqual(
      readOpening(Buffer.concat([hello, Buffer.from('early data')])),
      named('api.example.com'),
    );
  });

  test('in crumbs is not put together', async () => {
    assert.deepEqual(readOpening(inRecords(await helloOf('api.example.com'), 3)), { kind: 'broken' });
  });

  test('of another protocol is plain', () => {
    for (const text of ['GET / HTTP/1.1\r\n', '\0\0\0\x08\x04\xd2\x16\x2f', 'EHLO a']) {
      assert.deepEqual(readOpening(Buffer.from(text, 'latin1')), { kind: 'plain' });
    }
  });

  test('is broken where it cannot be one', () => {
    const cases = [
      Buffer.from([0x16, 3, 1, 0, 0]),
      Buffer.from([0x16, 2, 1, 0, 4, 1, 0, 0, 0]),
      Buffer.from([0x16, 3, 1, 0, 4, 2, 0, 0, 0]), // another message
      Buffer.from([0x16, 3, 1, 0, 4, 1, 0, 0, 0]), // an empty hello
      Buffer.from([0x16, 3, 1, 0, 4, 1, 255, 255, 255]), // 16 MB
    ];
    for (const bytes of cases) assert.deepEqual(readOpening(bytes), { kind: 'broken' });
  });

  test('is broken where it names two servers, or in two ways', async () => {
    const hello = await helloOf('ab.example.com');
    const at = hello.indexOf('ab.example.com');
    // The name becomes two: "ab" + a second entry within the same length.
    const two = Buffer.from(hello);
    two.writeUInt16BE(2, at - 2);
    two[at + 2] = 0;
    two.writeUInt16BE(9, at + 3);
    assert.deepEqual(readOpening(two), { kind: 'broken' });
    const kind = Buffer.from(hello);
    kind[at - 3] = 1;
    assert.deepEqual(readOpening(kind), { kind: 'broken' });
  });

  test('that never ends is given up at the limit', () => {
    const record = Buffer.alloc(MAX_HELLO_BYTES);
    record.set([0x16, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xff]);
    assert.deepEqual(readOpening(record.subarray(0, -1)), { kind: 'more' });
    assert.deepEqual(readOpening(record), { kind: 'broken' });
  });

  test('nothing that chance makes of it throws', async (t) => {
    const seed = testSeed();
    t.diagnostic(`seed ${seed}`);
    const random = seededRandom(seed);
    const hello = await helloOf('api.example.com');
    for (let run = 0; run < 5_000; run++) {
      const bytes = Buffer.from(hello);
      for (let flips = 0; flips < 4; flips++) {
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      }
      readOpening(bytes.subarray(0, Math.floor(random() * bytes.length) + 1));
    }
  });
});
