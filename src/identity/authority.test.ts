import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test } from 'node:test';
import type { Fault } from '../base/index.ts';
import { LIMITS } from '../model/index.ts';
import type { Session } from './decision.ts';
import { type FunctionRoles, functionRoleName } from './function-roles.ts';
import { ANONYMOUS, ROOT, servicePrincipal } from './principal.ts';
import type { SignedRequest } from './signed-request.ts';
import { canonicalRequest } from './sigv4/canonical.ts';
import { isoBasic } from './sigv4/claim.ts';
import { sign, signingKey, stringToSign } from './sigv4/signature.ts';
import { openTestIdentity } from './testing.ts';

const NOW = Date.parse('2026-01-31T12:00:00Z');
const FUNCTION = 'arn:aws:lambda:us-east-1:000000000000:function:bakery-orders';
const EMPTY = createHash('sha256').digest('hex');
const policy = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
const trust = (Principal: unknown, Effect = 'Allow') =>
  policy({ Effect, Principal, Action: 'sts:AssumeRole' });

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

function signedBy(keys: Keys, nowMs: number): SignedRequest {
  const timestamp = isoBasic(nowMs);
  const [day, region, service] = [timestamp.slice(0, 8), 'us-east-1', 'lambda'];
  const rawHeaders = ['Host', 'localhost', 'X-Amz-Date', timestamp];
  if (keys.sessionToken !== undefined) rawHeaders.push('X-Amz-Security-Token', keys.sessionToken);
  const canonical = canonicalRequest({
    ...{ method: 'GET', url: '/', rawHeaders, payload: EMPTY, signedHeaders: ['host', 'x-amz-date'] },
    pathAsIs: false,
  });
  const scope = `${day}/${region}/${service}/aws4_request`;
  const key = signingKey({ secret: keys.secretAccessKey, day, region, service });
  const signature = sign(key, stringToSign({ timestamp, scope, canonical }));
  const authorization = `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scope}, SignedHeaders=host;x-amz-date, Signature=${signature}`;
  return {
    method: 'GET',
    url: '/',
    rawHeaders: [...rawHeaders, 'Authorization', authorization],
    bodySha256: EMPTY,
  };
}

async function open(functions?: FunctionRoles) {
  const clock = { nowMs: NOW, wallMs: () => clock.nowMs };
  const identity = await openTestIdentity({ clock, ...(functions && { functions }) });
  const whoIs = async (keys: Keys) => {
    const request = signedBy(keys, clock.nowMs);
    return (await identity.authority.verify(request, { services: null, nowMs: clock.nowMs })).principal;
  };
  const refusal = async (keys: Keys) =>
    await whoIs(keys).then(
      (principal) => `is ${principal.arn}`,
      (error: Fault) => error.code,
    );
  return { ...identity, clock, whoIs, refusal };
}

suite('who a request is from', () => {
  test('is root by the keys of the node', async () => {
    await using identity = await open();
    assert.equal(await identity.whoIs(identity.keys), ROOT);
  });

  test('is a user by a key that was made, until it is switched off, deleted or its place taken', async () => {
    await using identity = await open();
    const { admin } = identity;
    const first = await admin.grantKey({ userName: 'ada', policies: ['ReadOnlyAccess'] });
    assert.equal((await identity.whoIs(first)).arn, 'arn:aws:iam::000000000000:user/ada');
    assert.deepEqual(admin.user('ada').attached, ['arn:aws:iam::aws:policy/ReadOnlyAccess']);
    assert.equal(JSON.stringify(admin.user('ada')).includes(first.secretAccessKey), false);
    await admin.setKeyActive({ userName: 'ada', id: first.accessKeyId, active: false });
    assert.equal(await identity.refusal(first), 'credentials-unknown');
    await admin.setKeyActive({ userName: 'ada', id: first.accessKeyId, active: true });
    const second = await admin.rotateKey({ id: first.accessKeyId, keep: true });
    assert.match(await identity.refusal(first), /^is /);
    const third = await admin.rotateKey({ id: first.accessKeyId, keep: false });
    assert.equal(await identity.refusal(first), 'credentials-unknown');
    for (const key of [second, third]) assert.match(await identity.refusal(key), /^is /);
    await assert.rejects(admin.createKey('ada'), { code: 'identity-limit' });
    await admin.removeKey({ userName: 'ada', id: third.accessKeyId });
    assert.equal(await identity.refusal(third), 'credentials-unknown');
    await assert.rejects(admin.grantKey({ userName: 'bob', policies: ['Nothing'] }), {
      code: 'identity-not-found',
    });
    assert.throws(() => admin.user('bob'), { code: 'identity-not-found' });
  });

  test('is a session by its token, until it ends, or its role does', async () => {
    await using identity = await open();
    const { admin, authority, clock } = identity;
    await admin.createRole({ name: 'baker', trust: trust({ AWS: '*' }) });
    const session = authority.issueSession({ roleName: 'baker', sessionName: 'one', seconds: 900 });
    assert.match(session.accessKeyId, /^ASIA[A-Z2-7]{16}$/);
    assert.equal(session.expirationMs, NOW + 900_000);
    const principal = await identity.whoIs(session);
    assert.equal(principal.arn, 'arn:aws:sts::000000000000:assumed-role/baker/one');
    assert.equal(principal.kind, 'role-session');
    assert.equal(principal.userId, `${admin.role('baker').id}:one`);
    const forged = (more: Partial<Session>) => identity.refusal({ ...session, ...more });
    const { sessionToken } = session;
    for (const token of ['', 'x', `${sessionToken}=`, ` ${sessionToken}`, `A${sessionToken.slice(1)}`]) {
      assert.equal(await forged({ sessionToken: token }), 'credentials-unknown', token);
    }
    assert.equal(await forged({ accessKeyId: 'ASIAAAAAAAAAAAAAAAAA' }), 'credentials-unknown');
    assert.equal(await forged({ secretAccessKey: 'x' }), 'signature-invalid');
    clock.nowMs = NOW + 899_999;
    assert.match(await identity.refusal(session), /^is /);
    clock.nowMs = NOW + 900_000;
    assert.equal(await identity.refusal(session), 'credentials-expired');
    clock.nowMs = NOW;
    await admin.removeHolder({ kind: 'role', name: 'baker' });
    assert.equal(await identity.refusal(session), 'credentials-unknown');
    await admin.createRole({ name: 'baker', trust: trust({ AWS: '*' }) });
    assert.equal(await identity.refusal(session), 'credentials-unknown', 'another role of that name');
    assert.throws(() => authority.issueSession({ roleName: 'none', sessionName: 'one', seconds: 900 }), {
      code: 'identity-not-found',
    });
  });

  test('keys that an older key of the keyring sealed are sealed anew', async () => {
    await using identity = await open();
    const { admin } = identity;
    const key = await admin.grantKey({ userName: 'ada', policies: [] });
    assert.equal(await admin.resealKeys(), 0);
    identity.renewKey();
    assert.equal(await admin.resealKeys(), 1);
    identity.retireKeys();
    assert.match(await identity.refusal(key), /^is /);
    assert.equal(await admin.resealKeys(), 0);
  });
});

const statements = [{ Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: `${FUNCTION}*` }];
const LONG = 'x'.repeat(64);
const functions: FunctionRoles = {
  functionNames: () => ['bakery-site', LONG],
  statementsOf: (name) => (name === 'bakery-site' || name === LONG ? statements : null),
  lineThatAllows: (name, { action, resource }) => `Write a line for ${action} on ${resource} in ${name}.`,
};

suite('what they may do', () => {
  test('root everything; nobody anything that no policy allows', async () => {
    await using identity = await open();
    const { authority } = identity;
    const question = { action: 'lambda:InvokeFunction', resource: FUNCTION };
    assert.equal(authority.decide({ ...question, principal: ROOT }).verdict, 'allow');
    assert.throws(() => authority.authorize({ ...question, principal: ANONYMOUS }), {
      code: 'access-denied',
      message: `User: anonymous is not authorized to perform: lambda:InvokeFunction on resource: ${FUNCTION} because no resource-based policy allows the lambda:InvokeFunction action`,
    });
    const anyone = policy({ Effect: 'Allow', Principal: '*', Action: 'lambda:*', Resource: FUNCTION });
    authority.authorize({ ...question, principal: ANONYMOUS, resourcePolicies: [anyone] });
    const events = policy({
      ...{ Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' }, Action: 'lambda:InvokeFunction' },
      ...{ Resource: FUNCTION, Condition: { ArnLike: { 'AWS:SourceArn': 'arn:aws:events:*:*:rule/*' } } },
    });
    const asked = {
      ...question,
      principal: servicePrincipal('events.amazonaws.com'),
      resourcePolicies: [events],
    };
    assert.equal(authority.decide(asked).verdict, 'implicit-deny');
    const context = { 'aws:SourceArn': 'arn:aws:events:us-east-1:000000000000:rule/nightly' };
    assert.equal(authority.decide({ ...asked, context }).verdict, 'allow');
  });

  test('a user what is put on and attached, by what they are and when', async () => {
    await using identity = await open();
    const { admin, authority, clock } = identity;
    const principal = await identity.whoIs(await admin.grantKey({ userName: 'ada', policies: [] }));
    const may = (action: string, resource = FUNCTION) =>
      authority.decide({ principal, action, resource }).verdict;
    assert.equal(may('lambda:GetFunction'), 'implicit-deny');
    const ada = { kind: 'user', name: 'ADA' } as const;
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy's variable
    const home = 'arn:aws:s3:::home/${aws:username}/*';
    await admin.putInline(ada, {
      name: 'p',
      document: policy(
        { Effect: 'Allow', Action: 's3:*', Resource: home },
        {
          Effect: 'Deny',
          Action: '*',
          Resource: '*',
          Condition: { DateGreaterThan: { 'aws:CurrentTime': '2026-02-01' } },
        },
      ),
    });
    await admin.attach(ada, 'arn:aws:iam::aws:policy/AWSLambda_ReadOnlyAccess');
    assert.equal(may('lambda:GetFunction'), 'allow');
    assert.equal(may('lambda:InvokeFunction'), 'implicit-deny');
    assert.equal(may('s3:GetObject', 'arn:aws:s3:::home/ada/x'), 'allow');
    assert.equal(may('s3:GetObject', 'arn:aws:s3:::home/bob/x'), 'implicit-deny');
    clock.nowMs = Date.parse('2026-02-01T00:00:01Z');
    assert.equal(may('lambda:GetFunction'), 'explicit-deny');
    assert.throws(
      () => authority.authorize({ principal, action: 'lambda:GetFunction', resource: FUNCTION }),
      {
        message: `User: arn:aws:iam::000000000000:user/ada is not authorized to perform: lambda:GetFunction on resource: ${FUNCTION} with an explicit deny in an identity-based policy`,
      },
    );
  });

  test("a function's own role what its manifest says, and cannot be changed", async () => {
    await using identity = await open(functions);
    const { admin, authority } = identity;
    for (const name of ['bakery-site', LONG]) {
      const roleName = functionRoleName(name);
      assert.ok(roleName.length <= 64);
      const session = authority.issueSession({
        roleName,
        sessionName: name,
        seconds: 900,
        functionArn: FUNCTION,
      });
      const principal = await identity.whoIs(session);
      assert.equal(principal.kind, 'instance');
      const may = (action: string, resource: string) =>
        authority.decide({ principal, action, resource }).verdict;
      assert.equal(may('lambda:InvokeFunction', `${FUNCTION}:live`), 'allow');
      assert.equal(may('lambda:InvokeFunction', FUNCTION.replace('orders', 'other')), 'implicit-deny');
      for (const action of ['lambda:GetFunction', 'iam:CreateUser', 's3:GetObject', 'sqs:SendMessage']) {
        assert.equal(may(action, FUNCTION), 'implicit-deny', action);
      }
      await assert.rejects(admin.removeHolder({ kind: 'role', name: roleName }), {
        code: 'identity-protected',
      });
    }
    await assert.rejects(admin.createRole({ name: 'skein-bakery-site', trust: trust('*') }), {
      code: 'identity-exists',
    });
    assert.equal(admin.roles().length, 2);
  });

  test('a function that its own role refuses is told the line that would allow it, nobody else is', async () => {
    await using identity = await open(functions);
    const { admin, authority } = identity;
    const question = { action: 'sqs:SendMessage', resource: 'arn:aws:sqs:us-east-1:000000000000:jobs' };
    const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:bakery-site';
    const refusal = async (roleName: string) => {
      const session = authority.issueSession({ roleName, sessionName: 'one', seconds: 900, functionArn });
      const principal = await identity.whoIs(session);
      try {
        authority.authorize({ principal, ...question });
      } catch (error) {
        return (error as Error).message;
      }
      return 'allowed';
    };
    assert.match(
      await refusal('skein-bakery-site'),
      /because no identity-based policy allows the sqs:SendMessage action\. Write a line for sqs:SendMessage on arn:.*:jobs in bakery-site\.$/,
    );
    await admin.createRole({ name: 'Baker', trust: trust({ Service: 'lambda.amazonaws.com' }) });
    assert.match(await refusal('Baker'), /allows the sqs:SendMessage action$/);
  });

  test('a role that was made under the name of a later function is not that one’s', async () => {
    let deployed = false;
    await using identity = await open({
      functionNames: () => (deployed ? ['bakery-site'] : []),
      statementsOf: () => (deployed ? statements : null),
      lineThatAllows: () => null,
    });
    const { admin, authority } = identity;
    await admin.createRole({ name: 'skein-bakery-site', trust: trust('*') });
    const everything = policy({ Effect: 'Allow', Action: '*', Resource: '*' });
    const made = { kind: 'role', name: 'skein-bakery-site' } as const;
    await admin.putInline(made, { name: 'all', document: everything });
    const wish = { roleName: made.name, sessionName: 'one', seconds: 900 };
    const before = authority.issueSession(wish);
    deployed = true;
    assert.equal(await identity.refusal(before), 'credentials-unknown');
    const principal = await identity.whoIs(authority.issueSession({ ...wish, functionArn: FUNCTION }));
    const may = (action: string) => authority.decide({ principal, action, resource: FUNCTION }).verdict;
    assert.deepEqual([may('lambda:InvokeFunction'), may('iam:CreateUser')], ['allow', 'implicit-deny']);
  });

  test('a role is taken on by a service that it trusts', async () => {
    await using identity = await open(functions);
    const { admin, authority } = identity;
    const service = 'lambda.amazonaws.com';
    const role = (nameOrArn: string) => authority.requireAssumable({ nameOrArn, service });
    await admin.createRole({ name: 'Baker', path: '/team/', trust: trust({ Service: [service] }) });
    await admin.createRole({ name: 'driver', trust: trust({ Service: 'ec2.amazonaws.com' }) });
    await admin.createRole({ name: 'denied', trust: trust({ Service: service }, 'Deny') });
    assert.equal(role('baker'), 'Baker');
    assert.equal(role('arn:aws:iam::000000000000:role/team/Baker'), 'Baker');
    assert.equal(role('skein-bakery-site'), 'skein-bakery-site');
    const receive = { action: 'sqs:ReceiveMessage', resource: 'arn:aws:sqs:us-east-1:000000000000:jobs' };
    assert.equal(authority.roleAllows({ roleName: 'Baker', ...receive }), false);
    assert.equal(authority.roleAllows({ roleName: 'none', ...receive }), false);
    const document = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'sqs:*', Resource: '*' }],
    };
    await admin.putInline(
      { kind: 'role', name: 'Baker' },
      { name: 'jobs', document: JSON.stringify(document) },
    );
    assert.equal(authority.roleAllows({ roleName: 'Baker', ...receive }), true);
    const wrong = [
      'driver',
      'denied',
      'none',
      '',
      'arn:aws:iam::111111111111:role/Baker',
      'arn:aws:iam::0:user/a',
    ];
    for (const nameOrArn of wrong) {
      assert.throws(() => role(nameOrArn), {
        code: 'role-unassumable',
        message: 'The role defined for the function cannot be assumed by Lambda.',
      });
    }
  });
});

suite('what is kept of users, roles and policies', () => {
  test('is bounded', async () => {
    await using identity = await open();
    const { admin } = identity;
    const role = { kind: 'role', name: 'baker' } as const;
    await admin.createRole({ name: 'baker', trust: trust('*') });
    const limit = { code: 'identity-limit' };
    const wide = (characters: number) =>
      policy({ Effect: 'Allow', Action: '*', Resource: `arn:aws:s3:::${'x'.repeat(characters)}` });
    const room = LIMITS.roleInlineCharacters - wide(0).length;
    await admin.putInline(role, { name: 'a', document: wide(room) });
    await assert.rejects(admin.putInline(role, { name: 'b', document: wide(0) }), limit);
    await assert.rejects(
      admin.createPolicy({ name: 'p', document: wide(LIMITS.managedPolicyCharacters) }),
      limit,
    );
    await assert.rejects(admin.createRole({ name: 'x', trust: trust('*').padEnd(3_000, 'x') }), limit);
    for (let n = 0; n < LIMITS.attachedPolicies; n++) {
      const { name } = await admin.createPolicy({ name: `p${n}`, document: wide(0) });
      await admin.attach(role, `arn:aws:iam::000000000000:policy/${name}`);
    }
    await assert.rejects(admin.attach(role, 'arn:aws:iam::aws:policy/IAMFullAccess'), limit);
    const tags = Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`k${n}`, 'v']));
    await assert.rejects(admin.setTags(role, { set: tags }), limit);
    await assert.rejects(admin.setTags(role, { set: { 'aws:x': 'y' } }), { code: 'parameter-invalid' });
  });
});
