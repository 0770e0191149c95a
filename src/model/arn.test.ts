import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseFunctionReference, parseQueueArn } from './arn.ts';
import { queueArn } from './names.ts';

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

suite('the ARNs of queues', () => {
  test('name a queue of this account and region', () => {
    assert.equal(queueArn('jobs.fifo'), `arn:aws:sqs:us-east-1:${ACCOUNT}:jobs.fifo`);
    assert.equal(parseQueueArn(queueArn('jobs.fifo')), 'jobs.fifo');
    assert.equal(parseQueueArn(queueArn('jobs_2')), 'jobs_2');
  });

  for (const text of [
    'jobs',
    `arn:aws:sqs:eu-west-1:${ACCOUNT}:jobs`,
    'arn:aws:sqs:us-east-1:123456789012:jobs',
    `arn:aws:sqs:us-east-1:${ACCOUNT}:a b`,
    `arn:aws:sqs:us-east-1:${ACCOUNT}:jobs:2`,
    `arn:aws:lambda:us-east-1:${ACCOUNT}:jobs`,
  ]) {
    test(`${text} names none`, () => assert.equal(parseQueueArn(text), null));
  }
});
