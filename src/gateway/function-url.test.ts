import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { suite, test } from 'node:test';
import { Fault } from '../base/index.ts';
import { ANONYMOUS, compilePolicy, type Principal } from '../identity/index.ts';
import type { InvokeResult } from '../invoke/index.ts';
import type { Cors, FunctionUrl, PolicyStatement } from '../model/index.ts';
import { aliasByHand, functionByHand } from '../model/testing.ts';
import type { GatewayOptions } from './gateway.ts';
import { type Call, call, openDoor, REPORT, resultOf, SNAPSHOT } from './testing.ts';

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:made';
const ADA: Principal = {
  ...ANONYMOUS,
  kind: 'user',
  arn: 'arn:aws:iam::000000000000:user/ada',
  accountId: '000000000000',
  userId: 'AIDAADA',
  userName: 'ada',
};
const OPEN: PolicyStatement = {
  Sid: 'open',
  Effect: 'Allow',
  Principal: '*',
  Action: 'lambda:InvokeFunctionUrl',
  Resource: ARN,
  Condition: { StringEquals: { 'lambda:FunctionUrlAuthType': 'NONE' } },
};

function url(over: Partial<FunctionUrl> = {}): FunctionUrl {
  const at = '2026-01-01T00:00:00Z';
  return {
    authType: 'NONE',
    invokeMode: 'BUFFERED',
    cors: null,
    urlId: 'abc123',
    createdAt: at,
    lastModified: at,
    ...over,
  };
}

const policy = (...statements: PolicyStatement[]) => ({ revisionId: 'r', statements });

function authTypeOf({ Condition }: PolicyStatement): string | undefined {
  const condition = Condition as Record<string, Record<string, string>> | undefined;
  return condition?.StringEquals?.['lambda:FunctionUrlAuthType'];
}

/** Knows "signed by" the word after the algorithm; lets in who a resource policy names, and Ada where she may. */
function authorityByHand(adaMay = false): GatewayOptions['authority'] {
  return {
    async verify({ rawHeaders, bodySha256 }, { services }) {
      assert.deepEqual(services, ['lambda']);
      const header =
        rawHeaders[rawHeaders.findIndex((name) => name.toLowerCase() === 'authorization') + 1] ?? '';
      if (header.endsWith('forged')) throw new Fault('signature-invalid', `not that of ${bodySha256}`);
      if (!header.endsWith('ada')) throw new Fault('credentials-unknown', 'The security token is invalid.');
      const signed = { accessKeyId: 'AKIAADA', service: 'lambda', region: 'us-east-1', presigned: false };
      return { principal: ADA, signed, bodyCheck: null };
    },
    decide({ principal, action, resource, context = {}, resourcePolicies = [] }) {
      assert.equal(action, 'lambda:InvokeFunctionUrl');
      const allowed = resourcePolicies
        .flatMap((text) => JSON.parse(text).Statement as PolicyStatement[])
        .some(
          (one) =>
            one.Resource === resource &&
            one.Principal === principal.arn &&
            (authTypeOf(one) ?? context['lambda:FunctionUrlAuthType']) ===
              context['lambda:FunctionUrlAuthType'],
        );
      const may = allowed || (principal === ADA && adaMay);
      return { verdict: may ? 'allow' : 'implicit-deny', by: null, statement: null };
    },
  };
}

interface Given {
  readonly urls?: Record<string, FunctionUrl>;
  readonly closedHosts?: readonly string[];
  readonly policies?: Readonly<Record<string, ReturnType<typeof policy>>>;
  readonly app?: string | null;
  readonly adaMay?: boolean;
  readonly answer?: () => InvokeResult;
}

/** A front door with one function, `made`, with an alias, `blue`. */
async function openUrl(given: Given) {
  const { urls = {}, closedHosts = [], policies = {}, app = null, adaMay = false, answer } = given;
  const entry = functionByHand({
    app,
    name: 'made',
    aliases: new Map([['blue', aliasByHand('blue', 1)]]),
    urls: new Map(Object.entries(urls)),
    closedHosts: new Set(closedHosts),
    policies: new Map(Object.entries(policies)),
  });
  const snapshot = { ...SNAPSHOT, functions: new Map([['made', entry]]), slugs: new Map([['made', entry]]) };
  const door = await openDoor(async () => answer?.() ?? resultOf({ statusCode: 200, body: 'made' }), {
    directory: { current: () => snapshot },
    authority: authorityByHand(adaMay),
  });
  const ask = (over: Call = {}) => call(door.port, { host: 'made.localhost', ...over });
  return { ...door, ask, [Symbol.asyncDispose]: door[Symbol.asyncDispose] };
}

const signedBy = (name: string) => ({ authorization: `AWS4-HMAC-SHA256 ${name}` });

suite('a function that an API made', () => {
  test('answers nowhere without a function URL', async () => {
    await using door = await openUrl({});
    assert.equal((await door.ask()).status, 404);
    assert.equal((await door.ask({ host: 'blue.made.localhost' })).status, 404);
    assert.equal((await door.ask({ host: 'abc123.lambda-url.us-east-1.localhost' })).status, 404);
  });

  test('answers at its own host and at the address of the API, as $LATEST or its alias', async () => {
    const urls = { '': url(), blue: url({ urlId: 'def456' }) };
    const aliased = { ...OPEN, Resource: `${ARN}:blue` };
    await using door = await openUrl({ urls, policies: { '': policy(OPEN), blue: policy(aliased) } });
    const hosts = {
      'made.localhost': '$LATEST',
      'abc123.lambda-url.us-east-1.localhost': '$LATEST',
      'blue.made.localhost': 'blue',
      'def456.lambda-url.us-east-1.localhost:8080': 'blue',
    };
    for (const [host, qualifier] of Object.entries(hosts)) {
      assert.equal((await door.ask({ host })).status, 200, host);
      const invocation = door.seen.at(-1)!;
      assert.equal(invocation.qualifier, qualifier);
      const { requestContext } = JSON.parse(invocation.event as string);
      assert.equal(requestContext.apiId, qualifier === 'blue' ? 'def456' : 'abc123');
      assert.equal(requestContext.accountId, 'anonymous');
      assert.equal(requestContext.authorizer, undefined);
    }
    assert.equal((await door.ask({ host: 'zzz.lambda-url.us-east-1.localhost' })).status, 404);
  });

  test('is open only where its policy lets everybody in', async () => {
    const iamOnly = { ...OPEN, Condition: { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } } };
    for (const [policies, status] of [
      [{}, 403],
      [{ blue: policy(OPEN) }, 403],
      [{ '': policy(iamOnly) }, 403],
      [{ '': policy(OPEN) }, 200],
    ] as const) {
      await using door = await openUrl({ urls: { '': url() }, policies });
      const answer = await door.ask({ method: 'POST', body: 'x' });
      assert.equal(answer.status, status, JSON.stringify(policies));
      if (status === 200) continue;
      assert.equal(answer.text, '{"Message":"Forbidden"}');
      assert.equal(answer.headers['x-amzn-errortype'], 'AccessDeniedException');
      assert.equal(door.seen.length, 0);
    }
  });
});

suite('a function of a manifest', () => {
  test('is open at its hosts, until a function URL says otherwise', async () => {
    await using open = await openUrl({ app: 'shop' });
    assert.equal((await open.ask()).status, 200);
    assert.equal(open.seen[0]?.qualifier, null);
    await using closed = await openUrl({
      app: 'shop',
      urls: { '': url({ authType: 'AWS_IAM' }) },
      adaMay: true,
    });
    assert.equal((await closed.ask()).status, 403);
    assert.equal((await closed.ask({ host: 'blue.made.localhost' })).status, 403, 'no way around it');
    assert.equal((await closed.ask({ headers: signedBy('ada') })).status, 200);
    assert.equal(closed.seen.at(-1)?.qualifier, null);
    assert.equal((await closed.ask({ host: 'blue.made.localhost', headers: signedBy('ada') })).status, 200);
    assert.equal(closed.seen.at(-1)?.qualifier, 'blue');
  });

  test('whose URL was deleted is closed there, and at what that URL decided for', async () => {
    await using whole = await openUrl({ app: 'shop', closedHosts: [''] });
    for (const host of ['made.localhost', 'blue.made.localhost']) {
      const answer = await whole.ask({ host });
      assert.equal(answer.status, 403);
      assert.match(answer.text, /function URL of \\"made\\" was deleted/);
    }
    const urls = { blue: url({ urlId: 'def456' }) };
    const policies = { blue: policy({ ...OPEN, Resource: `${ARN}:blue` }) };
    await using again = await openUrl({ app: 'shop', closedHosts: [''], urls, policies });
    assert.equal((await again.ask({ host: 'blue.made.localhost' })).status, 200);
    await using one = await openUrl({ app: 'shop', closedHosts: ['blue'] });
    assert.equal((await one.ask({ host: 'blue.made.localhost' })).status, 403);
    assert.equal((await one.ask()).status, 200);
    assert.deepEqual([whole.seen.length, one.seen.length], [0, 1]);
  });

  test('has a URL of its own for an alias where it is to be another', async () => {
    const urls = { '': url({ authType: 'AWS_IAM' }), blue: url({ urlId: 'def456' }) };
    const policies = { blue: policy({ ...OPEN, Resource: `${ARN}:blue` }) };
    await using door = await openUrl({ app: 'shop', urls, policies });
    assert.equal((await door.ask()).status, 403);
    assert.equal((await door.ask({ host: 'blue.made.localhost' })).status, 200);
  });
});

suite('a function URL with AWS_IAM', () => {
  const urls = { '': url({ authType: 'AWS_IAM' }) };

  test('is for who signs and may, by a policy of theirs or of the function', async () => {
    const named = { ...OPEN, Principal: ADA.arn, Condition: {} };
    for (const given of [{ adaMay: true }, { policies: { '': policy(named) } }]) {
      await using door = await openUrl({ urls, ...given });
      const answer = await door.ask({ method: 'POST', body: 'x', headers: signedBy('ada') });
      assert.equal(answer.status, 200);
      const { requestContext } = JSON.parse(door.seen[0]?.event as string);
      assert.equal(requestContext.accountId, '000000000000');
      assert.equal(requestContext.authentication, null);
      assert.equal(requestContext.http.method, 'POST');
      assert.deepEqual(requestContext.authorizer.iam, {
        accessKey: 'AKIAADA',
        accountId: '000000000000',
        callerId: 'AIDAADA',
        cognitoIdentity: null,
        principalOrgId: null,
        userArn: ADA.arn,
        userId: 'AIDAADA',
      });
    }
  });

  test('refuses who does not sign, signs wrongly, or may not, in Lambda’s words', async () => {
    await using door = await openUrl({ urls, policies: { '': policy(OPEN) } });
    const cases = [
      [{}, '{"Message":"Forbidden"}', 'AccessDeniedException'],
      [{ authorization: 'Bearer ada' }, '{"Message":"Forbidden"}', 'AccessDeniedException'],
      [signedBy('ada'), '{"Message":"Forbidden"}', 'AccessDeniedException'],
      [signedBy('forged'), /^\{"message":"not that of e3b0c44/, 'InvalidSignatureException'],
      [signedBy('nobody'), /The security token is invalid/, 'UnrecognizedClientException'],
    ] as const;
    for (const [headers, text, type] of cases) {
      const answer = await door.ask({ headers });
      assert.equal(answer.status, 403);
      if (typeof text === 'string') assert.equal(answer.text, text);
      else assert.match(answer.text, text);
      assert.equal(answer.headers['x-amzn-errortype'], type);
    }
    assert.equal(door.seen.length, 0);
    assert.deepEqual(door.bugs, []);
  });
});

suite('CORS at a function URL', () => {
  const cors: Cors = {
    allowCredentials: true,
    allowHeaders: ['x-cake', 'content-type'],
    allowMethods: ['GET', 'PUT'],
    allowOrigins: ['https://shop.example'],
    exposeHeaders: ['x-made'],
    maxAgeSeconds: 300,
  };
  const given = (over: Partial<Cors> = {}) => ({
    urls: { '': url({ cors: { ...cors, ...over } }) },
    policies: { '': policy(OPEN) },
  });
  const asked = { origin: 'https://shop.example', 'access-control-request-method': 'PUT' };

  test('answers a preflight and invokes nothing, also where calls are signed', async () => {
    await using door = await openUrl({ urls: { '': url({ cors, authType: 'AWS_IAM' }) } });
    const { status, headers, text } = await door.ask({ method: 'OPTIONS', headers: asked });
    assert.deepEqual([status, text], [200, '']);
    assert.equal(headers['access-control-allow-origin'], 'https://shop.example');
    assert.equal(headers['access-control-allow-methods'], 'GET,PUT');
    assert.equal(headers['access-control-allow-headers'], 'x-cake,content-type');
    assert.equal(headers['access-control-allow-credentials'], 'true');
    assert.equal(headers['access-control-max-age'], '300');
    assert.equal(headers.vary, 'Origin');
    assert.equal(door.seen.length, 0);
  });

  test('tells an origin that is not allowed nothing', async () => {
    await using door = await openUrl(given());
    const foreign = { ...asked, origin: 'https://evil.example' };
    for (const method of ['OPTIONS', 'GET']) {
      const { status, headers } = await door.ask({ method, headers: foreign });
      assert.equal(status, 200);
      assert.ok(!Object.keys(headers).some((name) => name.startsWith('access-control')));
    }
    assert.equal(door.seen.length, 1);
  });

  test('adds its headers to answers, beside those of the function, and to refusals', async () => {
    const own = { statusCode: 200, headers: { 'Access-Control-Allow-Origin': '*' }, body: 'made' };
    await using door = await openUrl({ ...given(), answer: () => resultOf(own) });
    const { headers } = await door.ask({ headers: { origin: 'https://shop.example' } });
    assert.equal(headers['access-control-allow-origin'], '*, https://shop.example');
    assert.equal(headers['access-control-expose-headers'], 'x-made');
    assert.equal(headers['access-control-allow-methods'], undefined);
    assert.equal((await door.ask()).headers['access-control-allow-origin'], '*');
    await using closed = await openUrl({ urls: given().urls });
    const refused = await closed.ask({ headers: { origin: 'https://shop.example' } });
    assert.equal(refused.status, 403);
    assert.equal(refused.headers['access-control-allow-origin'], 'https://shop.example');
  });

  test('with stars names the origin, and the headers that were asked for', async () => {
    const stars = {
      allowOrigins: ['*'],
      allowHeaders: ['*'],
      allowMethods: ['*'],
      allowCredentials: null,
      maxAgeSeconds: null,
    };
    await using door = await openUrl(given(stars));
    const wanted = { ...asked, 'access-control-request-headers': 'authorization,x-y' };
    const { headers } = await door.ask({ method: 'OPTIONS', headers: wanted });
    assert.equal(headers['access-control-allow-origin'], 'https://shop.example');
    assert.equal(headers['access-control-allow-headers'], 'authorization,x-y');
    assert.equal(headers['access-control-allow-methods'], '*');
    assert.equal(headers['access-control-max-age'], undefined);
  });

  test('leaves an OPTIONS request that is no preflight to the function', async () => {
    await using door = await openUrl(given());
    assert.equal((await door.ask({ method: 'OPTIONS' })).text, 'made');
  });
});

suite('the invoke mode of a function URL', () => {
  const PRELUDE = Buffer.concat([Buffer.from('{"statusCode":201,"headers":{"x-a":"1"}}'), Buffer.alloc(8)]);
  const streamed =
    (...chunks: Buffer[]) =>
    (): InvokeResult => ({
      kind: 'stream',
      executedVersion: 1,
      contentType: 'application/vnd.awslambda.http-integration-response',
      body: Readable.from(chunks),
      report: Promise.resolve(REPORT),
    });
  const given = (invokeMode: FunctionUrl['invokeMode'], answer: () => InvokeResult) => ({
    urls: { '': url({ invokeMode }) },
    policies: { '': policy(OPEN) },
    answer,
  });

  test('BUFFERED sends a stream as a whole, with its length', async () => {
    const answer = streamed(PRELUDE, Buffer.from('one '), Buffer.from('two'));
    await using door = await openUrl(given('BUFFERED', answer));
    const { status, headers, text } = await door.ask();
    assert.deepEqual([status, text], [201, 'one two']);
    assert.equal(headers['x-a'], '1');
    assert.equal(headers['content-length'], '7');
    assert.equal(headers['transfer-encoding'], undefined);
  });

  test('BUFFERED refuses a stream that is too long for it', async () => {
    const part = Buffer.alloc(4 * 1024 * 1024, 'x');
    await using door = await openUrl(given('BUFFERED', streamed(PRELUDE, part, part)));
    const { status, text } = await door.ask();
    assert.equal(status, 502);
    assert.match(text, /longer than 6291556 bytes/);
  });

  test('RESPONSE_STREAM streams, and sends what was returned as it is', async () => {
    await using door = await openUrl(given('RESPONSE_STREAM', streamed(PRELUDE, Buffer.from('one'))));
    const { status, headers, text } = await door.ask();
    assert.deepEqual([status, text, headers['transfer-encoding']], [201, 'one', 'chunked']);
    await using plain = await openUrl(
      given('RESPONSE_STREAM', () => resultOf({ statusCode: 404, body: 'no' })),
    );
    const answer = await plain.ask();
    assert.deepEqual([answer.status, answer.text], [200, '{"statusCode":404,"body":"no"}']);
    assert.equal(answer.headers['content-type'], 'application/octet-stream');
  });
});

test('the policy that a URL is opened with is IAM’s own language', () => {
  assert.doesNotThrow(() =>
    compilePolicy(JSON.stringify({ Version: '2012-10-17', Statement: [OPEN] }), 'resource'),
  );
});
