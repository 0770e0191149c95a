import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseFunctionReference } from './arn.ts';

const ACCOUNT = '000000000000';

suite('the ways to name a function', () => {
  for (const [text, region, accountId, name, qualifier] of [
    ['orders', null, null, 'orders', null],
    ['orders:live', null, null, 'orders', 'live'],
    ['orders:7', null, null, 'orders', '7'],
    ['orders:$LATEST', null, null, 'orders', '$LATEST'],
    ['function:orders', null, null, 'orders', null],
    [`${ACCOUNT}:orders`, null, ACCOUNT, 'orders', null],
    [`${ACCOUNT}:function:orders`, null, ACCOUNT, 'orders', null],
    [`${ACCOUNT}:function:orders:live`, null, ACCOUNT, 'orders', 'live'],
    [`us-east-1:${ACCOUNT}:function:orders`, 'us-east-1', ACCOUNT, 'orders', null],
    [`arn:aws:lambda:us-east-1:${ACCOUNT}:function:orders`, 'us-east-1', ACCOUNT, 'orders', null],
    [`arn:aws:lambda:us-east-1:${ACCOUNT}:function:orders:live`, 'us-east-1', ACCOUNT, 'orders', 'live'],
    [`arn:aws-us-gov:lambda:us-gov-west-1:${ACCOUNT}:function:a`, 'us-gov-west-1', ACCOUNT, 'a', null],
  ] as const) {
    test(text, () => {
      assert.deepEqual(parseFunctionReference(text), { region, accountId, name, qualifier });
    });
  }

  for (const text of [
    '',
    'a b',
    'orders:',
    'orders:a b',
    'orders:live:2',
    'arn:aws:s3:::bucket',
    'a.b',
    ':x',
  ]) {
    test(`${JSON.stringify(text)} names none`, () => {
      assert.equal(parseFunctionReference(text), null);
    });
  }
});
