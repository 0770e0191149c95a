/**
 * EventBridge Scheduler's API from clients that nobody here wrote: boto3, AWS's command, and AWS's SDKs for Go and
 * JavaScript. The page about compatibility is held against what boto3 was answered in this very run.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { type RealNode, startRealNode } from '../support/real-node.ts';
import { type AwsKeys, sendSigned } from '../support/signed.ts';
import { makePage } from './compatibility-pages.ts';
import { makeRole } from './make-role.ts';
import { awsCommand, awsEnvironment, missingClients } from './python-client.ts';

const CACHE = join(import.meta.dirname, '.cache');
const GO = join(CACHE, 'go/scheduler-by-go');
const JAVASCRIPT = join(CACHE, 'js');
const run = promisify(execFile);

suite('Scheduler from boto3', { skip: missingClients }, () => {
  test('works whole, as the model says, and the page about it is true', { timeout: 300_000 }, async () => {
    const { report, ...page } = await makePage('scheduler');
    assert.deepEqual(report.failures, []);
    assert.deepEqual(report.problems, []);
    assert.ok(report.answers > 120, `${report.answers} answers`);
    assert.deepEqual(page.complaints, []);
    assert.equal(page.operations, 1);
    const committed = readFileSync(new URL('../../docs/compatibility/scheduler.md', import.meta.url), 'utf8');
    assert.equal(committed, page.text, 'make it anew: node bin/run tools/compatibility.ts scheduler');
  });
});

/** What a program says, whoever wrote its SDK. */
const LINES = [
  { step: 'group', key: 'team', value: 'shop' },
  {
    ...{ step: 'create', expression: 'cron(0 8 ? * MON-FRI *)', timezone: 'Europe/Berlin' },
    ...{ state: 'DISABLED', window: 5, input: '{"n":1}', retries: 185, dated: true },
  },
  { step: 'twice', error: 'ConflictException', message: 'Schedule report already exists.' },
  { step: 'update', expression: 'rate(1 hour)', timezone: 'UTC', mode: 'OFF' },
  {
    step: 'invalid',
    error: 'ValidationException',
    message: 'Invalid Schedule Expression rate(5 lightyears).',
  },
  { step: 'list', names: ['a', 'b', 'c', 'report'] },
  { step: 'delete', error: 'ResourceNotFoundException', message: 'Schedule a does not exist.' },
];

suite('Scheduler on one node', () => {
  let node: RealNode;
  let role: string;
  before(async () => {
    node = await startRealNode(['--driver', 'process']);
    role = await makeRole(node, 'of-schedules', { service: 'scheduler.amazonaws.com' });
  });
  after(() => node?.[Symbol.asyncDispose]());

  test("by AWS's command: made, shown, changed, listed, deleted", {
    skip: missingClients,
    timeout: 120_000,
  }, async () => {
    const aws = awsCommand(node, tmpdir());
    const scheduler = (operation: string, ...words: string[]) => aws('scheduler', operation, ...words);
    const target = `Arn=arn:aws:lambda:us-east-1:000000000000:function:nobody,RoleArn=${role},Input='{}'`;
    const wish = ['--name', 'by-command', '--flexible-time-window', 'Mode=OFF', '--target', target];
    const made = await scheduler(
      'create-schedule',
      ...wish,
      '--schedule-expression',
      'at(2199-01-01T00:00:00)',
    );
    assert.equal(made.ScheduleArn, 'arn:aws:scheduler:us-east-1:000000000000:schedule/default/by-command');
    await scheduler(
      'update-schedule',
      ...wish,
      '--schedule-expression',
      'rate(5 minutes)',
      '--state',
      'DISABLED',
    );
    const shown = await scheduler('get-schedule', '--name', 'by-command');
    assert.deepEqual([shown.ScheduleExpression, shown.State], ['rate(5 minutes)', 'DISABLED']);
    const listed = await scheduler('list-schedules', '--name-prefix', 'by-');
    assert.equal((listed.Schedules as unknown[]).length, 1);
    const group = await scheduler('create-schedule-group', '--name', 'by-command', '--tags', 'Key=a,Value=b');
    const tags = await scheduler('list-tags-for-resource', '--resource-arn', String(group.ScheduleGroupArn));
    assert.deepEqual(tags.Tags, [{ Key: 'a', Value: 'b' }]);
    await scheduler('delete-schedule', '--name', 'by-command');
    await assert.rejects(scheduler('get-schedule', '--name', 'by-command'), /ResourceNotFoundException/);
  });

  test('for those only who may, with roles that they may pass', { timeout: 120_000 }, async () => {
    const key = async (name: string, ...policies: string[]) => {
      const words = policies.flatMap((policy) => ['--policy', policy]);
      return JSON.parse((await node.skein(['key', 'create', name, ...words, '--json'])).stdout) as AwsKeys;
    };
    const control = awsEnvironment(node).AWS_ENDPOINT_URL ?? '';
    const create = (keys: AwsKeys, RoleArn: string) => {
      const Target = { Arn: 'arn:aws:lambda:us-east-1:000000000000:function:nobody', RoleArn };
      const wish = {
        ScheduleExpression: 'rate(1 hour)',
        State: 'DISABLED',
        FlexibleTimeWindow: { Mode: 'OFF' },
      };
      const body = JSON.stringify({ ...wish, Target });
      return sendSigned(control, keys, {
        method: 'POST',
        path: '/schedules/by-key',
        service: 'scheduler',
        body,
      });
    };
    const stranger = await create(await key('eve'), role);
    assert.deepEqual([stranger.status, stranger.error], [403, 'AccessDeniedException']);
    assert.match(
      stranger.text,
      /scheduler:CreateSchedule on resource: arn:aws:scheduler:.*:schedule\/default\/by-key/,
    );
    const reader = await create(await key('ida', 'AmazonEventBridgeSchedulerReadOnlyAccess'), role);
    assert.equal(reader.status, 403);
    const made = await create(await key('ada', 'AmazonEventBridgeSchedulerFullAccess'), role);
    assert.equal(made.status, 200, made.text);
  });

  for (const { language, command, words, missing } of [
    { language: 'Go', command: GO, words: [], missing: existsSync(GO) ? false : 'build.sh' },
    {
      ...{ language: 'JavaScript', command: process.execPath },
      words: [join(import.meta.dirname, 'js/scheduler.mjs')],
      missing: existsSync(JAVASCRIPT) ? false : 'install.sh',
    },
  ] as const) {
    const skip = missing && `${language}'s program is not ready (test/clients/${missing})`;
    test(`${language}'s SDK does all of a schedule's life`, { skip, timeout: 120_000 }, async () => {
      const env = { ...awsEnvironment(node), ROLE: role, PACKAGES: JAVASCRIPT };
      const { stdout, stderr } = await run(command, [...words], { env, timeout: 100_000 });
      assert.equal(stderr, '');
      const lines = stdout.trimEnd().split('\n');
      assert.deepEqual(
        lines.map((line) => JSON.parse(line)),
        LINES,
      );
    });
  }
});
