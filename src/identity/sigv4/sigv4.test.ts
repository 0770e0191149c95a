import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import type { Fault } from '../../base/index.ts';
import { ROOT } from '../principal.ts';
import type { SignedRequest } from '../signed-request.ts';
import { canonicalRequest } from './canonical.ts';
import { sign, signingKey, stringToSign } from './signature.ts';
import { type CredentialSource, verifySignature } from './verify.ts';

const VECTORS = process.env.SKEIN_VECTORS ?? join(import.meta.dirname, '../../../../shared/vectors');
const SUITE = join(VECTORS, 'sigv4');
const sha256 = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');

const ID = 'AKIDEXAMPLE';
const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const NOW = Date.parse('2015-08-30T12:36:00Z');

const credentials: CredentialSource = { find: () => ({ secret: SECRET, principal: ROOT }) };

/** A request as the vectors write it, its characters being bytes. */
function readRequest(text: string): SignedRequest & { readonly body: Buffer } {
  const [head = '', ...rest] = text.split(/\r?\n\r?\n/);
  const [line = '', ...lines] = head.split(/\r?\n/);
  const rawHeaders: string[] = [];
  for (const header of lines) {
    if (/^\s/.test(header)) rawHeaders[rawHeaders.length - 1] += `\n${header}`;
    else rawHeaders.push(header.slice(0, header.indexOf(':')), header.slice(header.indexOf(':') + 1));
  }
  const body = Buffer.from(rest.join('\n\n'), 'latin1');
  const method = line.slice(0, line.indexOf(' '));
  const url = line.slice(method.length + 1, line.lastIndexOf(' HTTP'));
  return { method, url, rawHeaders, bodySha256: sha256(body), body };
}

suite('the published signature cases', () => {
  const skip = existsSync(SUITE) ? false : `there are no vectors at ${SUITE} (set SKEIN_VECTORS)`;
  const files = skip === false ? globSync(join(SUITE, '**/*.req')).sort() : [];

  test('are there', { skip }, () => assert.equal(files.length >= 34, true, `${files.length}`));

  for (const file of files) {
    const name = basename(file, '.req');
    const read = (ending: string) =>
      readFileSync(join(dirname(file), `${name}.${ending}`), 'latin1').replaceAll('\r', '');
    const sent = join(dirname(file), `${name}.sreq`);
    test(name, () => {
      // one case names its token only in what was sent
      const token = /^x-amz-security-token:.*$/im.exec(read(existsSync(sent) ? 'sreq' : 'req'))?.[0];
      const unsigned = read('req');
      const authorization = read('authz');
      const isIn =
        token === undefined || unsigned.includes(token) || !authorization.includes('security-token');
      const request = readRequest(isIn ? unsigned : `${unsigned}\n${token}`);
      const signedHeaders = (/SignedHeaders=([^,]+)/.exec(authorization)?.[1] ?? '').split(';');
      const canonical = canonicalRequest({
        ...request,
        ...{ signedHeaders, payload: request.bodySha256 ?? '', pathAsIs: false },
      });
      assert.equal(canonical, read('creq'));
      const scope = '20150830/us-east-1/service/aws4_request';
      const toSign = stringToSign({ timestamp: '20150830T123600Z', scope, canonical });
      // that same case's hash has 66 digits and its signature 62: no SHA-256 has
      if (!/\n[0-9a-f]{64}$/.test(read('sts'))) return;
      assert.equal(toSign, read('sts'));
      const key = signingKey({ secret: SECRET, day: '20150830', region: 'us-east-1', service: 'service' });
      assert.equal(sign(key, toSign), /Signature=(\w+)/.exec(authorization)?.[1]);
      const signed = { ...request, rawHeaders: [...request.rawHeaders, 'Authorization', authorization] };
      assert.equal(
        verifySignature(signed, { services: ['service'], nowMs: NOW }, credentials).principal,
        ROOT,
      );
    });
  }
});

interface Change {
  readonly method?: string;
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
  readonly nowMs?: number;
  readonly scope?: Partial<Record<'day' | 'region' | 'service' | 'end', string>>;
  readonly authorization?: (text: string) => string;
}

/** A request that is signed well, and then changed. */
function signedRequest({
  scope = {},
  authorization = (text) => text,
  ...change
}: Change = {}): SignedRequest {
  const { day = '20150830', region = 'us-east-1', service = 'lambda', end = 'aws4_request' } = scope;
  const headers = ['Host', 'localhost', 'X-Amz-Date', '20150830T123600Z'];
  const canonical = canonicalRequest({
    ...{ method: 'POST', url: '/2015-03-31/functions', rawHeaders: headers, payload: sha256('{}') },
    ...{ signedHeaders: ['host', 'x-amz-date'], pathAsIs: false },
  });
  const named = `${day}/${region}/${service}/${end}`;
  const toSign = stringToSign({ timestamp: '20150830T123600Z', scope: named, canonical });
  const signature = sign(signingKey({ secret: SECRET, day, region, service }), toSign);
  const text = `AWS4-HMAC-SHA256 Credential=${ID}/${named}, SignedHeaders=host;x-amz-date, Signature=${signature}`;
  const all = { Host: 'localhost', 'X-Amz-Date': '20150830T123600Z', Authorization: authorization(text) };
  const rawHeaders = Object.entries({ ...all, ...change.headers }).flatMap(([name, value]) =>
    value === undefined ? [] : [name, value],
  );
  return {
    method: change.method ?? 'POST',
    url: change.url ?? '/2015-03-31/functions',
    rawHeaders,
    bodySha256: sha256(change.body ?? '{}'),
  };
}

function refusal(request: SignedRequest, nowMs = NOW): string {
  try {
    verifySignature(request, { services: ['lambda'], nowMs }, credentials);
    return 'accepted';
  } catch (error) {
    return `${(error as Fault).code}: ${(error as Fault).message.split('\n')[0]}`;
  }
}

const MISMATCH =
  'signature-invalid: The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';
const MINUTE = 60_000;

suite('a request whose body has not been read', () => {
  const before = (change: Change, nowMs = NOW) => {
    const options = { services: ['lambda'], nowMs, headOnly: true };
    const request = { ...signedRequest(change), bodySha256: null };
    try {
      return verifySignature(request, options, credentials).bodyCheck;
    } catch (error) {
      return (error as Fault).code;
    }
  };

  test('is refused for what no body could make right', () => {
    assert.equal(before({}), null);
    assert.equal(before({}, NOW + 60 * MINUTE), 'signature-invalid');
    assert.equal(before({ scope: { service: 's3' } }), 'signature-invalid');
    assert.equal(before({ headers: { Authorization: undefined } }), 'signature-missing');
  });

  test('is refused for a wrong signature where its head says what the body will be', () => {
    const change = { headers: { 'X-Amz-Content-Sha256': sha256('another') } };
    assert.equal(before(change), 'signature-invalid');
    assert.notEqual(before({ headers: { 'X-Amz-Content-Sha256': sha256('{}') } }), 'signature-invalid');
  });
});

suite('a request that is not as it was signed', () => {
  const CASES: readonly (readonly [string, SignedRequest, number, string | RegExp])[] = [
    ['as signed', signedRequest(), NOW, 'accepted'],
    ['another method', signedRequest({ method: 'PUT' }), NOW, MISMATCH],
    ['another path', signedRequest({ url: '/2015-03-31/functions/a' }), NOW, MISMATCH],
    ['another query', signedRequest({ url: '/2015-03-31/functions?a=b' }), NOW, MISMATCH],
    ['another body', signedRequest({ body: '[]' }), NOW, MISMATCH],
    ['another signed header', signedRequest({ headers: { Host: 'evil' } }), NOW, MISMATCH],
    [
      'another header that was not signed',
      signedRequest({ headers: { 'User-Agent': 'x' } }),
      NOW,
      'accepted',
    ],
    ['a signature of another length', signedRequest({ authorization: (text) => `${text}0` }), NOW, MISMATCH],
    ['15 minutes late', signedRequest(), NOW + 15 * MINUTE, 'accepted'],
    [
      'a second later',
      signedRequest(),
      NOW + 15 * MINUTE + 1_000,
      'signature-invalid: Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T125101Z - 15 min.)',
    ],
    [
      'from the future',
      signedRequest(),
      NOW - 16 * MINUTE,
      'signature-invalid: Signature not yet current: 20150830T123600Z is still later than 20150830T123500Z (20150830T122000Z + 15 min.)',
    ],
    [
      'of another region',
      signedRequest({ scope: { region: 'eu-west-1' } }),
      NOW,
      "signature-invalid: Credential should be scoped to a valid region, not 'eu-west-1'. ",
    ],
    [
      'of another service',
      signedRequest({ scope: { service: 's3' } }),
      NOW,
      "signature-invalid: Credential should be scoped to correct service: 'lambda'. ",
    ],
    [
      'of another day',
      signedRequest({ scope: { day: '20150829' } }),
      NOW,
      "signature-invalid: Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150829' != '20150830', from '20150830T123600Z'.",
    ],
    [
      'with another end of its scope',
      signedRequest({ scope: { end: 'aws4' } }),
      NOW,
      "signature-incomplete: Credential should be scoped with a valid terminator: 'aws4_request', not 'aws4'.",
    ],
    [
      'without anything',
      signedRequest({ headers: { Authorization: undefined } }),
      NOW,
      'signature-missing: Missing Authentication Token',
    ],
    [
      'without parts',
      signedRequest({ headers: { Authorization: 'AWS4-HMAC-SHA256 a=b', 'X-Amz-Date': undefined } }),
      NOW,
      /^signature-incomplete: Authorization header requires 'Credential' parameter\. Authorization header requires 'Signature' parameter\. Authorization header requires 'SignedHeaders' parameter\. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header\. /,
    ],
    [
      'without an equals sign',
      signedRequest({ headers: { Authorization: 'AWS4-HMAC-SHA256 abc' } }),
      NOW,
      /^signature-incomplete: 'abc' not a valid key=value pair \(missing equal-sign\) in Authorization header /,
    ],
    [
      'with a short credential',
      signedRequest({ authorization: (text) => text.replace('/lambda', '') }),
      NOW,
      /^signature-incomplete: Credential must have exactly 5 slash-delimited elements/,
    ],
    [
      'without its host',
      signedRequest({ authorization: (text) => text.replace('host;', '') }),
      NOW,
      /^signature-incomplete: 'Host' or ':authority' must be a 'SignedHeader'/,
    ],
    [
      'with a date in another form',
      signedRequest({ headers: { 'X-Amz-Date': '2015-08-30' } }),
      NOW,
      /^signature-incomplete: Date must be in ISO-8601 'basic format'\. Got '2015-08-30'/,
    ],
    [
      'with a bearer token',
      signedRequest({ headers: { Authorization: 'Bearer x' } }),
      NOW,
      /^signature-incomplete/,
    ],
  ];
  for (const [name, request, nowMs, expected] of CASES) {
    test(name, () => {
      if (typeof expected === 'string') assert.equal(refusal(request, nowMs), expected);
      else assert.match(refusal(request, nowMs), expected);
    });
  }

  test('tells the canonical request and the string to sign, so that a client can be mended', () => {
    assert.throws(
      () => verifySignature(signedRequest({ method: 'PUT' }), { services: null, nowMs: NOW }, credentials),
      /The Canonical String for this request should have been\n'PUT\n\/2015-03-31\/functions\n.*The String-to-Sign should have been\n'AWS4-HMAC-SHA256\n/s,
    );
  });
});

function presigned(expires: string, service = 'lambda'): SignedRequest {
  const scope = `20150830/us-east-1/${service}/aws4_request`;
  const query = new URLSearchParams({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${ID}/${scope}`,
    'X-Amz-Date': '20150830T123600Z',
    'X-Amz-Expires': expires,
    'X-Amz-SignedHeaders': 'host',
  });
  const url = `/a%20b?${query}`;
  const rawHeaders = ['Host', 'localhost'];
  const payload = service === 's3' ? 'UNSIGNED-PAYLOAD' : sha256('');
  const canonical = canonicalRequest({
    ...{ method: 'GET', url, rawHeaders, payload, signedHeaders: ['host'], pathAsIs: service === 's3' },
  });
  const key = signingKey({ secret: SECRET, day: '20150830', region: 'us-east-1', service });
  const signature = sign(key, stringToSign({ timestamp: '20150830T123600Z', scope, canonical }));
  return { method: 'GET', url: `${url}&X-Amz-Signature=${signature}`, rawHeaders, bodySha256: sha256('') };
}

suite('a signed URL', () => {
  test('is good until it expires', () => {
    const signed = verifySignature(presigned('60'), { services: null, nowMs: NOW + MINUTE }, credentials);
    assert.deepEqual(signed.signed, {
      accessKeyId: ID,
      service: 'lambda',
      region: 'us-east-1',
      presigned: true,
    });
    assert.equal(
      refusal(presigned('60'), NOW + MINUTE + 1_000),
      'signature-invalid: Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T123701Z - 1 min.)',
    );
  });

  test('of a bucket leaves its body unsigned and its path as it is', () => {
    const request = { ...presigned('60', 's3'), bodySha256: null };
    assert.equal(verifySignature(request, { services: ['s3'], nowMs: NOW }, credentials).bodyCheck, null);
  });

  test('may be good for a week at most, and lacks no part', () => {
    assert.match(refusal(presigned('604801')), /^signature-incomplete: .*604800 seconds/);
    assert.match(refusal(presigned('-1')), /^signature-incomplete/);
    const { url, ...rest } = presigned('60');
    assert.match(
      refusal({ ...rest, url: url.replace(/&X-Amz-Signature=\w+/, '') }),
      /^signature-incomplete: AWS query-string parameters must include 'X-Amz-Algorithm'/,
    );
    assert.equal(refusal({ ...rest, url: `${url}&more=1` }), MISMATCH);
  });
});
