import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { answerOf, MalformedResult } from './answer.ts';

const DEFAULT = 'text/plain; charset=utf-8';
const answer = (result: unknown) => answerOf(Buffer.from(JSON.stringify(result)), DEFAULT);

suite('a result as an answer', () => {
  const whole: readonly [name: string, result: unknown, body: string][] = [
    ['an object', { message: 'hi' }, '{"message":"hi"}'],
    ['a string', 'hi', '"hi"'],
    ['a number', 7, '7'],
    ['null', null, 'null'],
    ['a list', [{ statusCode: 404 }], '[{"statusCode":404}]'],
  ];
  for (const [name, result, body] of whole) {
    test(`${name} without a status code is the body itself`, () => {
      assert.deepEqual(answer(result), { status: 200, headers: ['content-type', 'application/json'], body });
    });
  }

  test('status, headers, cookies and body are taken as given', () => {
    const result = {
      statusCode: 201,
      headers: {
        'X-Cake': 'plum',
        'content-type': 'text/html',
        'X-Count': 3,
        Connection: 'close',
        'X-None': null,
      },
      cookies: ['a=1', 'b=2; Path=/'],
      body: '<p>made</p>',
    };
    assert.deepEqual(answer(result), {
      status: 201,
      headers: [
        'x-cake',
        'plum',
        'x-count',
        '3',
        'content-type',
        'text/html',
        'set-cookie',
        'a=1',
        'set-cookie',
        'b=2; Path=/',
      ],
      body: '<p>made</p>',
    });
  });

  test('a status code in digits counts, as in the samples of AWS', () => {
    assert.equal(answer({ statusCode: '404' }).status, 404);
  });

  test('an answer that names no type gets the default', () => {
    assert.deepEqual(answer({ statusCode: 200 }), {
      status: 200,
      headers: ['content-type', DEFAULT],
      body: '',
    });
  });

  test('base64 becomes bytes, also in lines', () => {
    const bytes = Buffer.from(Array.from({ length: 100 }, (_, n) => n * 2));
    const inLines = bytes.toString('base64').replace(/(.{20})/g, '$1\n');
    for (const body of [bytes.toString('base64'), inLines]) {
      assert.deepEqual(answer({ statusCode: 200, isBase64Encoded: true, body }).body, bytes);
    }
  });

  test('text beyond ASCII in a header is sent as UTF-8', () => {
    const { headers } = answer({ statusCode: 200, headers: { 'x-cake': 'Käse☃' } });
    assert.equal(Buffer.from(headers[1] ?? '', 'latin1').toString(), 'Käse☃');
  });

  const malformed: readonly [name: string, result: unknown][] = [
    ['a status of 99', { statusCode: 99 }],
    ['a status of 101', { statusCode: 101 }],
    ['a status of 600', { statusCode: 600 }],
    ['a status of 200.5', { statusCode: 200.5 }],
    ['a status of null', { statusCode: null }],
    ['a status in words', { statusCode: 'OK' }],
    ['a line break in a header', { statusCode: 200, headers: { a: 'x\r\nset-cookie: b' } }],
    ['a line break in a cookie', { statusCode: 200, cookies: ['a\nb'] }],
    ['a space in a header name', { statusCode: 200, headers: { 'a b': 'x' } }],
    ['an empty header name', { statusCode: 200, headers: { '': 'x' } }],
    ['a list as a header', { statusCode: 200, headers: { a: ['x'] } }],
    ['headers in a list', { statusCode: 200, headers: ['a'] }],
    ['cookies in a string', { statusCode: 200, cookies: 'a=1' }],
    ['an object as body', { statusCode: 200, body: { a: 1 } }],
    ['a body that is no base64', { statusCode: 200, body: 'not base64!', isBase64Encoded: true }],
  ];
  for (const [name, result] of malformed) {
    test(`${name} is malformed`, () => {
      assert.throws(() => answer(result), MalformedResult);
    });
  }

  test('what is not JSON is malformed', () => {
    assert.throws(() => answerOf(Buffer.from('{oops'), DEFAULT), MalformedResult);
  });
});
