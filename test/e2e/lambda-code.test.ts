/** Code as people have it on Lambda, unchanged, on a real node: handlers of every kind, and what is logged and billed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import http, { type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { after, before, suite, test } from 'node:test';
import { type AppFolder, appFolder } from '../support/app-folder.ts';
import { startBarrier } from '../support/barrier.ts';
import { eventually } from '../support/eventually.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';
import { LAMBDA_APP } from './lambda-app.ts';

const ROOT = join(import.meta.dirname, '../..');

interface Invoked {
  readonly functionError: string | null;
  // biome-ignore lint/suspicious/noExplicitAny: whatever a function returns
  readonly payload: any;
  readonly requestId: string;
}

interface Entry {
  readonly type: string;
  readonly requestId: string | null;
  readonly level: string | null;
  readonly message: string;
  readonly fields?: Record<string, unknown>;
  readonly report?: { durationMs: number; billedMs: number; initMs: number | null };
}

const CURL = '/usr/bin/curl';
const PYTHON = '/usr/bin/python3.11';
const unlessThere = (file: string) =>
  process.env.CI === 'true' || existsSync(file) ? false : `${file} is not installed`;

suite('Lambda code, unchanged', () => {
  let node: RealNode;
  let app: AppFolder;
  before(async () => {
    app = appFolder(LAMBDA_APP);
    node = await startRealNode();
    await node.skein(['deploy', app.path]);
  });
  after(async () => {
    await node?.[Symbol.asyncDispose]();
    app[Symbol.dispose]();
  });

  async function invoke(fn: string, event: unknown = {}): Promise<Invoked> {
    const args = ['invoke', `lambda-${fn}`, '--json', '--data', JSON.stringify(event)];
    const { stdout, code } = await node.skein(args, { allowFailure: true });
    const answer: Invoked = JSON.parse(stdout);
    assert.equal(code, answer.functionError === null ? 0 : 1);
    return answer;
  }

  /**
   * The entries of a function, once each of these requests has its REPORT line and so many of its own:
   * the two are written by two threads, and either may come first.
   */
  async function logsOf(fn: string, lines: number, ...requestIds: string[]): Promise<Entry[]> {
    let entries: Entry[] = [];
    const count = (type: string, id: string) =>
      entries.filter((entry) => entry.type === type && entry.requestId === id).length;
    await eventually('every request is told whole', async () => {
      const { stdout } = await node.skein(['logs', `lambda-${fn}`, '--json']);
      entries =
        stdout.trim() === ''
          ? []
          : stdout
              .trim()
              .split('\n')
              .map((line) => JSON.parse(line));
      return requestIds.every((id) => count('REPORT', id) === 1 && count('line', id) >= lines) || entries;
    });
    return entries;
  }

  suite('handlers', () => {
    test('a callback answers while timers of its own are still running', async () => {
      assert.deepEqual((await invoke('callback', { name: 'Ada' })).payload, { hello: 'Ada' });
      const failed = await invoke('callback', { fail: true });
      assert.equal(failed.functionError, 'Unhandled');
      assert.partialDeepStrictEqual(failed.payload, { errorType: 'Error', errorMessage: 'Cake not found' });
      assert.match(failed.payload.trace[1], /\/callback\.js:5/);
    });

    test('an async handler sees the context, the variables and the folders of Lambda', async () => {
      const { payload, requestId } = await invoke('async');
      assert.deepEqual(payload.context, {
        functionName: 'lambda-async',
        functionVersion: '1',
        invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:lambda-async',
        memoryLimitInMB: '128',
        awsRequestId: requestId,
        logGroupName: '/aws/lambda/lambda-async',
      });
      const { AWS_LAMBDA_RUNTIME_API: address, ...environment } = payload.env;
      assert.match(address, /^[\d.]+:\d+$/);
      assert.deepEqual(environment, {
        AWS_LAMBDA_FUNCTION_NAME: 'lambda-async',
        AWS_LAMBDA_FUNCTION_VERSION: '1',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
        AWS_REGION: 'us-east-1',
        AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
        _HANDLER: 'async.handler',
        TZ: ':UTC',
        STAGE: 'test',
      });
      assert.ok(payload.remainingMs > 0 && payload.remainingMs <= 3_000, String(payload.remainingMs));
      assert.equal(payload.cwdIsTaskRoot, true);
      assert.equal(payload.note, 'kept');
    });

    test('an error of a TypeScript handler names the lines of its sources', async () => {
      assert.equal((await invoke('typed', { cake: 'lemon' })).payload, 'lemon');
      const { payload } = await invoke('typed', { cake: 'mud' });
      assert.partialDeepStrictEqual(payload, { errorType: 'TypeError', errorMessage: 'no cake named mud' });
      assert.match(payload.trace[1], /findCake.*src\/cakes\.ts:6:/);
      assert.match(payload.trace[2], /src\/typed\.ts:4:/);
    });

    test('an ES module that awaits at its top level', async () => {
      assert.equal((await invoke('module')).payload, 'baked before the first order');
    });

    test('Python, with its context and its errors', { skip: unlessThere(PYTHON) }, async () => {
      const { payload, requestId } = await invoke('python');
      assert.deepEqual(
        { ...payload, remaining: payload.remaining > 0 && payload.remaining <= 10_000 },
        {
          remaining: true,
          id: requestId,
          name: 'lambda-python',
          arn: 'arn:aws:lambda:us-east-1:000000000000:function:lambda-python',
          region: 'us-east-1',
        },
      );
      const failed = await invoke('python', { fail: true });
      assert.partialDeepStrictEqual(failed.payload, {
        errorType: 'ValueError',
        errorMessage: 'no such cake',
      });
      assert.match(failed.payload.stackTrace.join(''), /app\.py", line 8, in lambda_handler/);
    });

    test("a bootstrap as in AWS's tutorial", { skip: unlessThere(CURL) }, async () => {
      const answer = await invoke('shell', { cake: 'lemon' });
      assert.equal(answer.payload, `Echoing request: '{"cake":"lemon"}'`);
    });
  });

  suite('streams reach the caller before the handler ends', () => {
    function open(fn: string, query: string): Promise<IncomingMessage> {
      const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
      const headers = { host: `lambda-${fn}.localhost` };
      http.get(new URL(`/?${query}`, node.gateway), { headers, agent: false }, resolve).on('error', reject);
      return promise;
    }

    async function assertStreams(fn: string): Promise<IncomingMessage> {
      await using barrier = await startBarrier();
      const answer = await open(fn, barrier.url);
      const [first] = await once(answer, 'data'); // the handler is still at the barrier, or will get there
      answer.pause();
      assert.equal(first.toString(), 'first;');
      await barrier.arrived(1, []);
      barrier.open();
      assert.equal(await text(answer), 'go;last');
      return answer;
    }

    test('from awslambda.streamifyResponse, with status, headers and cookies', async () => {
      const { statusCode, headers } = await assertStreams('stream');
      assert.equal(statusCode, 201);
      assert.equal(headers['content-type'], 'text/plain');
      assert.equal(headers['x-cake'], 'cheese');
      assert.deepEqual(headers['set-cookie'], ['a=1']);
    });

    test('from a bootstrap, through the Runtime API', { skip: unlessThere(CURL) }, async () => {
      assert.equal((await assertStreams('reply')).statusCode, 200);
    });
  });

  suite('logs', () => {
    const linesOf = (entries: Entry[], id: string) =>
      entries.filter((entry) => entry.requestId === id && entry.type === 'line');

    test('every line of Node.js belongs to its request; JSON keeps its fields', async () => {
      const [ada, bob] = [await invoke('logger', { who: 'Ada' }), await invoke('logger', { who: 'Bob' })];
      const entries = await logsOf('logger', 5, ada.requestId, bob.requestId);
      for (const [who, { requestId }] of [
        ['Ada', ada],
        ['Bob', bob],
      ] as const) {
        const lines = linesOf(entries, requestId);
        assert.deepEqual(
          lines.map(({ level, message }) => [level, message.split('\n', 1)[0]]),
          [
            ['INFO', `plain for ${who}`],
            ['ERROR', 'Error: worse'],
            ['WARN', '{"level":"warn","cake":"lemon","slices":8}'],
            [null, 'straight to stdout'],
            [null, 'straight to stderr'],
          ],
        );
        assert.deepEqual(lines[2]?.fields, { level: 'warn', cake: 'lemon', slices: 8 });
      }
    });

    test('so does every line of Python', { skip: unlessThere(PYTHON) }, async () => {
      const { requestId } = await invoke('python');
      const lines = linesOf(await logsOf('python', 4, requestId), requestId);
      assert.deepEqual(
        lines.slice(0, 2).map(({ message }) => message),
        ['printed by python', 'to stderr'],
      );
      assert.match(String(lines[2]?.message), /logged by python/);
      assert.deepEqual(lines[3]?.fields, { cake: 'lemon', slices: 8 });
    });

    test('and of a shell script', { skip: unlessThere(CURL) }, async () => {
      const { requestId } = await invoke('shell', { n: 1 });
      const lines = linesOf(await logsOf('shell', 1, requestId), requestId);
      assert.deepEqual(
        lines.map(({ message }) => message),
        ['Processing {"n":1}'],
      );
    });

    test('skein logs -f shows a new line while it follows', async (t) => {
      const args = ['bin/skein', 'logs', 'lambda-logger', '-f', '--home', node.home];
      const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
      const ended = once(child, 'close');
      try {
        const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
        const until = async (words: string) => {
          for (;;) {
            const { value, done } = await lines.next();
            assert.ok(!done, `it ended before it showed ${words}`);
            if (value.includes(words)) return;
          }
        };
        await invoke('logger', { who: 'the first' });
        await until('plain for the first'); // now it follows
        const who = 'somebody new';
        const shown = until(`plain for ${who}`);
        await invoke('logger', { who });
        const answeredMs = performance.now();
        await shown;
        const waitedMs = performance.now() - answeredMs;
        t.diagnostic(`shown ${waitedMs.toFixed(0)} ms after the answer`);
      } finally {
        child.kill();
        await ended;
      }
    });
  });

  test('the sums of skein usage are those of the REPORT lines, and the lines say the same as their numbers', async () => {
    const last = await invoke('async');
    const reports = (await logsOf('async', 0, last.requestId)).filter(({ type }) => type === 'REPORT');
    const { functions } = JSON.parse((await node.skein(['usage', '--json'])).stdout);
    const usage = functions.find(({ name }: { name: string }) => name === 'lambda-async');
    const sum = (pick: (report: NonNullable<Entry['report']>) => number) =>
      reports.reduce(
        (total, { report }) => total + pick(report ?? assert.fail('a REPORT without numbers')),
        0,
      );
    assert.equal(usage.invocations, reports.length);
    assert.equal(
      usage.billedMs,
      sum(({ billedMs }) => billedMs),
    );
    assert.equal(
      usage.coldStarts,
      sum(({ initMs }) => (initMs === null ? 0 : 1)),
    );
    assert.ok(Math.abs(usage.durationMs - sum(({ durationMs }) => durationMs)) < 0.001);
    for (const { message, report } of reports) {
      const duration = (report?.durationMs ?? 0).toFixed(2);
      assert.match(
        message,
        new RegExp(`\\tDuration: ${duration} ms\\tBilled Duration: ${report?.billedMs} ms\\t`),
      );
      const wholeMs = (report?.durationMs ?? 0) + (report?.initMs ?? 0);
      assert.equal(report?.billedMs, Math.ceil(wholeMs), message);
    }
  });
});
