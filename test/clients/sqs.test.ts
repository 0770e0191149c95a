/**
 * SQS's API from clients that nobody here wrote: boto3, AWS's command, AWS's SDKs for Go and JavaScript, and a boto3
 * that still speaks the query protocol. The page about compatibility is held against what boto3 was answered in this
 * very run.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { type RealNode, startRealNode } from '../support/real-node.ts';
import { makePage } from './compatibility-pages.ts';
import { awsCommand, awsEnvironment, missingClients } from './python-client.ts';

const CACHE = join(import.meta.dirname, '.cache');
const GO = join(CACHE, 'go/sqs-by-go');
/** The last botocore that speaks the query protocol to SQS. */
const QUERY = join(CACHE, 'sqs-query');
const JAVASCRIPT = join(CACHE, 'js');
const run = promisify(execFile);

suite('SQS from boto3', { skip: missingClients }, () => {
  test('works whole, as the model says, and the page about it is true', { timeout: 300_000 }, async () => {
    const { report, ...page } = await makePage('sqs');
    assert.deepEqual(report.failures, []);
    assert.deepEqual(report.problems, []);
    assert.ok(report.answers > 100, `${report.answers} answers`);
    assert.deepEqual(page.complaints, []);
    assert.equal(page.operations, 1);
    const committed = readFileSync(new URL('../../docs/compatibility/sqs.md', import.meta.url), 'utf8');
    assert.equal(committed, page.text, 'make it anew: node bin/run tools/compatibility.ts sqs');
  });
});

/** The words of the query protocol, for the errors that have others in JSON. */
const BEFORE: Readonly<Record<string, string>> = {
  EmptyBatchRequest: 'AWS.SimpleQueueService.EmptyBatchRequest',
  PurgeQueueInProgress: 'AWS.SimpleQueueService.PurgeQueueInProgress',
  QueueDoesNotExist: 'AWS.SimpleQueueService.NonExistentQueue',
};

interface Program {
  /** The name of its queue. */
  readonly own: string;
  /** Whether its SDK tells errors by the words of the query protocol. */
  readonly before: boolean;
  /** What the query protocol adds to them. */
  readonly wsdl: string;
}

/** What a program says, whoever wrote its SDK. */
const linesOf = ({ own, before, wsdl }: Program) => [
  { step: 'create', visibility: '60', kept: '345600', team: 'shop' },
  {
    ...{ step: 'send', body: 'fee40dc24d0ad6a90c608052aa4e9e66' },
    attributes: '3a7fbcb262e10fed1b6cee71474baf49',
  },
  { step: 'receive', body: 'grüße', same: true, count: '1', colour: 'red', raw: [0, 255] },
  { step: 'again', same: true },
  {
    ...{ step: 'batch', sent: 3, bodies: ['body a', 'body b', 'body c'], deleted: 3 },
    failed: ['wrong ReceiptHandleIsInvalid'],
  },
  { step: 'fifo', bodies: ['one', 'two'], duplicate: true, grows: true },
  {
    step: 'missing',
    error: code('QueueDoesNotExist', before),
    message: `The specified queue does not exist${wsdl}.`,
  },
  {
    ...{ step: 'invalid', error: 'InvalidParameterValue' },
    message:
      'Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.',
  },
  {
    ...{ step: 'empty', error: code('EmptyBatchRequest', before) },
    message: 'There should be at least one DeleteMessageBatchRequestEntry in the request.',
  },
  {
    ...{ step: 'purge', error: code('PurgeQueueInProgress', before) },
    message: `Only one PurgeQueue operation on ${own} is allowed every 60 seconds.`,
  },
  { step: 'list', names: ['', '.fifo'] },
  {
    step: 'delete',
    error: code('QueueDoesNotExist', before),
    message: `The specified queue does not exist${wsdl}.`,
  },
];

function code(name: string, before: boolean): string {
  return before ? (BEFORE[name] ?? name) : name;
}

suite('SQS on one node', () => {
  let node: RealNode;
  before(async () => {
    node = await startRealNode(['--driver', 'process']);
  });
  after(() => node?.[Symbol.asyncDispose]());

  test("by AWS's command: made, sent to, received from, moved back, deleted", {
    skip: missingClients,
    timeout: 180_000,
  }, async () => {
    // its version 1 takes the address of SQS in us-east-1 from a table, unless it is told one in so many words
    const { AWS_ENDPOINT_URL = '' } = awsEnvironment(node);
    const command = awsCommand(node, tmpdir());
    const aws = (...words: string[]) => command('--endpoint-url', AWS_ENDPOINT_URL, ...words);
    const make = async (name: string, ...words: string[]) =>
      String((await aws('sqs', 'create-queue', '--queue-name', name, ...words)).QueueUrl);
    const failed = await make('failed');
    const arn = 'arn:aws:sqs:us-east-1:000000000000:failed';
    const redrive = JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: '1' });
    const jobs = await make('jobs', '--attributes', JSON.stringify({ RedrivePolicy: redrive }));
    const queue = (operation: string, url: string, ...words: string[]) =>
      aws('sqs', operation, '--queue-url', url, ...words);
    const receive = async (url: string, seconds: string) => {
      const wanted = ['--wait-time-seconds', '20', '--visibility-timeout', seconds];
      const { Messages } = await queue('receive-message', url, ...wanted);
      return (Messages as { Body: string; ReceiptHandle: string }[] | undefined)?.[0];
    };
    await queue('send-message', jobs, '--message-body', 'poison');
    assert.equal((await receive(jobs, '0'))?.Body, 'poison');
    await queue('receive-message', jobs);
    assert.equal((await receive(failed, '0'))?.Body, 'poison');
    await aws('sqs', 'start-message-move-task', '--source-arn', arn);
    const back = await receive(jobs, '60');
    assert.equal(back?.Body, 'poison');
    await queue('delete-message', jobs, '--receipt-handle', String(back?.ReceiptHandle));
    const { Attributes } = await queue('get-queue-attributes', jobs, '--attribute-names', 'All');
    assert.equal((Attributes as Record<string, string>).ApproximateNumberOfMessagesNotVisible, '0');
    await queue('delete-queue', jobs);
    await assert.rejects(queue('get-queue-attributes', jobs), /NonExistentQueue/);
  });

  for (const { language, command, words, missing, ...program } of [
    {
      ...{ language: 'Go', own: 'by-go', before: true, wsdl: '', command: GO, words: [] },
      missing: existsSync(GO) ? false : 'build.sh',
    },
    {
      ...{ language: 'JavaScript', own: 'by-javascript', before: false, wsdl: '', command: process.execPath },
      words: [join(import.meta.dirname, 'js/sqs.mjs')],
      missing: existsSync(join(JAVASCRIPT, 'node_modules/@aws-sdk/client-sqs')) ? false : 'install.sh',
    },
    {
      ...{ language: 'Python, by the query protocol', own: 'by-query', before: true, command: 'python3' },
      ...{ wsdl: ' for this wsdl version', words: [join(import.meta.dirname, 'python/sqs_query.py')] },
      missing: existsSync(QUERY) ? false : 'install.sh',
    },
  ]) {
    const skip = missing && `${language}'s program is not ready (test/clients/${missing})`;
    test(`the SDK for ${language} does all of a queue's life`, { skip, timeout: 120_000 }, async () => {
      const env = { ...awsEnvironment(node), PACKAGES: JAVASCRIPT, PYTHONPATH: QUERY };
      const { stdout, stderr } = await run(command, [...words], { env, timeout: 100_000 });
      assert.equal(stderr, '');
      const lines = stdout.trimEnd().split('\n');
      assert.deepEqual(
        lines.map((line) => JSON.parse(line)),
        linesOf(program),
      );
    });
  }
});
