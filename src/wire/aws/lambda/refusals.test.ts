import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import {
  type CreateFunctionCommandInput,
  InvokeCommand,
  type LambdaClient,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { zipByHand } from '../../../artifacts/testing.ts';
import { LIMITS } from '../../../model/index.ts';
import { making, openLambda, ROLE, refused } from './lambda-fixture.ts';

type Opened = Awaited<ReturnType<typeof openLambda>>;

const zipOf = (text: string) => zipByHand([{ name: 'index.mjs', content: text }]);
const wanted = (name: string, over: Partial<CreateFunctionCommandInput> = {}) =>
  making(name, zipOf('1'), over);

suite('functions that AWS would refuse', () => {
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

  for (const [what, over, name, message] of [
    [
      'a corrupt zip',
      { Code: { ZipFile: Buffer.from('nonsense') } },
      'InvalidParameterValueException',
      /^Could not unzip uploaded file\. /,
    ],
    [
      'an empty zip',
      { Code: { ZipFile: Buffer.alloc(0) } },
      'InvalidParameterValueException',
      'Uploaded file must be a non-empty zip',
    ],
    [
      'a zip with nothing in it',
      { Code: { ZipFile: zipByHand([]) } },
      'InvalidParameterValueException',
      'Uploaded file must be a non-empty zip',
    ],
    [
      'a tag with a reserved key',
      { Tags: { 'aws:team': 'cakes' } },
      'InvalidParameterValueException',
      /keys that begin with "aws:" are reserved/,
    ],
    [
      'a bucket',
      { Code: { S3Bucket: 'some', S3Key: 'key' } },
      'InvalidParameterValueException',
      /S3 Error Code: NoSuchBucket/,
    ],
    [
      'an image that is not here',
      { Code: { ImageUri: 'a/b:c' }, PackageType: 'Image', Runtime: undefined, Handler: undefined },
      'InvalidParameterValueException',
      /^Source image a\/b:c does not exist\. /,
    ],
    [
      'an unknown runtime',
      { Runtime: 'cobol85' as never },
      'InvalidParameterValueException',
      /^Value cobol85 at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: \[.*\] or be a valid ARN$/,
    ],
    [
      'no runtime',
      { Runtime: undefined },
      'InvalidParameterValueException',
      /^Runtime and Handler are mandatory/,
    ],
    [
      'a bad handler',
      { Handler: 'in dex' },
      'ValidationException',
      "1 validation error detected: Value 'in dex' at 'handler' failed to satisfy constraint: Member must satisfy regular expression pattern: [^\\s]+",
    ],
    [
      'memory of 127',
      { MemorySize: 127 },
      'ValidationException',
      "1 validation error detected: Value '127' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128",
    ],
    [
      'memory of 10,241',
      { MemorySize: 10_241 },
      'ValidationException',
      "1 validation error detected: Value '10241' at 'memorySize' failed to satisfy constraint: Member must have value less than or equal to 10240",
    ],
    [
      'a timeout of 901',
      { Timeout: 901 },
      'ValidationException',
      /at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900$/,
    ],
    [
      'an unknown role',
      { Role: ROLE.replace('tester', 'nobody') },
      'InvalidParameterValueException',
      'The role defined for the function cannot be assumed by Lambda.',
    ],
    [
      'a role that is none',
      { Role: 'tester' },
      'ValidationException',
      /^1 validation error detected: Value 'tester' at 'role' failed/,
    ],
    [
      'a reserved variable',
      { Environment: { Variables: { AWS_REGION: 'x' } } },
      'InvalidParameterValueException',
      /Reserved keys used in this request: AWS_REGION$/,
    ],
    [
      'variables of 5 KB',
      { Environment: { Variables: { AB: 'x'.repeat(5_000) } } },
      'InvalidParameterValueException',
      /exceeded the 4KB limit\. String measured: \{"AB":"x+"\}$/,
    ],
    [
      'a layer that is not here',
      { Layers: ['arn:aws:lambda:us-east-1:000000000000:layer:no:1'] },
      'InvalidParameterValueException',
      /^Layer version arn:.*:layer:no:1 does not exist\.$/,
    ],
    [
      'a capacity provider',
      { DurableConfig: { RetentionPeriodInDays: 1, ExecutionTimeout: 5 } },
      'InvalidParameterValueException',
      'DurableConfig is not supported.',
    ],
    [
      'SnapStart of Node.js',
      { SnapStart: { ApplyOn: 'PublishedVersions' } },
      'InvalidParameterValueException',
      'nodejs24.x is not supported for SnapStart enabled functions.',
    ],
    [
      'a name of 65 characters',
      { FunctionName: 'x'.repeat(65) },
      'InvalidParameterValueException',
      /at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 64$/,
    ],
    [
      'a function elsewhere',
      { FunctionName: 'arn:aws:lambda:eu-west-1:000000000000:function:x' },
      'ResourceNotFoundException',
      "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
    ],
  ] as const satisfies readonly (readonly [
    string,
    Partial<CreateFunctionCommandInput>,
    string,
    string | RegExp,
  ])[]) {
    test(`${what} is refused as AWS refuses it`, async () => {
      const status = name === 'ResourceNotFoundException' ? 404 : 400;
      await refused(client.send(wanted('refused', over as Partial<CreateFunctionCommandInput>)), {
        name: name,
        status: status,
        message: message,
      });
    });
  }

  test('events that are too large or no JSON are refused as AWS refuses them', async () => {
    await client.send(wanted('eater'));
    const invoke = (InvocationType: 'RequestResponse' | 'Event', Payload: Buffer) =>
      client.send(new InvokeCommand({ FunctionName: 'eater', InvocationType, Payload }));
    const tooLarge = { name: 'RequestEntityTooLargeException', status: 413 };
    await refused(invoke('RequestResponse', Buffer.alloc(LIMITS.eventBytes + 1, '1')), {
      ...tooLarge,
      message: /^Request must be smaller than 6291456 bytes for the InvokeFunction operation$/,
    });
    await refused(invoke('Event', Buffer.alloc(LIMITS.asyncEventBytes + 1, '1')), {
      ...tooLarge,
      message: '1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)',
    });
    await refused(invoke('RequestResponse', Buffer.from('"\xff"', 'latin1')), {
      ...{ name: 'InvalidRequestContentException', status: 400 },
      message: /into json: Invalid UTF-8$/,
    });
  });

  test('a version or an alias is refused where only a function can be changed', async () => {
    await client.send(wanted('whole'));
    const whole = {
      name: 'InvalidParameterValueException',
      status: 400,
      message: /^This operation is permitted on Lambda functions only\. Aliases and versions do not support/,
    };
    const update = (FunctionName: string) =>
      client.send(new UpdateFunctionConfigurationCommand({ FunctionName, Description: 'changed' }));
    await refused(update('whole:1'), whole);
    await refused(client.send(wanted('other:1')), whole);
    const { Description } = await update('whole:$LATEST');
    assert.equal(Description, 'changed');
  });

  test('a role of another account is refused', async () => {
    await refused(client.send(wanted('passed', { Role: 'arn:aws:iam::111111111111:role/eater' })), {
      name: 'AccessDeniedException',
      status: 403,
      message: 'Cross-account pass role is not allowed.',
    });
  });

  test('a zip above 50 MB is too large, whatever is in it', async () => {
    const large = Buffer.alloc(50 * 1024 * 1024 + 1);
    await refused(client.send(wanted('large', { Code: { ZipFile: large } })), {
      name: 'RequestEntityTooLargeException',
      status: 413,
      message: 'Zipped size must be smaller than 52428800 bytes',
    });
    const larger = Buffer.alloc(70 * 1024 * 1024);
    await refused(client.send(wanted('large', { Code: { ZipFile: larger } })), {
      name: 'RequestEntityTooLargeException',
      status: 413,
      message: /must be smaller than 70167211 bytes for the CreateFunction operation/,
    });
  });
});
