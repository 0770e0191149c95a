/**
 * IAM, STS and signatures as boto3 and botocore see them: identity whole, over a database by hand, behind the
 * endpoint of all AWS services. Only the endpoint and the keys are changed.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { systemClock } from '../../src/base/index.ts';
import { openTestIdentity } from '../../src/identity/testing.ts';
import { iamService } from '../../src/wire/aws/iam/index.ts';
import { type AwsService, createAwsEndpoint, readModel } from '../../src/wire/aws/index.ts';
import { stsService } from '../../src/wire/aws/sts/index.ts';

const PACKAGES = join(import.meta.dirname, '.cache/python');
const skip = existsSync(PACKAGES) ? false : 'boto3 is not installed (test/clients/install.sh)';

/** Of Lambda only what answers whoever may ask, to see how a JSON service says no. */
const lambda: AwsService = {
  model: readModel('lambda'),
  operations: {
    async ListFunctions(_input: never, call) {
      await call.authorize('lambda:ListFunctions', '*');
      return { Functions: [] };
    },
    async GetFunctionConfiguration(input: { FunctionName: string }, call) {
      const name = input.FunctionName.split(':').at(-1) ?? '';
      await call.authorize(
        'lambda:GetFunctionConfiguration',
        `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
      );
      return { FunctionName: name };
    },
  } as AwsService['operations'],
  errorOf: () => null,
};

async function openServer() {
  const functions = {
    functionNames: () => ['bakery-orders'],
    statementsOf: (name: string) => (name === 'bakery-orders' ? STATEMENTS : null),
    lineThatAllows: () => null,
  };
  const identity = await openTestIdentity({ functions });
  const bugs: unknown[] = [];
  const { authority } = identity;
  let requests = 0;
  const endpoint = createAwsEndpoint({
    services: [lambda, iamService(identity), stsService(identity)],
    accountId: '000000000000',
    region: 'us-east-1',
    verify: (request, wanted) => authority.verify(request, wanted),
    authorize: (question) => authority.authorize(question),
    clock: systemClock,
    newRequestId: () => `request-${++requests}`,
    onBug: (error) => bugs.push(error),
  });
  const server = createServer((request, response) => void endpoint(request, response));
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    ...{ identity, bugs },
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await identity[Symbol.asyncDispose]();
    },
  };
}

const STATEMENTS = [{ Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: '*' }];

suite('IAM and STS from boto3', () => {
  test('work and refuse as on AWS', { skip, timeout: 120_000 }, async () => {
    await using open = await openServer();
    const { keys, authority } = open.identity;
    const instance = authority.issueSession({
      ...{ roleName: 'skein-bakery-orders', sessionName: 'bakery-orders', seconds: 900 },
      functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:bakery-orders',
    });
    const child = spawn('python3', [join(import.meta.dirname, 'python/iam.py')], {
      env: {
        ...process.env,
        ...{ PYTHONPATH: PACKAGES, AWS_DEFAULT_REGION: 'us-east-1', AWS_EC2_METADATA_DISABLED: 'true' },
        ...{ AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey },
        ...{
          AWS_ENDPOINT_URL: open.url,
          AWS_CONFIG_FILE: '/dev/null',
          AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
        },
        INSTANCE: JSON.stringify(instance),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [out, trouble] = await Promise.all([text(child.stdout), text(child.stderr)]);
    assert.deepEqual(open.bugs, []);
    assert.equal(trouble, '');
    const { checks, failures } = JSON.parse(out) as { checks: number; failures: string[] };
    assert.deepEqual(failures, []);
    assert.ok(checks >= 100, `${checks} checks`);
  });
});
