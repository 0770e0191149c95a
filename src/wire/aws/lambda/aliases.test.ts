import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import {
  CreateAliasCommand,
  type CreateFunctionCommandInput,
  DeleteFunctionConcurrencyCommand,
  DeleteProvisionedConcurrencyConfigCommand,
  GetAliasCommand,
  GetFunctionCommand,
  GetFunctionConcurrencyCommand,
  GetProvisionedConcurrencyConfigCommand,
  type LambdaClient,
  ListProvisionedConcurrencyConfigsCommand,
  PutFunctionConcurrencyCommand,
  PutProvisionedConcurrencyConfigCommand,
  UpdateAliasCommand,
  UpdateFunctionCodeCommand,
} from '@aws-sdk/client-lambda';
import { zipByHand } from '../../../artifacts/testing.ts';
import {
  CONFLICT,
  INVALID,
  making,
  NOT_FOUND,
  openLambda,
  refused,
  STALE,
  VALIDATION,
} from './lambda-fixture.ts';

type Opened = Awaited<ReturnType<typeof openLambda>>;

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function';
const zipOf = (text: string) => zipByHand([{ name: 'index.mjs', content: text }]);
const wanted = (name: string, over: Partial<CreateFunctionCommandInput> = {}) =>
  making(name, zipOf('1'), over);

suite('aliases and concurrency through the SDK', () => {
  let lambda: Opened;
  let client: LambdaClient;
  before(async () => {
    lambda = await openLambda();
    client = lambda.client;
  });
  after(async () => {
    await lambda[Symbol.asyncDispose]();
    assert.deepEqual(lambda.bugs, []);
  });

  test('aliases: weights, loops and what is not there', async () => {
    const FunctionName = 'aliased';
    await client.send(wanted(FunctionName, { Publish: true }));
    await client.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile: zipOf('2'), Publish: true }));
    const create = (over: object) =>
      client.send(new CreateAliasCommand({ FunctionName, Name: 'a', FunctionVersion: '1', ...over }));
    const weights = (AdditionalVersionWeights: Record<string, number>) => ({
      RoutingConfig: { AdditionalVersionWeights },
    });
    await refused(create(weights({ 2: 1.5 })), {
      ...VALIDATION,
      message: /at 'routingConfig\.additionalVersionWeights.* failed to satisfy constraint/,
    });
    await refused(create(weights({ 1: 0.6, 2: 0.6 })), {
      ...INVALID,
      message: 'Number of items in AdditionalVersionWeights cannot be greater than 1',
    });
    await refused(create(weights({ 1: 0.5 })), {
      ...INVALID,
      message: 'Invalid function version 1. Function version 1 is already included in routing configuration.',
    });
    await refused(create({ FunctionVersion: '$LATEST', ...weights({ 1: 0.5 }) }), {
      ...INVALID,
      message: '$LATEST is not supported for an alias pointing to more than 1 version',
    });
    await refused(create({ FunctionVersion: 'other' }), {
      ...VALIDATION,
      message: /Value 'other' at 'functionVersion' failed to satisfy constraint/,
    });
    await refused(create({ Name: '12' }), {
      ...VALIDATION,
      message: /Value '12' at 'name' failed to satisfy constraint/,
    });
    await refused(create({ FunctionVersion: '9' }), {
      ...NOT_FOUND,
      message: `Function not found: ${ARN}:aliased:9`,
    });
    const { RevisionId } = await create({ Description: 'd' });
    await refused(create({}), { ...CONFLICT, message: `Alias already exists: ${ARN}:aliased:a` });
    await client.send(
      new UpdateAliasCommand({ FunctionName, Name: 'a', ...weights({ 2: 0.25 }), RevisionId }),
    );
    await refused(
      client.send(new UpdateAliasCommand({ FunctionName, Name: 'a', FunctionVersion: '2', RevisionId })),
      STALE,
    );
    const shown = await client.send(new GetAliasCommand({ FunctionName, Name: 'a' }));
    assert.deepEqual(
      [shown.FunctionVersion, shown.Description, shown.RoutingConfig?.AdditionalVersionWeights],
      ['1', 'd', { 2: 0.25 }],
    );
    await refused(client.send(new GetAliasCommand({ FunctionName, Name: 'no' })), {
      ...NOT_FOUND,
      message: `Cannot find alias arn: ${ARN}:aliased:no`,
    });
  });

  test('reserved concurrency, down to none at all, leaves the account its minimum', async () => {
    const FunctionName = 'reserved';
    await client.send(wanted(FunctionName));
    const put = (ReservedConcurrentExecutions: number) =>
      client.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions }));
    const get = async () =>
      (await client.send(new GetFunctionConcurrencyCommand({ FunctionName }))).ReservedConcurrentExecutions;
    assert.equal(await get(), undefined);
    await put(900);
    assert.equal(await get(), 900);
    const below =
      "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].";
    await refused(put(901), { ...INVALID, message: below });
    await put(0);
    const shown = await client.send(new GetFunctionCommand({ FunctionName }));
    assert.deepEqual(shown.Concurrency, { ReservedConcurrentExecutions: 0 });
    await client.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
    assert.equal(await get(), undefined);
  });

  test('provisioned concurrency says what stands ready, and is of published versions only', async () => {
    const FunctionName = 'ready';
    await client.send(wanted(FunctionName, { Publish: true }));
    await client.send(new CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '1' }));
    const put = (Qualifier: string, ProvisionedConcurrentExecutions = 2) =>
      client.send(
        new PutProvisionedConcurrencyConfigCommand({
          FunctionName,
          Qualifier,
          ProvisionedConcurrentExecutions,
        }),
      );
    const get = (Qualifier = 'live') =>
      client.send(new GetProvisionedConcurrencyConfigCommand({ FunctionName, Qualifier }));
    await refused(get(), {
      name: 'ProvisionedConcurrencyConfigNotFoundException',
      status: 404,
      message: 'No Provisioned Concurrency Config found for this function',
    });
    await refused(put('$LATEST'), {
      ...INVALID,
      message: 'Provisioned Concurrency Configs cannot be applied to unpublished function versions.',
    });
    await refused(put('no'), { ...NOT_FOUND, message: /:ready:no$/ });
    const begun = await put('live');
    assert.deepEqual(
      [
        begun.Status,
        begun.RequestedProvisionedConcurrentExecutions,
        begun.AvailableProvisionedConcurrentExecutions,
      ],
      ['IN_PROGRESS', 2, 0],
    );
    lambda.scene.provisioned = () => ({ wanted: 2, ready: 2, problem: null });
    assert.equal((await get()).Status, 'READY');
    lambda.scene.provisioned = () => ({ wanted: 2, ready: 1, problem: new Error('it crashes') });
    const failed = await get();
    assert.deepEqual([failed.Status, failed.StatusReason], ['FAILED', 'it crashes']);
    await refused(put('1'), {
      ...CONFLICT,
      message: 'Version is pointed by a Provisioned Concurrency alias',
    });
    await refused(
      client.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 1 })),
      {
        ...INVALID,
        message:
          "ReservedConcurrentExecutions  1 should not be lower than function's total provisioned concurrency [2].",
      },
    );
    const listed = await client.send(new ListProvisionedConcurrencyConfigsCommand({ FunctionName }));
    assert.deepEqual(
      listed.ProvisionedConcurrencyConfigs?.map(({ FunctionArn }) => FunctionArn),
      [`${ARN}:ready:live`],
    );
    await client.send(new DeleteProvisionedConcurrencyConfigCommand({ FunctionName, Qualifier: 'live' }));
    await refused(get(), {
      name: 'ProvisionedConcurrencyConfigNotFoundException',
      status: 404,
      message: /^No Provisioned/,
    });
  });
});
