import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Fault } from '../base/index.ts';
import type { RoleQuestion } from '../identity/index.ts';
import { type FunctionEntry, functionArn, type QueueEntry, queueArn } from '../model/index.ts';
import { functionByHand } from '../model/testing.ts';
import type { Snapshot } from '../registry/index.ts';
import { requireDeadLetter, requireDestination } from './told.ts';

const config = (over: object) => ({
  ...{ maximumRetryAttempts: null, maximumEventAgeSeconds: null, onSuccess: null, onFailure: null, ...over },
  lastModifiedMs: 0,
});
const telling = (name: string, to: string): FunctionEntry =>
  functionByHand({ name, eventInvoke: new Map([['', config({ onSuccess: functionArn(to) })]]) });
const queueEntry = (name: string, policy: string | null = null) =>
  [name, { name, policy, settings: { fifo: name.endsWith('.fifo') ? {} : null } } as QueueEntry] as const;

function world(allows: (question: RoleQuestion) => boolean = () => true) {
  const functions = [functionByHand({ name: 'orders' }), telling('mail', 'log'), telling('log', 'orders')];
  const snapshot = {
    functions: new Map(functions.map((entry) => [entry.name, entry])),
    queues: new Map([queueEntry('failed', '{"a":1}'), queueEntry('jobs.fifo')]),
  } as unknown as Snapshot;
  const registry = { current: () => snapshot, reach: async () => {} };
  return { registry, roles: { requireAssumable: () => '', roleAllows: allows } };
}

const orders = { name: 'orders', config: { role: null } };
const failure = (arn: string) => ({ side: 'onFailure', arn }) as const;
const withText = (text: string | RegExp) => (error: unknown) =>
  error instanceof Fault && error.code === 'parameter-invalid' && error.message.search(text) >= 0;

suite('who is told of a function’s events', () => {
  test('is there, and may be told by the function’s own role', () => {
    const asked: RoleQuestion[] = [];
    const parts = world((question) => asked.push(question) > 0);
    requireDestination(parts, orders, failure(queueArn('failed')));
    requireDestination(parts, orders, failure(`${functionArn('mail')}:live`));
    requireDeadLetter(parts, { name: 'orders', config: { role: 'billing' } }, queueArn('failed'));
    requireDeadLetter(parts, orders, undefined);
    assert.deepEqual(
      asked.map(({ roleName, action, resourcePolicies }) => [roleName, action, resourcePolicies]),
      [
        ['skein-orders', 'sqs:SendMessage', ['{"a":1}']],
        ['skein-orders', 'lambda:InvokeFunction', []],
        ['billing', 'sqs:SendMessage', ['{"a":1}']],
      ],
    );
  });

  for (const [arn, text] of [
    [queueArn('none'), 'is invalid'],
    [queueArn('jobs.fifo'), 'is not supported here'],
    [functionArn('none'), 'is invalid'],
    [functionArn('orders'), "You can't specify the function as a destination for itself"],
    ['arn:aws:sns:us-east-1:000000000000:topic', 'is not supported here'],
    ['mail', 'is not supported here'],
  ] as const) {
    test(`${arn} is refused`, () =>
      assert.throws(() => requireDestination(world(), orders, failure(arn)), withText(text)));
  }

  test('must not lead back by the same way', () => {
    const parts = world();
    const success = { side: 'onSuccess', arn: functionArn('mail') } as const;
    assert.throws(
      () => requireDestination(parts, orders, success),
      withText('leads back to the function orders'),
    );
    requireDestination(parts, orders, failure(functionArn('mail')));
  });

  test('is refused in AWS’s words where the role does not allow it', () => {
    const parts = world(() => false);
    const arn = queueArn('failed');
    assert.throws(
      () => requireDestination(parts, orders, failure(arn)),
      withText(`The function's execution role does not have permissions to call SendMessage on ${arn}`),
    );
    assert.throws(
      () => requireDestination(parts, orders, failure(functionArn('mail'))),
      withText('permissions to call InvokeFunction on arn'),
    );
    assert.throws(
      () => requireDeadLetter(parts, orders, arn),
      withText('The provided execution role does not have permissions to call SendMessage on SQS'),
    );
    assert.throws(() => requireDeadLetter(parts, orders, queueArn('jobs.fifo')), withText('FIFO'));
  });
});
