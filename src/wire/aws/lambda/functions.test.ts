import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import {
  CreateAliasCommand,
  type CreateFunctionCommandInput,
  DeleteAliasCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  type LambdaClient,
  ListAliasesCommand,
  ListFunctionsCommand,
  type ListFunctionsCommandOutput,
  ListVersionsByFunctionCommand,
  PublishVersionCommand,
  UpdateAliasCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { zipByHand } from '../../../artifacts/testing.ts';
import { CONFLICT, INVALID, making, NOT_FOUND, openLambda, ROLE, refused, STALE } from './lambda-fixture.ts';

type Opened = Awaited<ReturnType<typeof openLambda>>;

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function';
const zipOf = (text: string) => zipByHand([{ name: 'index.mjs', content: text }]);
const wanted = (name: string, over: Partial<CreateFunctionCommandInput> = {}) =>
  making(name, zipOf('1'), over);

suite('functions through the SDK', () => {
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

  test('from create to delete, with versions and a weighted alias', async () => {
    const made = await client.send(
      wanted('life', { Environment: { Variables: { AB: '1' } }, Tags: { team: 'x' } }),
    );
    assert.deepEqual(
      [
        made.FunctionName,
        made.FunctionArn,
        made.Version,
        made.State,
        made.LastUpdateStatus,
        made.PackageType,
      ],
      ['life', `${ARN}:life`, '$LATEST', 'Active', 'Successful', 'Zip'],
    );
    assert.deepEqual(
      [made.MemorySize, made.Timeout, made.EphemeralStorage?.Size, made.Role],
      [128, 3, 512, ROLE],
    );
    assert.equal(made.CodeSize, zipOf('1').length);

    const first = await client.send(new PublishVersionCommand({ FunctionName: 'life', Description: 'one' }));
    assert.deepEqual([first.Version, first.FunctionArn, first.Description], ['1', `${ARN}:life:1`, 'one']);
    const same = await client.send(new PublishVersionCommand({ FunctionName: 'life' }));
    assert.equal(same.Version, '1', 'nothing has changed since');

    const updated = await client.send(
      new UpdateFunctionCodeCommand({ FunctionName: 'life', ZipFile: zipOf('2'), Publish: true }),
    );
    assert.deepEqual([updated.Version, updated.FunctionArn], ['2', `${ARN}:life:2`]);
    assert.notEqual(updated.CodeSha256, made.CodeSha256);

    const alias = await client.send(
      new CreateAliasCommand({
        FunctionName: 'life',
        Name: 'live',
        FunctionVersion: '1',
        RoutingConfig: { AdditionalVersionWeights: { 2: 0.05 } },
      }),
    );
    assert.deepEqual(
      [alias.AliasArn, alias.FunctionVersion, alias.RoutingConfig?.AdditionalVersionWeights],
      [`${ARN}:life:live`, '1', { 2: 0.05 }],
    );
    const byAlias = await client.send(new GetFunctionCommand({ FunctionName: `${ARN}:life:live` }));
    assert.deepEqual(
      [byAlias.Configuration?.Version, byAlias.Configuration?.FunctionArn, byAlias.Tags],
      ['1', `${ARN}:life:live`, { team: 'x' }],
    );
    assert.match(byAlias.Code?.Location ?? '', /^http:\/\/127\.0\.0\.1:\d+\/packages\/[0-9a-f]{64}$/);

    await refused(client.send(new DeleteFunctionCommand({ FunctionName: 'life', Qualifier: '2' })), {
      ...CONFLICT,
      message: 'Unable to delete version because the following aliases reference it: [live]',
    });
    const moved = await client.send(
      new UpdateAliasCommand({ FunctionName: 'life', Name: 'live', FunctionVersion: '2', RoutingConfig: {} }),
    );
    assert.deepEqual([moved.FunctionVersion, moved.RoutingConfig], ['2', undefined]);
    await client.send(new DeleteFunctionCommand({ FunctionName: 'life', Qualifier: '1' }));
    const left = await client.send(new ListVersionsByFunctionCommand({ FunctionName: 'life' }));
    assert.deepEqual(
      left.Versions?.map(({ FunctionArn }) => FunctionArn),
      [`${ARN}:life:$LATEST`, `${ARN}:life:2`],
    );
    const listed = await client.send(new ListAliasesCommand({ FunctionName: 'life', FunctionVersion: '2' }));
    assert.deepEqual(
      listed.Aliases?.map(({ Name }) => Name),
      ['live'],
    );
    await client.send(new DeleteAliasCommand({ FunctionName: 'life', Name: 'live' }));
    await client.send(new DeleteFunctionCommand({ FunctionName: 'life' }));
    await refused(client.send(new GetFunctionCommand({ FunctionName: 'life' })), {
      ...NOT_FOUND,
      message: `Function not found: ${ARN}:life`,
    });
  });

  test('an update changes what it names and nothing else; empty values take away', async () => {
    const DeadLetterConfig = { TargetArn: 'arn:aws:sqs:us-east-1:000000000000:dead' };
    const VpcConfig = { SubnetIds: ['subnet-1'], SecurityGroupIds: ['sg-1'] };
    await client.send(
      wanted('kept', {
        ...{ DeadLetterConfig, VpcConfig, Timeout: 7, MemorySize: 512, Architectures: ['arm64'] },
        TracingConfig: { Mode: 'Active' },
        LoggingConfig: { LogFormat: 'JSON' },
        Environment: { Variables: { AB: '1' } },
      }),
    );
    const FunctionName = 'kept';
    const after = await client.send(
      new UpdateFunctionConfigurationCommand({
        FunctionName,
        Timeout: 9,
        Role: ROLE.replace('tester', 'other'),
      }),
    );
    assert.deepEqual(
      [
        after.Timeout,
        after.MemorySize,
        after.Architectures,
        after.TracingConfig,
        after.Environment?.Variables,
      ],
      [9, 512, ['arm64'], { Mode: 'Active' }, { AB: '1' }],
    );
    assert.match(after.Role ?? '', /role\/other$/);
    assert.deepEqual(after.DeadLetterConfig, DeadLetterConfig);
    assert.deepEqual(after.VpcConfig, { ...VpcConfig, Ipv6AllowedForDualStack: false, VpcId: '' });
    assert.deepEqual(after.LoggingConfig, {
      ...{ LogFormat: 'JSON', ApplicationLogLevel: 'INFO', SystemLogLevel: 'INFO' },
      LogGroup: '/aws/lambda/kept',
    });
    const bare = await client.send(
      new UpdateFunctionConfigurationCommand({
        ...{ FunctionName, DeadLetterConfig: { TargetArn: '' }, Environment: {} },
        LoggingConfig: { LogFormat: 'Text' },
      }),
    );
    assert.deepEqual([bare.DeadLetterConfig, bare.Environment], [undefined, undefined]);
    assert.deepEqual(bare.LoggingConfig, { LogFormat: 'Text', LogGroup: '/aws/lambda/kept' });
    const shown = await client.send(new GetFunctionConfigurationCommand({ FunctionName }));
    assert.deepEqual({ ...shown, $metadata: 0 }, { ...bare, $metadata: 0 });
  });

  test('a dry run judges the code and changes nothing', async () => {
    const before = await client.send(wanted('dry'));
    const tried = await client.send(
      new UpdateFunctionCodeCommand({ FunctionName: 'dry', ZipFile: zipOf('other'), DryRun: true }),
    );
    assert.notEqual(tried.CodeSha256, before.CodeSha256);
    const now = await client.send(new GetFunctionConfigurationCommand({ FunctionName: 'dry' }));
    assert.equal(now.RevisionId, before.RevisionId);
    const ZipFile = Buffer.from('PK but not a zip');
    await refused(
      client.send(new UpdateFunctionCodeCommand({ FunctionName: 'dry', ZipFile, DryRun: true })),
      {
        ...INVALID,
        message: 'Could not unzip uploaded file. Please check your file, then try to upload again.',
      },
    );
  });

  test('a name is taken once', async () => {
    await client.send(wanted('taken'));
    await refused(client.send(wanted('taken')), { ...CONFLICT, message: 'Function already exist: taken' });
  });

  test('a stale revision id changes nothing', async () => {
    const { RevisionId } = await client.send(wanted('stale'));
    const FunctionName = 'stale';
    await client.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout: 4, RevisionId }));
    for (const call of [
      () => client.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout: 5, RevisionId })),
      () => client.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile: zipOf('2'), RevisionId })),
      () => client.send(new PublishVersionCommand({ FunctionName, RevisionId })),
    ])
      await refused(call(), STALE);
    assert.equal((await client.send(new GetFunctionConfigurationCommand({ FunctionName }))).Timeout, 4);
  });

  test('of two updates at once the second is refused, and while one runs the state says so', async () => {
    await client.send(wanted('busy'));
    const stored = Promise.withResolvers<void>();
    lambda.scene.storing = stored.promise;
    const first = client.send(new UpdateFunctionCodeCommand({ FunctionName: 'busy', ZipFile: zipOf('2') }));
    const shows = async () =>
      (await client.send(new GetFunctionConfigurationCommand({ FunctionName: 'busy' }))).LastUpdateStatus;
    while ((await shows()) !== 'InProgress');
    await refused(client.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'busy', Timeout: 5 })), {
      ...CONFLICT,
      message: `The operation cannot be performed at this time. An update is in progress for resource: ${ARN}:busy`,
    });
    stored.resolve();
    lambda.scene.storing = null;
    await first;
    assert.equal(await shows(), 'Successful');
  });

  test('qualifiers: what does not exist, and two that differ', async () => {
    await client.send(wanted('named'));
    const get = (FunctionName: string, Qualifier?: string) =>
      client.send(new GetFunctionConfigurationCommand({ FunctionName, Qualifier }));
    for (const name of ['named', '000000000000:function:named', `${ARN}:named`, 'named:$LATEST'])
      assert.equal((await get(name)).FunctionName, 'named');
    await refused(get('named', '7'), { ...NOT_FOUND, message: `Function not found: ${ARN}:named:7` });
    await refused(get('named', 'no'), { ...NOT_FOUND, message: /:named:no$/ });
    const differ = 'The derived qualifier from the function name does not match the specified qualifier.';
    await refused(get('named:live', 'no'), { ...INVALID, message: differ });
    await refused(client.send(new DeleteFunctionCommand({ FunctionName: 'named', Qualifier: '$LATEST' })), {
      ...INVALID,
      message: '$LATEST version cannot be deleted without deleting the function.',
    });
  });

  test('lists come in pages, with versions where they are asked for', async () => {
    await Promise.all(
      Array.from({ length: 7 }, (_, index) => client.send(wanted(`page-${index}`, { Publish: true }))),
    );
    const seen: string[] = [];
    let Marker: string | undefined;
    do {
      const page: ListFunctionsCommandOutput = await client.send(
        new ListFunctionsCommand({ MaxItems: 3, Marker, FunctionVersion: 'ALL' }),
      );
      assert.ok((page.Functions?.length ?? 0) <= 3);
      seen.push(...(page.Functions ?? []).map(({ FunctionArn = '' }) => FunctionArn));
      Marker = page.NextMarker;
    } while (Marker !== undefined);
    const ours = seen.filter((arn) => arn.includes('page-'));
    const expected = Array.from({ length: 7 }, (_, index) => [
      `page-${index}:$LATEST`,
      `page-${index}:1`,
    ]).flat();
    assert.deepEqual(
      ours,
      expected.map((name) => `${ARN}:${name}`),
    );
    const some = await client.send(new ListFunctionsCommand({}));
    assert.ok(some.Functions?.every(({ State, Version }) => State === undefined && Version === '$LATEST'));
    await refused(client.send(new ListFunctionsCommand({ Marker: 'nonsense' })), {
      ...INVALID,
      message: /marker/,
    });
  });
});
