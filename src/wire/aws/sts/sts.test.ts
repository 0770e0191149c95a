import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { SessionAuthority } from '../../../identity/index.ts';
import type { AwsCall } from '../service.ts';
import { stsService } from './index.ts';

const ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}';

/** Takes everybody's word for a role, and keeps what a session is to be held to. */
function openSts() {
  const issued: (string | null | undefined)[] = [];
  const authority = {
    findRole: () => ({ name: 'baker', id: 'AROA', maxSessionSeconds: 3_600 }),
    checkAssumption: () => {},
    issueSession: ({ policy }: { policy?: string | null }) => {
      issued.push(policy);
      return { accessKeyId: 'ASIA', secretAccessKey: 's', sessionToken: 't', expirationMs: 0 };
    },
  } as unknown as SessionAuthority;
  const managed = { defaultVersion: 'v1', versions: [{ id: 'v1', document: ALL }] };
  const { operations } = stsService({ authority, admin: { policy: () => managed as never } });
  const call = { principal: { arn: 'a', session: null }, accountId: '000000000000', sourceIp: '' };
  const assume = (over: object) =>
    operations.AssumeRole!(
      { RoleArn: 'arn:aws:iam::000000000000:role/baker', RoleSessionName: 'me', ...over } as never,
      call as unknown as AwsCall,
    );
  return { assume, issued };
}

suite('a session of a role', () => {
  test('is held to its own policy and the managed ones together', async () => {
    const { assume, issued } = openSts();
    await assume({});
    await assume({ Policy: ALL });
    await assume({ Policy: ALL, PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/AdministratorAccess' }] });
    const [none, one, both] = issued;
    assert.deepEqual([none, one], [null, ALL]);
    assert.equal(JSON.parse(both as string).Statement.length, 2);
  });

  test('with a policy that is none is refused, alone and beside managed ones', async () => {
    const { assume, issued } = openSts();
    const arns = { PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/AdministratorAccess' }] };
    for (const Policy of ['null', '[]', '7', '{}', '{"Statement":null}', 'nonsense'])
      for (const more of [{}, arns])
        await assert.rejects(assume({ Policy, ...more }), { code: 'policy-invalid' }, Policy);
    assert.deepEqual(issued, []);
  });
});
