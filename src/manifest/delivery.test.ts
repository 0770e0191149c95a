import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Fault } from '../base/index.ts';
import { functionArn, queueArn } from '../model/index.ts';
import { parseManifest } from './manifest.ts';

const FUNCTION = 'runtime: nodejs24.x, handler: a.b, code: .';
const manifest = (keys: string, others = '') =>
  `app: shop\nfunctions:\n  orders: { ${FUNCTION}, ${keys} }\n  mail: { ${FUNCTION}${others} }\n`;
const parse = (keys: string, others?: string) =>
  parseManifest(manifest(keys, others), { file: 'skein.yaml' }).app.functions[0]?.config.events;
const NOTHING = { retries: null, maxAgeMs: null, onSuccess: null, onFailure: null, deadLetter: null };

suite('what happens to events, in a manifest', () => {
  test('is read, with functions by key or name and queues by key or ARN', () => {
    assert.equal(parse('retries: 0')?.retries, 0);
    assert.equal(parse('timeout: 5s'), null);
    assert.deepEqual(parse('maxAge: 1h, deadLetter: failed'), {
      ...NOTHING,
      maxAgeMs: 3_600_000,
      deadLetter: queueArn('shop-failed'),
    });
    assert.deepEqual(parse('destinations: { success: { function: mail }, failure: { queue: failed } }'), {
      ...NOTHING,
      onSuccess: functionArn('shop-mail'),
      onFailure: queueArn('shop-failed'),
    });
    assert.equal(
      parse(`destinations: { failure: { queue: "${queueArn('others')}" } }`)?.onFailure,
      queueArn('others'),
    );
    assert.equal(
      parse('destinations: { failure: { function: Other_Function } }')?.onFailure,
      functionArn('Other_Function'),
    );
  });

  for (const [keys, message, others] of [
    ['retries: 3', /retries: must be a whole number of retries from 0 to 2/],
    ['maxAge: 7h', /maxAge: 7h is out of range/],
    ['deadLetter: jobs.fifo', /deadLetter: "jobs.fifo" is not the key of a queue/],
    ['destinations: { success: mail }', /destinations\.success: must be a destination such as/],
    ['destinations: { success: {} }', /names `function` or `queue`, one of the two/],
    ['destinations: { success: { topic: t } }', /`topic` is not available/],
    ['destinations: { always: { queue: q } }', /destinations\.always/],
    [
      'destinations: { success: { function: orders } }',
      /orders\.destinations\.success\.function: leads back to the function itself/,
    ],
    [
      'destinations: { success: { function: mail } }',
      /orders\.destinations\.success\.function: leads back/,
      ', destinations: { success: { function: shop-orders } }',
    ],
  ] as const) {
    test(`${keys}${others ?? ''} is refused`, () =>
      assert.throws(
        () => parse(keys, others),
        (error) => error instanceof Fault && message.test(error.message),
      ));
  }

  test('what leads back only when the other fails is no loop', () => {
    const back = ', destinations: { failure: { function: orders } }';
    assert.ok(parse('destinations: { success: { function: mail } }', back));
  });
});
