import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type IdempotencyRule, jsonPathSteps } from '../../model/index.ts';
import { keyOfEvent } from './key.ts';

const rule = (from: IdempotencyRule['from'], name: string): IdempotencyRule => ({
  from,
  name,
  windowMs: 60_000,
});
const request = (body: string, more: object = {}) =>
  JSON.stringify({
    headers: { 'idempotency-key': 'k1' },
    requestContext: { http: { method: 'POST' } },
    body,
    ...more,
  });

suite('the idempotency key of an event', () => {
  for (const [what, from, name, event, expected] of [
    ['a value', 'jsonpath', '$.detail.id', '{"detail":{"id":"a7"}}', 'a7'],
    ['a number', 'jsonpath', '$.ids[1]', '{"ids":[1,25]}', '25'],
    ['an object', 'jsonpath', "$['a b']", '{"a b":{"x":1}}', '{"x":1}'],
    ['the whole event', 'jsonpath', '$', '"text"', 'text'],
    ['nothing there', 'jsonpath', '$.id', '{"other":1}', null],
    ['null', 'jsonpath', '$.id', '{"id":null}', null],
    ['what is inherited', 'jsonpath', '$.constructor.name', '{}', null],
    ['no JSON', 'jsonpath', '$.id', 'not json', null],
    ['a header', 'header', 'Idempotency-Key', request(''), 'k1'],
    ['no such header', 'header', 'X-Other', request(''), null],
    ['a header where there are none', 'header', 'X', '{"headers":"no"}', null],
    ['the body of a request', 'jsonpath', '$.id', request('{"id":"in the body"}'), 'in the body'],
    [
      'a body in base64',
      'jsonpath',
      '$.id',
      request(Buffer.from('{"id":7}').toString('base64'), { isBase64Encoded: true }),
      '7',
    ],
    ['no body', 'jsonpath', '$.id', request(''), null],
  ] as const) {
    test(`${what} by ${from} ${name}`, () => assert.equal(keyOfEvent(rule(from, name), event), expected));
  }

  test('that is long, or no text, is known by its digest', () => {
    const long = keyOfEvent(rule('jsonpath', '$.id'), JSON.stringify({ id: 'x'.repeat(300) }));
    assert.match(String(long), /^sha256:[0-9a-f]{64}$/);
    assert.match(String(keyOfEvent(rule('jsonpath', '$.id'), '{"id":"a\\u0000"}')), /^sha256:/);
  });

  test('is not looked for where the path is none', () => {
    assert.deepEqual(jsonPathSteps('$.a[0]["b c"].d-e'), ['a', 0, 'b c', 'd-e']);
    for (const path of ['id', '$id', '$.', '$.a[*]', '$..a', '$.a[?(@.b)]', '$.a ']) {
      assert.equal(jsonPathSteps(path), null, path);
    }
  });
});
