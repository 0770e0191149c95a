/** Every operation of Lambda and of SQS, on a real node, by a role that allows nothing, then only what the refusal named. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { runCommand } from '../support/command.ts';
import { startRealNode } from '../support/real-node.ts';

const PACKAGES = join(import.meta.dirname, '.cache/python');
const skip = existsSync(PACKAGES) ? false : 'boto3 is not installed (test/clients/install.sh)';

interface Found {
  readonly refused: Readonly<Record<string, string>>;
  readonly missing: readonly string[];
  readonly failures: readonly string[];
}

suite('what a role does not allow', () => {
  for (const [service, least] of [
    ['lambda', 60],
    ['sqs', 23],
  ] as const)
    test(`of ${service} is refused, operation by operation, and done once it is allowed`, {
      skip,
    }, async (t) => {
      await using node = await startRealNode(['--driver', 'process']);
      const { control, accessKeyId, secretAccessKey } = JSON.parse(
        readFileSync(join(node.home, 'node.json'), 'utf8'),
      ) as Record<'control' | 'accessKeyId' | 'secretAccessKey', string>;
      const { stdout, stderr } = await runCommand(
        'python3',
        [join(import.meta.dirname, 'python/denied.py'), service],
        {
          env: {
            ...process.env,
            ...{ PYTHONPATH: PACKAGES, AWS_DEFAULT_REGION: 'us-east-1', AWS_EC2_METADATA_DISABLED: 'true' },
            ...{ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
            ...{
              AWS_ENDPOINT_URL: control,
              AWS_CONFIG_FILE: '/dev/null',
              AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
            },
          },
        },
      );
      assert.equal(stderr, '');
      const { refused, missing, failures } = JSON.parse(stdout) as Found;
      t.diagnostic(
        `${Object.keys(refused).length} operations refused, ${missing.length} not served: ${missing}`,
      );
      assert.deepEqual(failures, []);
      assert.ok(Object.keys(refused).length >= least);
    });
});
