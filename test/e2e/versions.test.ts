/** What docs/versions.md promises, on a real node: versions, aliases with weights, concurrency, by the SDK. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import {
  AddPermissionCommand,
  CreateAliasCommand,
  CreateFunctionCommand,
  CreateFunctionUrlConfigCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  GetProvisionedConcurrencyConfigCommand,
  InvokeCommand,
  LambdaClient,
  PutFunctionConcurrencyCommand,
  PutProvisionedConcurrencyConfigCommand,
  UpdateAliasCommand,
  UpdateFunctionCodeCommand,
} from '@aws-sdk/client-lambda';
import { zipByHand } from '../../src/artifacts/zip-by-hand.ts';
import { makeRole } from '../clients/make-role.ts';
import { eventually } from '../support/eventually.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';

const CALLS = 2_000;
const AT_ONCE = 8;
const FunctionName = 'canary';

function zip(generation: string): Buffer {
  const content = `exports.handler = async () => ({ statusCode: 200, body: '${generation}' });`;
  return zipByHand([{ name: 'index.js', content }]);
}

/** @returns how many of 2,000 answers were this one */
async function count(call: () => Promise<string>, wanted: string): Promise<number> {
  let left = CALLS;
  let found = 0;
  const lane = async () => {
    while (left-- > 0) if ((await call()) === wanted) found += 1;
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return found;
}

suite('versions and aliases', () => {
  let node: RealNode;
  let client: LambdaClient;

  before(async () => {
    node = await startRealNode(['--driver', 'process']);
    const { accessKeyId, secretAccessKey, control } = JSON.parse(
      readFileSync(join(node.home, 'node.json'), 'utf8'),
    );
    const credentials = { accessKeyId, secretAccessKey };
    client = new LambdaClient({ endpoint: control, region: 'us-east-1', credentials, maxAttempts: 1 });
    const Role = await makeRole(node, 'canary');
    const Code = { ZipFile: zip('old') };
    await client.send(
      new CreateFunctionCommand({
        ...{ FunctionName, Runtime: 'nodejs24.x', Handler: 'index.handler', Role, Code, Publish: true },
      }),
    );
    await client.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile: zip('new'), Publish: true }));
    const RoutingConfig = { AdditionalVersionWeights: { 2: 0.05 } };
    await client.send(
      new CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '1', RoutingConfig }),
    );
  });
  after(async () => {
    client.destroy();
    await node[Symbol.asyncDispose]();
  });

  const invoke = async (Qualifier?: string) => {
    const answer = await client.send(new InvokeCommand({ FunctionName, Qualifier }));
    const { body } = JSON.parse(Buffer.from(answer.Payload ?? []).toString()) as { body: string };
    return { body, version: answer.ExecutedVersion };
  };

  test('without a qualifier it is $LATEST that answers', async () => {
    assert.deepEqual(await invoke(), { body: 'new', version: '$LATEST' });
    assert.deepEqual(await invoke('1'), { body: 'old', version: '1' });
  });

  test('5 % of 2,000 calls run the second version, give or take half a percent, and say so', async () => {
    const seconds = await count(async () => {
      const { body, version } = await invoke('live');
      assert.equal(version, body === 'new' ? '2' : '1');
      return body;
    }, 'new');
    assert.ok(seconds >= 90 && seconds <= 110, `${seconds} of ${CALLS}`);
  });

  test('so do 5 % of 2,000 HTTP requests', async () => {
    const live = { FunctionName, Qualifier: 'live' };
    const { FunctionUrl = '' } = await client.send(
      new CreateFunctionUrlConfigCommand({ ...live, AuthType: 'NONE' }),
    );
    await client.send(
      new AddPermissionCommand({
        ...{ ...live, StatementId: 'url', Action: 'lambda:InvokeFunctionUrl', Principal: '*' },
        FunctionUrlAuthType: 'NONE',
      }),
    );
    const { hostname } = new URL(FunctionUrl);
    const seconds = await count(async () => {
      const answer = await node.request(hostname, { path: '/' });
      assert.equal(answer.status, 200);
      return answer.body.toString();
    }, 'new');
    assert.ok(seconds >= 90 && seconds <= 110, `${seconds} of ${CALLS}`);
  });

  test('moved, it answers with the new version only', async () => {
    const live = { FunctionName, Name: 'live' };
    await client.send(new UpdateAliasCommand({ ...live, FunctionVersion: '2', RoutingConfig: {} }));
    for (let call = 0; call < 20; call++) assert.equal((await invoke('live')).body, 'new');
  });

  test('a reservation of 0 throttles every call', async () => {
    const reserve = (ReservedConcurrentExecutions: number) =>
      client.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions }));
    await reserve(0);
    await assert.rejects(invoke(), {
      name: 'TooManyRequestsException',
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
    });
    await reserve(10);
    assert.equal((await invoke()).body, 'new');
  });

  test('provisioned concurrency is ready when its instances are', async () => {
    const live = { FunctionName, Qualifier: 'live' };
    await client.send(
      new PutProvisionedConcurrencyConfigCommand({ ...live, ProvisionedConcurrentExecutions: 2 }),
    );
    await eventually('both instances stand ready', async () => {
      const { Status, AvailableProvisionedConcurrentExecutions: available } = await client.send(
        new GetProvisionedConcurrencyConfigCommand(live),
      );
      return (Status === 'READY' && available === 2) || { Status, available };
    });
  });

  test('the package is what was sent; deleted, it answers nowhere', async () => {
    const { Code } = await client.send(new GetFunctionCommand({ FunctionName, Qualifier: '1' }));
    const answer = await fetch(Code?.Location ?? '');
    assert.deepEqual(Buffer.from(await answer.arrayBuffer()), zip('old'));
    await client.send(new DeleteFunctionCommand({ FunctionName }));
    await assert.rejects(invoke(), { name: 'ResourceNotFoundException' });
    assert.equal((await node.skein(['list', '--json'])).stdout.includes(FunctionName), false);
  });
});
