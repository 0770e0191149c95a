import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { suite, test } from 'node:test';
import { ROOT } from '../principal.ts';
import type { SignedRequest } from '../signed-request.ts';
import { chunkReader, wholeBodyReader } from './payload.ts';
import { signingKey } from './signature.ts';
import { type CredentialSource, verifySignature } from './verify.ts';

suite('a body that is signed on its own', () => {
  // The example of Amazon S3's documentation: 66,560 bytes of "a" in chunks of 64 KB.
  const DOCUMENTED = {
    id: 'AKIAIOSFODNN7EXAMPLE',
    secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    seed: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
    signatures: [
      'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
      '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
      'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
    ],
  };
  const request: SignedRequest = {
    method: 'PUT',
    url: '/examplebucket/chunkObject.txt',
    rawHeaders: [
      ...['Host', 's3.amazonaws.com', 'x-amz-date', '20130524T000000Z'],
      ...['x-amz-storage-class', 'REDUCED_REDUNDANCY', 'Content-Encoding', 'aws-chunked'],
      ...['x-amz-content-sha256', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'],
      ...['x-amz-decoded-content-length', '66560', 'Content-Length', '66824'],
      'Authorization',
      `AWS4-HMAC-SHA256 Credential=${DOCUMENTED.id}/20130524/us-east-1/s3/aws4_request,SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class,Signature=${DOCUMENTED.seed}`,
    ],
    bodySha256: null,
  };
  const chunk = (data: string, signature: string) =>
    `${data.length.toString(16)};chunk-signature=${signature}\r\n${data}\r\n`;
  const [first = '', second = '', last = ''] = DOCUMENTED.signatures;
  const body = chunk('a'.repeat(65_536), first) + chunk('a'.repeat(1_024), second) + chunk('', last);

  function open() {
    const source: CredentialSource = { find: () => ({ secret: DOCUMENTED.secret, principal: ROOT }) };
    const nowMs = Date.parse('2013-05-24T00:00:00Z');
    const { bodyCheck } = verifySignature(request, { services: ['s3'], nowMs }, source);
    assert.ok(bodyCheck);
    return bodyCheck();
  }

  async function readThrough(text: string, pieceBytes: number): Promise<Buffer> {
    const bytes = Buffer.from(text, 'latin1');
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += pieceBytes) pieces.push(bytes.subarray(at, at + pieceBytes));
    const parts: Buffer[] = [];
    for await (const part of Readable.from(pieces).compose(open())) parts.push(part as Buffer);
    return Buffer.concat(parts);
  }

  test('is read in pieces of any size, as AWS documents it', async () => {
    for (const pieceBytes of [7, 1_000, 65_620, 100_000]) {
      assert.equal((await readThrough(body, pieceBytes)).toString(), 'a'.repeat(66_560));
    }
  });

  test('is not accepted by who has read it as it came', () => {
    const source: CredentialSource = { find: () => ({ secret: DOCUMENTED.secret, principal: ROOT }) };
    const nowMs = Date.parse('2013-05-24T00:00:00Z');
    const read = { ...request, bodySha256: createHash('sha256').update(body).digest('hex') };
    assert.throws(() => verifySignature(read, { services: ['s3'], nowMs }, source), /is not accepted/);
  });

  test('fails where a byte, a signature, the order or the end is another', async () => {
    const wrong: readonly (readonly [string, RegExp])[] = [
      [body.replace('aaaa', 'aaab'), /does not match the signature/],
      [body.replace(second, first), /does not match the signature/],
      [chunk('a'.repeat(1_024), second) + chunk('', last), /does not match the signature/],
      [body.slice(0, -100), /ends before its last chunk/],
      [body.replace('400;', '3ff;'), /does not match the signature/],
      [`${body}x\r\n`, /bytes follow the last chunk/],
      ['zz\r\n', /no valid header/],
      ['5\r\nhello\r\n', /no valid header/],
      ['1'.repeat(5_000), /too long/],
    ];
    for (const [text, message] of wrong) await assert.rejects(readThrough(text, 4_096), message);
  });

  // The example of the same documentation with trailers.
  const TRAILED = {
    seed: '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
    chunks: [
      'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
      '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
      '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
    ],
    trailer: 'd81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435',
  };
  const trailed = (crc = 'sOO8/Q==') =>
    `${chunk('a'.repeat(65_536), TRAILED.chunks[0] ?? '')}${chunk('a'.repeat(1_024), TRAILED.chunks[1] ?? '')}` +
    `0;chunk-signature=${TRAILED.chunks[2]}\r\nx-amz-checksum-crc32c:${crc}\r\nx-amz-trailer-signature:${TRAILED.trailer}\r\n\r\n`;

  async function readTrailed(text: string, kind: string): Promise<{ bytes: number; trailers: unknown }> {
    const day = { day: '20130524', region: 'us-east-1', service: 's3' };
    const reader = chunkReader({
      ...{ kind, key: signingKey({ secret: DOCUMENTED.secret, ...day }), seed: TRAILED.seed },
      ...{ timestamp: '20130524T000000Z', scope: '20130524/us-east-1/s3/aws4_request', decodedBytes: null },
    });
    let trailers: unknown = null;
    reader.once('trailers', (found) => {
      trailers = found;
    });
    let bytes = 0;
    for await (const part of Readable.from([Buffer.from(text)]).compose(reader))
      bytes += (part as Buffer).length;
    return { bytes, trailers };
  }

  test('may have signed trailers', async () => {
    const kind = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER';
    const trailers = { 'x-amz-checksum-crc32c': 'sOO8/Q==' };
    assert.deepEqual(await readTrailed(trailed(), kind), { bytes: 66_560, trailers });
    await assert.rejects(readTrailed(trailed('AAAAAA=='), kind), /does not match the signature/);
    await assert.rejects(
      readTrailed(trailed().replace(/x-amz-trailer.*\r\n\r\n/, '\r\n'), kind),
      /does not match/,
    );
  });

  test('may be unsigned, with trailers', async () => {
    const text = '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n';
    assert.deepEqual(await readTrailed(text, 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'), {
      bytes: 5,
      trailers: { 'x-amz-checksum-crc32': 'NhCmhg==' },
    });
    await assert.rejects(readTrailed('5\r\nhell', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'), /ends before/);
  });

  test('is read by its hash where that was signed ahead', async () => {
    const read = async (text: string) => {
      for await (const _ of Readable.from([Buffer.from(text)]).compose(
        wholeBodyReader(createHash('sha256').update('hello').digest('hex')),
      ));
    };
    await read('hello');
    await assert.rejects(read('hellO'), /does not match what was computed/);
  });
});
