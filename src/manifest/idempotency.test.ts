import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Fault } from '../base/index.ts';
import { parseManifest } from './manifest.ts';

const parse = (text: string) =>
  parseManifest(
    `app: a\nfunctions:\n  f:\n    runtime: nodejs24.x\n    handler: a.b\n    code: .\n    idempotency: ${text}\n`,
    { file: 'skein.yaml' },
  ).app.functions[0]?.config.idempotency;

const DAY_MS = 86_400_000;

suite('idempotency in a manifest', () => {
  for (const [text, expected] of [
    ['header Idempotency-Key', { from: 'header', name: 'Idempotency-Key', windowMs: DAY_MS }],
    ['jsonpath $.detail.id', { from: 'jsonpath', name: '$.detail.id', windowMs: DAY_MS }],
    ['{ header: X-Id, window: 10m }', { from: 'header', name: 'X-Id', windowMs: 600_000 }],
    ['{ jsonpath: "$[\'a b\']" }', { from: 'jsonpath', name: "$['a b']", windowMs: DAY_MS }],
  ] as const) {
    test(text, () => assert.deepEqual(parse(text), expected));
  }

  for (const [text, message] of [
    ['Idempotency-Key', /idempotency: "Idempotency-Key" says nothing about a key; write "header/],
    ['[ header ]', /must be "header Idempotency-Key"/],
    ['header a b', /"a b" is not the name of a header/],
    ['jsonpath $.a[*]', /is not a path such as/],
    ['{ window: 1h }', /needs `header` or `jsonpath`/],
    ['{ header: X, jsonpath: $.a }', /one of the two/],
    ['{ header: X, window: 10s }', /window: 10s is out of range; allowed is 1m to 168h/],
  ] as const) {
    test(`${text} is refused`, () =>
      assert.throws(
        () => parse(text),
        (error) => error instanceof Fault && message.test(error.message),
      ));
  }
});
