/**
 * Lambda from AWS's SDKs for Go and Rust: programs that are given a node's endpoint and keys, and say line by line
 * what they were answered. Both do the same, so one table holds them.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { zipByHand } from '../../src/artifacts/zip-by-hand.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';
import { makeRole } from './make-role.ts';
import { awsEnvironment } from './python-client.ts';

const CACHE = join(import.meta.dirname, '.cache');
const run = promisify(execFile);

const zipped = (source: string) => zipByHand([{ name: 'index.js', content: Buffer.from(source) }]);

const code = (answer: string) =>
  zipped(`exports.handler = async (event) => {
      console.log('hello');
      if (event.fail) throw new Error('no');
      return '${answer}';
    };`);

const STREAMING = zipped(`exports.handler = awslambda.streamifyResponse(async (event, stream) => {
    stream.write('one ');
    if (event.fail) throw new Error('broke off');
    stream.end('two');
  });`);

/** What a program says, whoever wrote its SDK. */
const LINES = [
  { step: 'layer', version: 1 },
  { step: 'create', state: 'Active', version: '$LATEST', layers: 1, tags: { team: 'shop' } },
  { step: 'publish', version: '1' },
  { step: 'update', version: '2' },
  { step: 'configure', memory: 256, layers: 0, environment: { COLOUR: 'red' } },
  { step: 'alias', version: '1', weights: { 2: 0.5 } },
  { step: 'invoke', status: 200, payload: '"one"', version: '1', log: true },
  { step: 'weighted', versions: ['1', '1', '2', '2'] },
  { step: 'failed', status: 200, error: 'Unhandled', message: 'no' },
  { step: 'event', status: 202 },
  { step: 'dry-run', status: 204 },
  { step: 'stream', status: 200, text: 'one two', failed: null, log: true },
  { step: 'stream', status: 200, text: 'one ', failed: 'broke off', log: true },
  { step: 'url', auth: 'AWS_IAM', mode: 'RESPONSE_STREAM', origins: ['https://shop.example'], host: true },
  { step: 'permission', source: true, after: 'ResourceNotFoundException' },
  { step: 'concurrency', reserved: 0, reason: 'ReservedFunctionConcurrentInvocationLimitExceeded' },
  { step: 'invalid', error: 'ValidationException' },
  { step: 'delete', error: 'ResourceNotFoundException', left: 0 },
];

const PROGRAMS = [
  { language: 'Go', program: join(CACHE, 'go/lambda-by-go') },
  { language: 'Rust', program: join(CACHE, 'rust/debug/lambda-by-rust') },
];

suite('Lambda from SDKs that are compiled', () => {
  let node: RealNode;
  let folder: string;
  let role: string;
  before(async () => {
    node = await startRealNode(['--driver', 'process']);
    role = await makeRole(node, 'of-programs');
    folder = mkdtempSync(join(tmpdir(), 'skein-programs-'));
    const files = { one: code('one'), two: code('two'), layer: code('layer'), streaming: STREAMING };
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, `${name}.zip`), content);
  });
  after(async () => {
    await node?.[Symbol.asyncDispose]();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  for (const { language, program } of PROGRAMS) {
    const skip = existsSync(program) ? false : `${language}'s program is not built (test/clients/build.sh)`;
    test(`${language}'s does all of a function's life`, { skip, timeout: 120_000 }, async () => {
      const env = { ...awsEnvironment(node), CODE: folder, ROLE: role };
      const { stdout, stderr } = await run(program, { env, timeout: 100_000 });
      assert.equal(stderr, '');
      const lines = stdout.trimEnd().split('\n');
      assert.deepEqual(
        lines.map((line) => JSON.parse(line)),
        LINES,
      );
    });
  }
});
