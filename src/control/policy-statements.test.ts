import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Fault } from '../base/index.ts';
import type { ResourcePolicy } from '../model/index.ts';
import { type Grant, grant, replacePolicy, revoke } from './policy-statements.ts';

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:orders';
const wanted = (over: Partial<Grant> = {}): Grant => ({
  statementId: 'one',
  action: 'lambda:InvokeFunction',
  principal: 's3.amazonaws.com',
  resource: ARN,
  ...over,
});
const first = { expected: null, next: 'r1' };
const code = (wrong: string) => (error: unknown) => error instanceof Fault && error.code === wrong;

suite('statements of resource policies', () => {
  test('name their principal as IAM does', () => {
    const principals: readonly (readonly [string, unknown])[] = [
      ['*', '*'],
      ['s3.amazonaws.com', { Service: 's3.amazonaws.com' }],
      ['alexa-appkit.amazon.com', { Service: 'alexa-appkit.amazon.com' }],
      ['111122223333', { AWS: 'arn:aws:iam::111122223333:root' }],
      ['arn:aws:iam::111122223333:role/ada', { AWS: 'arn:aws:iam::111122223333:role/ada' }],
    ];
    for (const [principal, said] of principals)
      assert.deepEqual(grant(null, wanted({ principal }), first).statement.Principal, said);
    for (const principal of ['nobody', '12345', 'arn:aws:s3:::photos', 'arn:aws:iam::1:root'])
      assert.throws(() => grant(null, wanted({ principal }), first), code('parameter-invalid'), principal);
  });

  test('have conditions only where there are some', () => {
    assert.equal('Condition' in grant(null, wanted({ condition: {} }), first).statement, false);
    const condition = { ArnLike: { 'AWS:SourceArn': 'arn:aws:s3:::photos' } };
    assert.deepEqual(grant(null, wanted({ condition }), first).statement.Condition, condition);
  });

  test('are added one by one, each under an id of its own, by who knows the newest revision', () => {
    const { policy } = grant(null, wanted(), first);
    const second = grant(policy, wanted({ statementId: 'two' }), { expected: 'r1', next: 'r2' }).policy;
    assert.deepEqual(
      second.statements.map((statement) => statement.Sid),
      ['one', 'two'],
    );
    assert.throws(() => grant(second, wanted(), { expected: null, next: 'r3' }), code('resource-conflict'));
    const stale = { expected: 'r1', next: 'r3' };
    assert.throws(() => grant(second, wanted({ statementId: 'x' }), stale), code('revision-stale'));
    assert.throws(() => grant(null, wanted(), stale), code('revision-stale'));
  });

  test('are taken away; without any there is no policy', () => {
    const { policy } = grant(null, wanted(), first);
    assert.throws(() => revoke(policy, 'two', first), code('resource-not-found'));
    assert.throws(() => revoke(null, 'one', first), code('resource-not-found'));
    assert.equal(revoke(policy, 'one', first), null);
  });

  test('together are no longer than 20 KB', () => {
    let policy: ResourcePolicy | null = null;
    const add = (n: number) =>
      grant(policy, wanted({ statementId: `s${n}`, resource: ARN + 'x'.repeat(200) }), first);
    assert.throws(() => {
      for (let n = 0; n < 200; n++) policy = add(n).policy;
    }, code('policy-too-large'));
    assert.ok(policy !== null && (policy as ResourcePolicy).statements.length > 40);
  });

  test('are replaced as a whole, and taken away as a whole', () => {
    const { statement, policy } = grant(null, wanted(), first);
    const document = JSON.stringify({ Version: '2012-10-17', Statement: statement });
    assert.deepEqual(replacePolicy(policy, document, { expected: 'r1', next: 'r2' }), {
      revisionId: 'r2',
      statements: [statement],
    });
    assert.equal(replacePolicy(policy, null, { expected: null, next: 'r2' }), null);
    assert.throws(() => replacePolicy(null, null, first), code('resource-not-found'));
  });
});
