import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { type Random, seededRandom } from '../base/index.ts';
import { buildEvent, type EventSource, isText, requestTime } from './event.ts';

const VECTORS = process.env.SKEIN_VECTORS ?? join(import.meta.dirname, '../../../shared/vectors');

const SOURCE: EventSource = {
  method: 'GET',
  path: '/',
  query: '',
  rawHeaders: ['Host', 'bakery.localhost', 'User-Agent', 'curl/8'],
  added: { host: 'bakery.localhost', 'x-forwarded-for': '1.2.3.4' },
  sourceIp: '1.2.3.4',
  httpVersion: '1.1',
  requestId: 'a-request',
  nowMs: 1_584_039_838_390.7,
  body: null,
  contextHead:
    '{"accountId":"000000000000","apiId":"bakery","domainName":"bakery.localhost","domainPrefix":"bakery","http":{"method":"',
  match: { functionName: 'bakery-orders', routeKey: 'GET /', parameters: null },
};

function eventOf(change: Partial<EventSource>) {
  return JSON.parse(buildEvent({ ...SOURCE, ...change }));
}

suite('an event', () => {
  test('of a plain request has what AWS sends, and nothing more', () => {
    assert.deepEqual(eventOf({}), {
      version: '2.0',
      routeKey: 'GET /',
      rawPath: '/',
      rawQueryString: '',
      headers: { host: 'bakery.localhost', 'user-agent': 'curl/8', 'x-forwarded-for': '1.2.3.4' },
      requestContext: {
        accountId: '000000000000',
        apiId: 'bakery',
        domainName: 'bakery.localhost',
        domainPrefix: 'bakery',
        http: { method: 'GET', path: '/', protocol: 'HTTP/1.1', sourceIp: '1.2.3.4', userAgent: 'curl/8' },
        requestId: 'a-request',
        routeKey: 'GET /',
        stage: '$default',
        time: '12/Mar/2020:19:03:58 +0000',
        timeEpoch: 1584039838390,
      },
      isBase64Encoded: false,
    });
  });

  test('has a decoded path on a route, and the path as sent at a function', () => {
    assert.equal(eventOf({ path: '/a%20b' }).rawPath, '/a b');
    assert.equal(eventOf({ path: '/a%20b', match: null }).rawPath, '/a%20b');
    assert.equal(eventOf({ match: null }).routeKey, '$default');
  });

  test('joins repeated headers, and takes cookies out of them', () => {
    const rawHeaders = ['X-A', '1', 'Cookie', 'a=1; b=2', 'x-a', '2', 'Cookie', 'c=3', '__proto__', 'x'];
    const event = eventOf({ rawHeaders, added: {} });
    assert.deepEqual(Object.entries(event.headers), [
      ['x-a', '1,2'],
      ['__proto__', 'x'],
    ]);
    assert.deepEqual(event.cookies, ['a=1', 'b=2', 'c=3']);
  });

  test('leaves out what belongs to the connection, also what Connection names', () => {
    const rawHeaders = ['Connection', 'X-Hop, Host', 'X-Hop', '1', 'Keep-Alive', '5', 'TE', 'x', 'Host', 'h'];
    assert.deepEqual(eventOf({ rawHeaders, added: {} }).headers, { host: 'h' });
  });

  test('decodes the query and joins repeated keys', () => {
    const event = eventOf({ query: 'a=1&a=2&b=x+y%2Bz&c&=d&bad=%zz&%C3%A9=%C3%A9' });
    assert.deepEqual(event.queryStringParameters, {
      a: '1,2',
      b: 'x y+z',
      c: '',
      '': 'd',
      bad: '%zz',
      é: 'é',
    });
    assert.equal(event.rawQueryString, 'a=1&a=2&b=x+y%2Bz&c&=d&bad=%zz&%C3%A9=%C3%A9');
  });

  test('carries text as text, and all else in base64', () => {
    const body = Buffer.from('{"cake":"é"}');
    const typed = (type: string, bytes = body) =>
      eventOf({ body: bytes, rawHeaders: ['Content-Type', type] });
    assert.equal(typed('application/json').body, '{"cake":"é"}');
    assert.equal(typed('application/octet-stream').body, body.toString('base64'));
    assert.equal(typed('application/octet-stream').isBase64Encoded, true);
    const notUtf8 = Buffer.from([0x7b, 0xff, 0x7d]);
    assert.equal(typed('text/plain', notUtf8).body, notUtf8.toString('base64'));
  });

  test('counts as text what AWS does', () => {
    const text = [
      'text/css',
      'application/JSON; charset=utf-8',
      'application/xml',
      'application/problem+json',
    ];
    for (const type of text) assert.equal(isText(type), true, type);
    const binary = [
      undefined,
      'application/x-www-form-urlencoded',
      'image/png',
      'multipart/form-data; boundary=x',
    ];
    for (const type of binary) assert.equal(isText(type), false, type);
  });

  test('says its time as AWS does, second for second', () => {
    assert.equal(requestTime(0), '01/Jan/1970:00:00:00 +0000');
    assert.equal(requestTime(1_584_039_838_999), '12/Mar/2020:19:03:58 +0000');
    assert.equal(requestTime(1_584_039_839_000), '12/Mar/2020:19:03:59 +0000');
  });

  test('is valid JSON and gives every part back, whatever the request says', (t) => {
    const seed = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
    t.diagnostic(`seed ${seed}`);
    const random = seededRandom(seed);
    for (let run = 0; run < 500; run++) checkRandomEvent(random);
  });
});

/** Bytes a header may hold, with those that JSON must escape. */
const HEADER_CHARS = ['"', '\\', '\t', '<', 'é', 'ÿ', '{', ',', 'a', ' ', '\u007f'];
const QUERY_CHARS = ['"', '\\', '%', '+', 'é', '=', 'a', '%22', '%5C', '%00', '\u2028'];

function randomText(random: Random, chars: readonly string[]): string {
  return Array.from(
    { length: Math.floor(random() * 12) },
    () => chars[Math.floor(random() * chars.length)],
  ).join('');
}

function checkRandomEvent(random: Random): void {
  const headers = Array.from({ length: Math.floor(random() * 6) }, (_, n) => [
    `X-${n}`,
    randomText(random, HEADER_CHARS),
  ]);
  const query = randomText(random, QUERY_CHARS);
  const path = `/${randomText(random, QUERY_CHARS)}`;
  const value = randomText(random, HEADER_CHARS);
  const bytes = Buffer.from(
    Array.from({ length: Math.floor(random() * 20) + 1 }, () => Math.floor(random() * 256)),
  );
  const event = eventOf({
    rawHeaders: [...headers.flat(), 'Content-Type', random() < 0.5 ? 'text/plain' : 'image/png'],
    added: {},
    query,
    path,
    body: bytes,
    match: { functionName: 'f', routeKey: 'GET /{"}', parameters: [['"', value]] },
  });
  for (const [name = '', text] of headers) assert.equal(event.headers[name.toLowerCase()], text);
  assert.equal(event.rawQueryString, query);
  assert.equal(event.pathParameters['"'], value);
  assert.deepEqual(Buffer.from(event.body, event.isBase64Encoded ? 'base64' : 'utf8'), bytes);
  assert.equal(eventOf({ path, match: null }).rawPath, path);
}

suite('the form of an event', () => {
  const skip = existsSync(VECTORS) ? false : `there are no vectors at ${VECTORS} (set SKEIN_VECTORS)`;
  const vector = (name: string) => JSON.parse(readFileSync(join(VECTORS, 'lambda-events/go', name), 'utf8'));

  test('has the keys and types of a recorded HTTP API event', { skip }, () => {
    const recorded = vector('apigw-v2-request-no-authorizer.json');
    delete recorded.requestContext.authentication; // of mutual TLS, which the recorded API used
    assert.deepEqual(shape(eventOf({})), shape(recorded));
  });

  test('has the keys and types of a function URL event', { skip }, () => {
    const recorded = vector('lambda-urls-request.json');
    delete recorded.requestContext.authorizer; // the recorded URL asked for IAM
    const event = eventOf({
      match: null,
      query: 'a=1',
      rawHeaders: ['Cookie', 'a=1', 'User-Agent', 'agent', 'Content-Type', 'text/plain'],
      body: Buffer.from('x'),
    });
    // AWS sends both keys as placeholders; the recorded sample was shortened.
    for (const part of [event, event.requestContext]) {
      assert.equal(part.routeKey, '$default');
      delete part.routeKey;
    }
    delete event.requestContext.stage;
    assert.deepEqual(shape(event), shape(recorded));
  });
});

/** Keys and types; headers and parameters are the caller's, so only that they are maps. */
function shape(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return 'array';
  if (typeof value !== 'object' || value === null) return typeof value;
  if (['headers', 'queryStringParameters', 'pathParameters'].includes(key)) return 'map';
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, shape(part, name)]));
}
