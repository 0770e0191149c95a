import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { seededRandom } from '../../base/index.ts';
import { decodeError, encodeFrame, encodeInvoke, frameReader, ProtocolError } from './frames.ts';

suite('frames', () => {
  test('come out whole and in order, however their bytes are cut', (t) => {
    const seed = Number(process.env.TEST_SEED ?? 1 + (Date.now() % 1_000_000));
    t.diagnostic(`seed ${seed}`);
    const random = seededRandom(seed);
    for (let run = 0; run < 200; run++) {
      const texts = Array.from({ length: 8 }, (_, i) => `${i}${'é'.repeat(Math.floor(random() * 40))}`);
      const bytes = Buffer.concat(texts.map((text, i) => encodeFrame(i + 1, text)));
      const seen: string[] = [];
      const read = frameReader(1000, (kind, payload) => seen.push(`${kind}:${payload}`));
      for (let at = 0; at < bytes.length; ) {
        const end = at + 1 + Math.floor(random() * 30);
        read(bytes.subarray(at, end));
        at = end;
      }
      assert.deepEqual(
        seen,
        texts.map((text, i) => `${i + 1}:${text}`),
      );
    }
  });

  test('a frame above the limit is refused before its bytes are held', () => {
    const read = frameReader(10, () => assert.fail('no frame'));
    assert.throws(() => read(Buffer.from([0, 0, 0, 11, 4])), ProtocolError);
  });

  test('an event given as bytes is not copied', () => {
    const event = Buffer.from('{"a":1}');
    const work = {
      requestId: 'r',
      event,
      deadlineMs: 5,
      functionArn: 'arn',
      traceId: null,
      clientContext: '{}',
    };
    const [head, body] = encodeInvoke(work);
    assert.equal(body, event);
    const seen: Buffer[] = [];
    const read = frameReader(100, (_kind, payload) => seen.push(payload));
    read(Buffer.concat([head, event]));
    assert.equal(seen[0]?.readDoubleBE(0), 5);
    assert.equal(seen[0]?.toString('utf8', 12), 'r\narn\n\n{}{"a":1}');
    assert.deepEqual(
      Buffer.concat(encodeInvoke({ ...work, event: '{"a":1}' })),
      Buffer.concat([head, event]),
    );
  });

  test('an error whose type is cut off is refused', () => {
    assert.throws(() => decodeError(Buffer.from([0])), ProtocolError);
    assert.throws(() => decodeError(Buffer.from([0, 9, 65])), ProtocolError);
    assert.equal(decodeError(Buffer.from([0, 1, 65, 123, 125])).errorType, 'A');
  });

  test('an error’s type is cut where it is too long for a name', () => {
    const frame = Buffer.concat([Buffer.from([255, 255]), Buffer.alloc(65_535, 'x'), Buffer.from('{}')]);
    const { errorType, payload } = decodeError(frame);
    assert.equal(errorType, 'x'.repeat(256));
    assert.equal(payload.toString(), '{}');
  });
});
