/** Programs in Python that speak to a node by boto3 or AWS's command: only the endpoint and the keys are theirs to know. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type RealNode, startRealNode } from '../support/real-node.ts';
import type { ClientReport } from './compatibility-page.ts';

const CACHE = join(import.meta.dirname, '.cache');
const PROGRAMS = join(import.meta.dirname, 'python');
const run = promisify(execFile);

/** Why a test of these clients cannot run here, or false. */
export const missingClients = existsSync(join(CACHE, 'cli'))
  ? false
  : 'the clients are not installed (test/clients/install.sh)';

/** What a client of AWS is told by its environment. */
export function awsEnvironment({ home }: Pick<RealNode, 'home'>): NodeJS.ProcessEnv {
  const { control, accessKeyId, secretAccessKey, token } = JSON.parse(
    readFileSync(join(home, 'node.json'), 'utf8'),
  ) as Record<string, string>;
  return {
    PATH: process.env.PATH,
    HOME: home,
    AWS_ENDPOINT_URL: control,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    SKEIN_TOKEN: token,
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    PYTHONDONTWRITEBYTECODE: '1',
  };
}

/** Lambda's whole API, called by boto3 on a node of its own. */
export async function lambdaByBoto3(): Promise<ClientReport> {
  return await byBoto3('main.py', 'oci');
}

/** EventBridge Scheduler's, the same way. */
export async function schedulerByBoto3(): Promise<ClientReport> {
  return await byBoto3('scheduler.py', 'process');
}

/** SQS's, the same way. */
export async function sqsByBoto3(): Promise<ClientReport> {
  return await byBoto3('sqs.py', 'process');
}

async function byBoto3(program: string, driver: 'oci' | 'process'): Promise<ClientReport> {
  await using node = await startRealNode(['--driver', driver]);
  const env = { ...awsEnvironment(node), PYTHONPATH: join(CACHE, 'python') };
  const options = { env, timeout: 240_000, maxBuffer: 16 * 1024 * 1024 };
  const { stdout } = await run('python3', [join(PROGRAMS, program)], options);
  return JSON.parse(stdout) as ClientReport;
}

/** AWS's own command. @returns what it printed, as JSON; null for nothing */
export function awsCommand(node: Pick<RealNode, 'home'>, cwd: string) {
  const env = { ...awsEnvironment(node), PYTHONPATH: join(CACHE, 'cli') };
  return async (...words: string[]): Promise<Record<string, unknown>> => {
    const options = { env, cwd, timeout: 60_000, maxBuffer: 16 * 1024 * 1024 };
    const { stdout } = await run(
      'python3',
      [join(CACHE, 'cli/bin/aws'), ...words, '--output', 'json'],
      options,
    );
    return stdout.trim() === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>);
  };
}
