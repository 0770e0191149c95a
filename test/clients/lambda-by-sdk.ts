/** What AWS's SDK for JavaScript does with a function's whole life; only the endpoint and the keys are changed. */
import assert from 'node:assert/strict';
import {
  AddPermissionCommand,
  CreateAliasCommand,
  CreateFunctionCommand,
  CreateFunctionUrlConfigCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  InvokeCommand,
  InvokeWithResponseStreamCommand,
  LambdaClient,
  PublishLayerVersionCommand,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  TooManyRequestsException,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';

const NAME = 'by-sdk';

export async function lambdaBySdk(
  environment: NodeJS.ProcessEnv,
  { code, role }: { readonly code: (word: string) => Buffer; readonly role: string },
): Promise<void> {
  using client = new LambdaClientOf(environment);
  await makeAndChange(client, { code, role });
  await call(client);
  await around(client, code);
}

/** Disposed of with its connections. */
class LambdaClientOf extends LambdaClient {
  constructor({ AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY }: NodeJS.ProcessEnv) {
    super({
      endpoint: AWS_ENDPOINT_URL ?? '',
      region: 'us-east-1',
      credentials: { accessKeyId: AWS_ACCESS_KEY_ID ?? '', secretAccessKey: AWS_SECRET_ACCESS_KEY ?? '' },
      maxAttempts: 1,
    });
  }

  [Symbol.dispose](): void {
    this.destroy();
  }
}

async function makeAndChange(
  client: LambdaClient,
  { code, role }: { readonly code: (word: string) => Buffer; readonly role: string },
): Promise<void> {
  const layer = await client.send(
    new PublishLayerVersionCommand({ LayerName: NAME, Content: { ZipFile: code('layer') } }),
  );
  const made = await client.send(
    new CreateFunctionCommand({
      FunctionName: NAME,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: role,
      Code: { ZipFile: code('one') },
      Layers: [layer.LayerVersionArn ?? ''],
    }),
  );
  await waitUntilFunctionActiveV2({ client, maxWaitTime: 10 }, { FunctionName: NAME });
  await client.send(new PublishVersionCommand({ FunctionName: NAME }));
  await client.send(
    new UpdateFunctionCodeCommand({ FunctionName: NAME, ZipFile: code('two'), Publish: true }),
  );
  const changed = await client.send(
    new UpdateFunctionConfigurationCommand({ FunctionName: NAME, MemorySize: 256, Layers: [] }),
  );
  assert.notEqual(changed.RevisionId, made.RevisionId);
  await client.send(
    new CreateAliasCommand({
      FunctionName: NAME,
      Name: 'live',
      FunctionVersion: '1',
      RoutingConfig: { AdditionalVersionWeights: { 2: 0.5 } },
    }),
  );
}

async function call(client: LambdaClient): Promise<void> {
  const answer = await client.send(
    new InvokeCommand({ FunctionName: NAME, LogType: 'Tail', Payload: '{}', Qualifier: '1' }),
  );
  assert.equal(answer.Payload?.transformToString(), '"one"');
  assert.match(Buffer.from(answer.LogResult ?? '', 'base64').toString(), /hello/);
  const kept = await client.send(
    new InvokeCommand({ FunctionName: NAME, InvocationType: 'Event', Payload: '{}' }),
  );
  assert.equal(kept.StatusCode, 202);
  const tried = await client.send(new InvokeCommand({ FunctionName: NAME, InvocationType: 'DryRun' }));
  assert.equal(tried.StatusCode, 204);
  const streamed = await client.send(
    new InvokeWithResponseStreamCommand({ FunctionName: NAME, Payload: '{"fail":1}', LogType: 'Tail' }),
  );
  const events = await Array.fromAsync(streamed.EventStream ?? []);
  const end = events.at(-1)?.InvokeComplete;
  assert.equal(end?.ErrorCode, 'Unhandled');
  assert.equal(JSON.parse(end.ErrorDetails ?? '{}').errorMessage, 'no');
}

async function around(client: LambdaClient, code: (word: string) => Buffer): Promise<void> {
  const url = await client.send(
    new CreateFunctionUrlConfigCommand({ FunctionName: NAME, Qualifier: 'live', AuthType: 'AWS_IAM' }),
  );
  assert.match(url.FunctionUrl ?? '', /lambda-url/);
  const permission = { StatementId: 'one', Action: 'lambda:InvokeFunction', Principal: 'sns.amazonaws.com' };
  await client.send(new AddPermissionCommand({ FunctionName: NAME, ...permission }));
  await client.send(
    new PutFunctionConcurrencyCommand({ FunctionName: NAME, ReservedConcurrentExecutions: 0 }),
  );
  await assert.rejects(client.send(new InvokeCommand({ FunctionName: NAME })), (error) => {
    assert.ok(error instanceof TooManyRequestsException);
    assert.equal(error.Reason, 'ReservedFunctionConcurrentInvocationLimitExceeded');
    assert.equal(error.$metadata.httpStatusCode, 429);
    return true;
  });
  const whole = await client.send(new GetFunctionCommand({ FunctionName: NAME }));
  const code2 = Buffer.from(await (await fetch(whole.Code?.Location ?? '')).arrayBuffer());
  assert.ok(code2.equals(code('two')));
  await client.send(new DeleteFunctionCommand({ FunctionName: NAME }));
  await assert.rejects(client.send(new GetFunctionCommand({ FunctionName: NAME })), {
    name: 'ResourceNotFoundException',
  });
}
