/** What docs/function-urls.md promises, on a real node: URLs made by the SDK, signed for by curl. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import {
  AddPermissionCommand,
  CreateAliasCommand,
  CreateFunctionCommand,
  CreateFunctionUrlConfigCommand,
  DeleteFunctionUrlConfigCommand,
  LambdaClient,
  PublishVersionCommand,
  UpdateFunctionUrlConfigCommand,
} from '@aws-sdk/client-lambda';
import { zipByHand } from '../../src/artifacts/zip-by-hand.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';

const CODE = `exports.handler = async (event) => ({
  statusCode: 200,
  headers: { 'x-made': 'yes' },
  body: JSON.stringify({ version: process.env.AWS_LAMBDA_FUNCTION_VERSION, caller: event.requestContext.authorizer?.iam?.userArn ?? null, body: event.body }),
});`;
const run = promisify(execFile);
const noSigner = await run('curl', ['--help', 'all']).then(
  ({ stdout }) => (stdout.includes('--aws-sigv4') ? false : 'curl cannot sign (7.75 or newer can)'),
  () => 'there is no curl',
);

interface Keys {
  readonly id: string;
  readonly secret: string;
}

const TRUST = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
});

suite('function URLs', { skip: noSigner }, () => {
  let node: RealNode;
  let client: LambdaClient;
  let keys: Keys;

  before(async () => {
    node = await startRealNode(['--driver', 'process']);
    const file = JSON.parse(readFileSync(join(node.home, 'node.json'), 'utf8'));
    keys = { id: file.accessKeyId, secret: file.secretAccessKey };
    const role = [
      'Action=CreateRole',
      'Version=2010-05-08',
      'RoleName=made',
      `AssumeRolePolicyDocument=${TRUST}`,
    ];
    await run('curl', [
      ...['-sSf', '--aws-sigv4', 'aws:amz:us-east-1:iam', '--user', `${keys.id}:${keys.secret}`],
      ...[
        '-d',
        new URLSearchParams(role.map((pair) => pair.split(/=(.*)/s, 2) as [string, string])).toString(),
      ],
      file.control,
    ]);
    const credentials = { accessKeyId: keys.id, secretAccessKey: keys.secret };
    client = new LambdaClient({ endpoint: file.control, region: 'us-east-1', credentials, maxAttempts: 1 });
    await client.send(
      new CreateFunctionCommand({
        FunctionName: 'made',
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Role: 'arn:aws:iam::000000000000:role/made',
        Code: { ZipFile: zipByHand([{ name: 'index.js', content: CODE }]) },
      }),
    );
  });
  after(() => node[Symbol.asyncDispose]());

  const get = (host = 'made.localhost', more = {}) => node.request(host, { path: '/', ...more });
  const host = (url: string | undefined) => new URL(url ?? '').hostname;
  const allow = (more: object) =>
    client.send(
      new AddPermissionCommand({
        FunctionName: 'made',
        StatementId: 'url',
        Action: 'lambda:InvokeFunctionUrl',
        Principal: '*',
        FunctionUrlAuthType: 'NONE',
        ...more,
      }),
    );

  /** As somebody with these keys, by curl's own signature. */
  async function signed({ id, secret }: Keys, words: readonly string[] = []) {
    const { port } = node.gateway;
    const to = ['--resolve', `made.localhost:${port}:127.0.0.1`, `http://made.localhost:${port}/`];
    const by = ['--aws-sigv4', 'aws:amz:us-east-1:lambda', '--user', `${id}:${secret}`];
    const { stdout } = await run('curl', ['-sS', '-w', '\n%{http_code}', ...by, ...words, ...to]);
    const [body = '', status] = stdout.split(/\n(?=\d+$)/);
    return { status: Number(status), json: JSON.parse(body) as Record<string, unknown> };
  }

  test('a function that an API made answers nowhere without one', async () => {
    assert.equal((await get()).status, 404);
  });

  test('one without authentication is open once its policy says so', async () => {
    const { FunctionUrl } = await client.send(
      new CreateFunctionUrlConfigCommand({ FunctionName: 'made', AuthType: 'NONE' }),
    );
    const closed = await get();
    assert.equal(closed.status, 403);
    assert.deepEqual(closed.json(), { Message: 'Forbidden' });
    await allow({});
    for (const name of ['made.localhost', host(FunctionUrl)]) {
      const answer = await get(name);
      assert.equal(answer.status, 200, name);
      assert.equal(answer.headers['x-made'], 'yes');
      assert.deepEqual(answer.json(), { version: '$LATEST', caller: null });
    }
  });

  test('one of an alias is its own', async () => {
    await client.send(new PublishVersionCommand({ FunctionName: 'made' }));
    await client.send(new CreateAliasCommand({ FunctionName: 'made', Name: 'blue', FunctionVersion: '1' }));
    const blue = { FunctionName: 'made', Qualifier: 'blue' };
    const { FunctionUrl } = await client.send(
      new CreateFunctionUrlConfigCommand({ ...blue, AuthType: 'NONE' }),
    );
    assert.equal((await get('blue.made.localhost')).status, 403);
    await allow(blue);
    for (const name of ['blue.made.localhost', host(FunctionUrl)])
      assert.equal((await get(name)).json().version, '1', name);
    await client.send(new DeleteFunctionUrlConfigCommand(blue));
    assert.equal((await get('blue.made.localhost')).status, 404);
  });

  test('one of a function of a manifest closes its host for good, also when it is deleted and after a deploy', async () => {
    const manifest =
      'app: shop\nfunctions: { pay: { runtime: nodejs24.x, handler: index.handler, code: ./pay } }\n';
    const files = (mark: string) => ({ 'skein.yaml': manifest, 'pay/index.js': `${CODE} // ${mark}` });
    const status = async () => [
      (await get('shop-pay.localhost')).status,
      (await get('live.shop-pay.localhost')).status,
    ];
    const of = { FunctionName: 'shop-pay' };
    await node.deploy(files('first'));
    assert.deepEqual(await status(), [200, 200]);
    await client.send(new CreateFunctionUrlConfigCommand({ ...of, AuthType: 'AWS_IAM' }));
    assert.deepEqual(await status(), [403, 403]);
    await client.send(new DeleteFunctionUrlConfigCommand(of));
    assert.deepEqual(await status(), [403, 403]);
    await node.deploy(files('second'));
    assert.deepEqual(await status(), [403, 403]);
    await client.send(new CreateFunctionUrlConfigCommand({ ...of, AuthType: 'NONE' }));
    await allow(of);
    assert.deepEqual(await status(), [200, 200]);
  });

  test('browsers are told what its CORS says', async () => {
    const Cors = { AllowOrigins: ['https://shop.example'], AllowMethods: ['PUT'], MaxAge: 60 };
    await client.send(new UpdateFunctionUrlConfigCommand({ FunctionName: 'made', Cors }));
    const origin = 'https://shop.example';
    const preflight = await get('made.localhost', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'PUT' },
    });
    assert.equal(preflight.status, 200);
    assert.equal(preflight.headers['access-control-allow-methods'], 'PUT');
    assert.equal(preflight.headers['access-control-max-age'], '60');
    assert.equal(preflight.headers['x-made'], undefined);
    const answer = await get('made.localhost', { headers: { origin } });
    assert.equal(answer.headers['access-control-allow-origin'], origin);
    assert.equal(answer.headers['x-made'], 'yes');
  });

  test('one with AWS_IAM is for who signs and may', async () => {
    await client.send(new UpdateFunctionUrlConfigCommand({ FunctionName: 'made', AuthType: 'AWS_IAM' }));
    assert.equal((await get()).status, 403);
    const owner = await signed(keys, ['-d', 'cake=plum', '-H', 'content-type: text/plain']);
    assert.equal(owner.status, 200);
    assert.deepEqual(owner.json, {
      version: '$LATEST',
      caller: 'arn:aws:iam::000000000000:root',
      body: 'cake=plum',
    });
    const wrong = await signed({ ...keys, secret: 'not this one' });
    assert.equal(wrong.status, 403);
    assert.match(String(wrong.json.message), /signature we calculated does not match/);
    const nobody = await signed({ id: 'AKIAAAAAAAAAAAAAAAAA', secret: 'none' });
    assert.equal(nobody.status, 403);
    assert.match(String(nobody.json.message), /security token included in the request is invalid/);
  });
});
