import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { queueArn } from '../model/index.ts';
import { configByHand, functionByHand, versionByHand } from '../model/testing.ts';
import { manifestLine, roleStatements } from './function-rights.ts';

const cart = functionByHand({
  name: 'shop-cart',
  versions: new Map([
    [
      1,
      versionByHand({
        version: 1,
        config: configByHand({
          uses: [
            { function: 'shop-price', allow: ['invoke'] },
            { queue: 'shop-receipts', allow: ['send'] },
          ],
        }),
      }),
    ],
  ]),
});
const trigger = {
  ...{
    id: 't',
    app: 'shop',
    functionName: 'shop-cart',
    qualifier: 'live',
    source: queueArn('shop-jobs.fifo'),
  },
  ...{ enabled: true, settings: {}, tags: {}, modifiedAtMs: 0 },
};
const functions = new Map([[cart.name, cart]]);

interface Statement {
  readonly Action: readonly string[];
  readonly Resource: string;
}

suite('the role that a function has of its own', () => {
  test('allows what its manifest entry names, and nothing else', () => {
    const made = roleStatements(
      { functions, triggers: new Map([['t', trigger]]) },
      'shop-cart',
    ) as Statement[];
    const [call, jobs, receipts] = made;
    assert.equal(made.length, 3);
    assert.deepEqual(call?.Action, ['lambda:InvokeFunction', 'lambda:InvokeFunctionUrl']);
    assert.equal(jobs?.Resource, 'arn:aws:sqs:us-east-1:000000000000:shop-jobs.fifo');
    assert.ok(jobs.Action.includes('sqs:DeleteMessage') && !jobs.Action.includes('sqs:SendMessage'));
    assert.deepEqual(receipts?.Action, ['sqs:SendMessage', 'sqs:GetQueueUrl', 'sqs:GetQueueAttributes']);
  });

  test('takes nothing from a mapping that an API made, nor from that of another function', () => {
    const triggers = new Map([
      ['a', { ...trigger, app: null }],
      ['b', { ...trigger, functionName: 'shop-price' }],
    ]);
    assert.equal(roleStatements({ functions, triggers }, 'shop-cart')?.length, 2);
    assert.equal(roleStatements({ functions, triggers }, 'shop-none'), null);
  });

  const line = (action: string, resource: string) => manifestLine(cart, { action, resource });
  test('names the line that would allow what it refuses', () => {
    assert.equal(
      line('sqs:SendMessage', queueArn('shop-jobs.fifo')),
      'To allow it, add to functions.cart in skein.yaml: uses: [ { queue: jobs, allow: [ send ] } ]',
    );
    assert.match(
      line('sqs:ReceiveMessage', queueArn('bakery-orders')) ?? '',
      /queue: bakery-orders, allow: \[ receive \]/,
    );
    assert.match(
      line('lambda:InvokeFunction', 'arn:aws:lambda:us-east-1:000000000000:function:shop-stock:live') ?? '',
      /uses: \[ \{ function: stock, allow: \[ invoke \] \} \]$/,
    );
  });

  test('says nothing where no line would', () => {
    assert.equal(line('sqs:DeleteQueue', queueArn('shop-jobs')), null);
    assert.equal(
      line('lambda:DeleteFunction', 'arn:aws:lambda:us-east-1:000000000000:function:shop-stock'),
      null,
    );
    const alone = functionByHand({ app: null, name: 'alone' });
    assert.equal(manifestLine(alone, { action: 'sqs:SendMessage', resource: queueArn('jobs') }), null);
  });
});
