/** Access keys of people and machines, on a real node: made by the command, used as AWS clients use them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { KeyAnswer, KeysAnswer } from '../../src/api/index.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';
import { type AwsKeys, type AwsRequest, sendSigned } from '../support/signed.ts';

suite('access keys on a node', () => {
  let node: RealNode;
  before(async () => {
    node = await startRealNode(['--driver', 'process']);
  });
  after(() => node[Symbol.asyncDispose]());

  const written = () =>
    JSON.parse(readFileSync(join(node.home, 'node.json'), 'utf8')) as AwsKeys & { readonly control: string };
  const send = (keys: AwsKeys, request: AwsRequest) => sendSigned(written().control, keys, request);
  const json = async <T>(...args: string[]) =>
    JSON.parse((await node.skein([...args, '--json'])).stdout) as T;
  const list: AwsRequest = { path: '/2015-03-31/functions', service: 'lambda' };
  const form = (Action: string, more: Record<string, string> = {}): AwsRequest => ({
    ...{ method: 'POST', path: '/', service: Action === 'GetCallerIdentity' ? 'sts' : 'iam' },
    body: `${new URLSearchParams({ Action, Version: Action === 'GetCallerIdentity' ? '2011-06-15' : '2010-05-08', ...more })}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });

  test("the node's own are root, and the same after a restart", async () => {
    const keys = written();
    const who = await send(keys, form('GetCallerIdentity'));
    assert.match(who.text, /<Arn>arn:aws:iam::000000000000:root<\/Arn>/);
    assert.equal((await send(keys, list)).status, 200);
  });

  test('are made, do what their policies allow and nothing else, survive a restart, and end', async () => {
    const made = await json<KeyAnswer>('key', 'create', 'ada', '--policy', 'AWSLambda_ReadOnlyAccess');
    assert.match(made.accessKeyId, /^AKIA/);
    assert.match((await send(made, form('GetCallerIdentity'))).text, /:user\/ada</);
    assert.equal((await send(made, list)).status, 200);
    const gone = { method: 'DELETE', path: '/2015-03-31/functions/orders', service: 'lambda' };
    const refused = await send(made, gone);
    assert.deepEqual([refused.status, refused.error], [403, 'AccessDeniedException']);
    assert.match(
      refused.text,
      /User: arn:aws:iam::000000000000:user\/ada is not authorized to perform: lambda:DeleteFunction on resource: arn:aws:lambda:us-east-1:000000000000:function:orders because no identity-based policy allows the lambda:DeleteFunction action/,
    );
    assert.match(
      (await send(made, form('CreateUser', { UserName: 'eve' }))).text,
      /<Code>AccessDenied<\/Code>/,
    );

    await node.skein(['down']);
    await node.up();
    assert.equal((await send(made, list)).status, 200);

    const next = await json<KeyAnswer>('key', 'rotate', made.accessKeyId);
    assert.equal((await send(made, list)).error, 'UnrecognizedClientException');
    assert.equal((await send(next, list)).status, 200);
    const { keys } = await json<KeysAnswer>('key', 'list');
    assert.deepEqual(
      keys.map(({ user, accessKeyId, active }) => [user, accessKeyId, active]),
      [['ada', next.accessKeyId, true]],
    );
    const printed = await node.skein(['key', 'list']);
    assert.equal(printed.stdout.includes(next.secretAccessKey), false);
    await node.skein(['key', 'revoke', next.accessKeyId]);
    assert.equal((await send(next, list)).error, 'UnrecognizedClientException');
    assert.deepEqual((await json<KeysAnswer>('key', 'list')).keys, []);
  });

  test('say what is wrong', async () => {
    const code = async (...args: string[]) => {
      const result = await node.skein(['key', ...args, '--json'], { allowFailure: true });
      return (JSON.parse(result.stdout) as { error: { code: string } }).error.code;
    };
    assert.equal(await code('create', 'bob', '--policy', 'Everything'), 'identity-not-found');
    assert.equal(await code('create', 'a b'), 'bad-request');
    assert.equal(await code('revoke', 'AKIAAAAAAAAAAAAAAAAA'), 'identity-not-found');
    assert.equal((await node.skein(['key', 'create'], { allowFailure: true })).code, 2);
  });
});
