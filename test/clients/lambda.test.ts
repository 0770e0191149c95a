/**
 * Lambda's API from clients that nobody here wrote: boto3, AWS's command and AWS's SDK for JavaScript. The page
 * about compatibility is held against what boto3 was answered in this very run.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { zipByHand } from '../../src/artifacts/zip-by-hand.ts';
import { problem as noIsolation } from '../../src/sandbox/oci/driver-fixture.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';
import { makePage } from './compatibility-pages.ts';
import { lambdaBySdk } from './lambda-by-sdk.ts';
import { makeRole } from './make-role.ts';
import { awsCommand, awsEnvironment, missingClients } from './python-client.ts';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');

suite('Lambda from boto3', { skip: missingClients || (noIsolation ?? false) }, () => {
  test('works whole, as the model says, and the page about it is true', { timeout: 300_000 }, async () => {
    const { report, ...page } = await makePage('lambda');
    assert.deepEqual(report.failures, []);
    assert.deepEqual(report.problems, []);
    assert.ok(report.answers > 300, `${report.answers} answers`);
    assert.deepEqual(page.complaints, []);
    assert.ok(page.operations >= 0.9 && page.parameters >= 0.85, `${page.operations} ${page.parameters}`);
    const committed = read('docs/compatibility/lambda.md');
    assert.equal(committed, page.text, 'make it anew: node bin/run tools/compatibility.ts');
  });
});

const CODE = (word: string) =>
  zipByHand([
    {
      name: 'index.js',
      content: Buffer.from(
        `exports.handler = async (event) => { console.log('hello'); if (event.fail) throw new Error('no'); return '${word}'; };`,
      ),
    },
  ]);

suite('Lambda on one node', () => {
  let node: RealNode;
  let folder: string;
  let role: string;
  before(async () => {
    node = await startRealNode(['--driver', 'process']);
    role = await makeRole(node, 'of-clients');
    folder = mkdtempSync(join(tmpdir(), 'skein-clients-'));
    writeFileSync(join(folder, 'one.zip'), CODE('one'));
    writeFileSync(join(folder, 'two.zip'), CODE('two'));
  });
  after(async () => {
    await node?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  test("by AWS's command: made, changed, published, called in every way, deleted", {
    skip: missingClients,
    timeout: 240_000,
  }, async () => {
    const aws = awsCommand(node, folder);
    const lambda = (operation: string, ...words: string[]) =>
      aws('lambda', operation, '--function-name', 'by-command', ...words);
    const output = () => readFileSync(join(folder, 'out.json'), 'utf8');
    const settings = ['--runtime', 'nodejs24.x', '--handler', 'index.handler', '--role', role];
    await lambda('create-function', '--zip-file', 'fileb://one.zip', ...settings, '--publish');
    await aws('lambda', 'wait', 'function-active-v2', '--function-name', 'by-command');
    await lambda('update-function-code', '--zip-file', 'fileb://two.zip', '--publish');
    await lambda(
      'update-function-configuration',
      '--timeout',
      '7',
      '--environment',
      'Variables={COLOUR=red}',
    );
    const weights = ['--routing-config', 'AdditionalVersionWeights={2=0.5}'];
    await lambda('create-alias', '--name', 'live', '--function-version', '1', ...weights);
    const invoked = await lambda('invoke', '--log-type', 'Tail', 'out.json');
    assert.equal(output(), '"two"');
    assert.match(Buffer.from(String(invoked.LogResult), 'base64').toString(), /hello\n.*REPORT/s);
    const versions = new Set<unknown>();
    for (let call = 0; call < 4; call++)
      versions.add((await lambda('invoke', '--qualifier', 'live', 'out.json')).ExecutedVersion);
    assert.deepEqual(versions, new Set(['1', '2']));
    const failed = await lambda('invoke', '--payload', '{"fail":1}', 'out.json');
    assert.equal(failed.FunctionError, 'Unhandled');
    assert.equal((await lambda('invoke', '--invocation-type', 'Event', 'out.json')).StatusCode, 202);
    assert.equal((await lambda('invoke', '--invocation-type', 'DryRun', 'out.json')).StatusCode, 204);
    const layer = await aws(
      ...['lambda', 'publish-layer-version', '--layer-name', 'by-command', '--zip-file', 'fileb://one.zip'],
    );
    const layered = await lambda('update-function-configuration', '--layers', String(layer.LayerVersionArn));
    assert.deepEqual(layered.Layers, [{ Arn: layer.LayerVersionArn, CodeSize: CODE('one').length }]);
    await lambda('put-function-concurrency', '--reserved-concurrent-executions', '5');
    const url = await lambda('create-function-url-config', '--auth-type', 'NONE');
    assert.match(String(url.FunctionUrl), /^http:\/\/[a-z0-9]{32}\.lambda-url\.us-east-1\.localhost:\d+\/$/);
    const grant = [
      '--statement-id',
      'one',
      '--action',
      'lambda:InvokeFunction',
      '--principal',
      's3.amazonaws.com',
    ];
    await lambda('add-permission', ...grant);
    assert.match(String((await lambda('get-policy')).Policy), /s3\.amazonaws\.com/);
    await assert.rejects(lambda('get-function', '--qualifier', '9'), /ResourceNotFoundException/);
    await lambda('delete-function');
  });

  test("by AWS's SDK for JavaScript: the same, and answers as they are streamed", {
    timeout: 120_000,
  }, async () => {
    await lambdaBySdk(awsEnvironment(node), { role, code: CODE });
  });
});
