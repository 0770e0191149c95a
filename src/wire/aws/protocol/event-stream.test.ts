import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { seededRandom } from '../../../base/index.ts';
import {
  decodeEventMessage,
  decodeEventMessages,
  type EventMessage,
  encodeEventMessage,
} from './event-message.ts';
import { readEvents, writeEvents } from './event-stream.ts';
import { AwsError, readModel } from './index.ts';
import type { Shape } from './shape.ts';

const lambda = readModel('lambda');
const stream = lambda.operation('InvokeWithResponseStream')?.output?.members.get('EventStream') as Shape;

async function* pieces(bytes: Buffer, sizeOf: () => number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const end = at + Math.max(1, sizeOf());
    yield bytes.subarray(at, end);
    at = end;
  }
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  return Array.fromAsync(source);
}

const refused = (words: RegExp) => (error: unknown) =>
  error instanceof AwsError && error.code === 'SerializationException' && words.test(error.message);

suite('the framing of events', () => {
  const headers = {
    text: 'hé',
    yes: true,
    no: false,
    number: -7,
    long: 1n << 40n,
    bytes: Buffer.from([0, 255]),
    when: new Date(1_700_000_000_123),
  };
  const message: EventMessage = { headers, payload: Buffer.from('{"a":1}') };

  test('what is encoded is decoded', () => {
    assert.deepEqual(decodeEventMessage(encodeEventMessage(message)), message);
  });

  test("AWS's own sample: one text header and a payload", () => {
    // from the event stream test vectors of the AWS SDKs: "all headers" shortened to content-type
    const encoded = encodeEventMessage({
      headers: { 'content-type': 'application/json' },
      payload: Buffer.from("{'foo':'bar'}"),
    });
    assert.equal(
      encoded.toString('hex'),
      '0000003d0000002007fd8396' +
        '0c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e' +
        '7b27666f6f273a27626172277d' +
        '8d9c08b1',
    );
  });

  test('any pieces make the same messages', async () => {
    const random = seededRandom(7);
    const bytes = Buffer.concat(
      [message, { headers: {}, payload: Buffer.alloc(0) }, message].map(encodeEventMessage),
    );
    const got = await all(decodeEventMessages(pieces(bytes, () => Math.floor(random() * 20))));
    assert.deepEqual(got, [message, { headers: {}, payload: Buffer.alloc(0) }, message]);
  });

  test('cut off, changed or impossible: refused', async () => {
    const bytes = encodeEventMessage(message);
    for (let end = 1; end < bytes.length; end++) {
      await assert.rejects(
        all(decodeEventMessages(pieces(bytes.subarray(0, end), () => 16))),
        refused(/corrupt/),
      );
    }
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] as number) ^ 1;
      await assert.rejects(all(decodeEventMessages(pieces(changed, () => 64))), refused(/corrupt/));
    }
  });

  test('a message larger than any is not encoded', () => {
    assert.throws(
      () => encodeEventMessage({ headers: {}, payload: Buffer.alloc(25 * 1024 * 1024) }),
      RangeError,
    );
  });
});

suite("a model's events", () => {
  const failureOf = () => new AwsError('InternalFailure', 'broken');
  const written = (events: AsyncIterable<unknown>) =>
    all(writeEvents(events, { shape: stream, format: 'json', failureOf })).then((messages) =>
      messages.map(decodeEventMessage),
    );

  test('a response stream: chunks as bytes, the end as JSON', async () => {
    async function* events() {
      yield { PayloadChunk: { Payload: Buffer.from('hi') } };
      yield { InvokeComplete: { ErrorCode: 'Unhandled', LogResult: 'eA==' } };
    }
    const [chunk, end] = await written(events());
    assert.deepEqual(chunk, {
      headers: {
        ':message-type': 'event',
        ':event-type': 'PayloadChunk',
        ':content-type': 'application/octet-stream',
      },
      payload: Buffer.from('hi'),
    });
    assert.deepEqual(end?.headers, {
      ':message-type': 'event',
      ':event-type': 'InvokeComplete',
      ':content-type': 'application/json',
    });
    assert.deepEqual(JSON.parse(String(end?.payload)), { ErrorCode: 'Unhandled', LogResult: 'eA==' });
  });

  test('what is written is read back, and events of newer clients are passed over', async () => {
    const events = [
      { PayloadChunk: { Payload: Buffer.from('hi') } },
      { InvokeComplete: { ErrorDetails: 'x' } },
    ];
    const bytes = await all(
      writeEvents(
        (async function* () {
          yield* events;
        })(),
        { shape: stream, format: 'json', failureOf },
      ),
    );
    const newer = encodeEventMessage({
      headers: { ':message-type': 'event', ':event-type': 'Newer' },
      payload: Buffer.alloc(0),
    });
    const source = pieces(Buffer.concat([newer, ...bytes]), () => 5);
    assert.deepEqual(await all(readEvents(source, stream, 'json')), events);
  });

  test('a failure in the middle is the last message', async () => {
    async function* failing() {
      yield { PayloadChunk: { Payload: Buffer.from('a') } };
      throw new Error('lost');
    }
    const messages = await written(failing());
    assert.deepEqual(messages[1]?.headers, {
      ':message-type': 'error',
      ':error-code': 'InternalFailure',
      ':error-message': 'broken',
    });
  });
});
