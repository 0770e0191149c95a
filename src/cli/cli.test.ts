import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { after, before, suite, test } from 'node:test';
import { writeNodeFile } from '../config/index.ts';
import { parseManifest } from '../manifest/index.ts';
import { curlFor, milliseconds, table } from './output.ts';

const MAIN = join(import.meta.dirname, 'main.ts');

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface Given {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

async function skein(
  home: string,
  argv: readonly string[],
  { input = '', env = {}, cwd }: Given = {},
): Promise<Ran> {
  const child = spawn(process.execPath, [MAIN, ...argv], {
    env: { PATH: process.env.PATH, SKEIN_HOME: home, ...env },
    ...(cwd !== undefined && { cwd }),
  });
  child.stdin.end(input);
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await closed, out, err };
}

suite('the commands, against a node that answers by the book', () => {
  let home: string;
  let server: Server;
  const asked: { method: string; url: string; body: string; authorization: string | undefined }[] = [];
  const answers = new Map<string, { status: number; body: unknown }>();

  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'skein-cli-'));
    server = createServer(async (request, response) => {
      const { method = '', url = '', headers } = request;
      asked.push({ method, url, body: String(await buffer(request)), authorization: headers.authorization });
      const answer = answers.get(`${method} ${url}`) ?? {
        status: 404,
        body: { error: { code: 'path-not-found', message: 'none', facts: {} } },
      };
      response.writeHead(answer.status).end(JSON.stringify(answer.body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const control = `http://127.0.0.1:${port}`;
    const keys = { accessKeyId: 'a', secretAccessKey: 's', token: 'secret' };
    writeNodeFile(home, { gateway: 'http://127.0.0.1:8080', control, pid: process.pid, ...keys });
  });
  after(() => {
    server.close();
    server.closeAllConnections();
    rmSync(home, { recursive: true });
  });

  const invoked = (functionError: string | null) => ({
    statusCode: 200,
    functionError,
    payload: { hello: 'Ada' },
    requestId: 'r-1',
    executedVersion: '3',
    report: { durationMs: 1.25, billedMs: 2, initMs: null, memoryMb: 128, maxMemoryMb: 40 },
  });

  test('invoke sends the event with the token, prints the answer, and reports beside it', async () => {
    answers.set('POST /api/v1/functions/f/invocations?qualifier=blue', { status: 200, body: invoked(null) });
    const ran = await skein(home, ['invoke', 'f:blue', '--data', '{"n":12345678901234567890}']);
    assert.deepEqual(JSON.parse(ran.out), { hello: 'Ada' });
    assert.match(ran.err, /version 3, 1\.25 ms, billed 2 ms/);
    assert.equal(ran.code, 0);
    assert.equal(asked.at(-1)?.body, '{"n":12345678901234567890}');
    assert.equal(asked.at(-1)?.authorization, 'Bearer secret');
  });

  test('invoke --async prints the id of the event that is kept', async () => {
    const kept = { statusCode: 202, requestId: 'r-2' };
    answers.set('POST /api/v1/functions/f/invocations?qualifier=3&async=true', { status: 202, body: kept });
    const ran = await skein(home, ['invoke', 'f:3', '--async']);
    assert.deepEqual([ran.code, ran.out], [0, 'Kept, to be run: request r-2\n']);
    const json = await skein(home, ['invoke', 'f:3', '--async', '--json']);
    assert.deepEqual(JSON.parse(json.out), kept);
  });

  test("a function's error leaves exit code 1 and the whole document", async () => {
    answers.set('POST /api/v1/functions/f/invocations', { status: 200, body: invoked('Unhandled') });
    const ran = await skein(home, ['invoke', 'f', '--json', '--data', '-'], { input: '[1]' });
    assert.equal(ran.code, 1);
    assert.deepEqual(JSON.parse(ran.out), invoked('Unhandled'));
    assert.equal(asked.at(-1)?.body, '[1]');
  });

  const WRONG: readonly (readonly [readonly string[], RegExp])[] = [
    [['fly'], /no command "fly"/],
    [['list', '--nope'], /--nope.*skein help list/],
    [['invoke'], /Usage: skein invoke NAME/],
    [['invoke', 'f', '--data', '{"a":'], /--data is not JSON/],
    [['invoke', 'f', '--data', '@/no/such/file'], /cannot be read \(ENOENT\)/],
    [['logs', 'f', '--since', 'yesterday'], /such as 30s/],
    [['logs', 'f', '--limit', '0'], /whole number/],
    [
      ['logs', 'f', '--limit', '-1'],
      /^skein: --limit needs a value; one that begins with a dash is written --limit=VALUE\. "skein help logs" [^.]*\.\n$/,
    ],
    [['rollback', 'f', '--to', 'v2'], /version number/],
    [['up', '--gateway', 'nowhere'], /HOST:PORT/],
    [['up', '--driver', 'docker'], /"auto" or "oci" or "process"/],
    [['init', '--runtime', 'cobol'], /nodejs24\.x or python3\.11/],
    [['init', '--template', 'game'], /http or queue or schedule/],
    [['deploy', '/no/such/folder'], /no such folder/],
  ];
  for (const [argv, message] of WRONG) {
    test(`"skein ${argv.join(' ')}" is not understood: exit code 2, and why`, async () => {
      const ran = await skein(home, argv);
      assert.equal(ran.code, 2, ran.err);
      assert.match(ran.err, message);
      assert.equal(ran.out, '');
    });
  }

  test('a refusal of the node is exit code 1, and with --json its error is the document', async () => {
    const error = {
      code: 'function-not-found',
      message: 'There is no function "f" here.',
      facts: { name: 'f' },
    };
    answers.set('GET /api/v1/functions/f/versions', { status: 404, body: { error } });
    const ran = await skein(home, ['versions', 'f', '--json']);
    assert.equal(ran.code, 1);
    assert.deepEqual(JSON.parse(ran.out), { error });
    assert.equal(ran.err, 'skein: There is no function "f" here.\n');
  });

  test('a refused manifest is exit code 2, also when the node refuses it', async () => {
    const error = { code: 'manifest-invalid', message: 'no', facts: {} };
    answers.set('GET /api/v1/functions', { status: 400, body: { error } });
    assert.equal((await skein(home, ['list'])).code, 2);
  });

  test('logs reads all pages and keeps only the last lines with --limit', async () => {
    const entry = (at: number) => ({
      at: `t${at}`,
      type: 'line',
      requestId: null,
      version: '1',
      instanceId: 'i',
      level: null,
      message: `m${at}`,
    });
    const first = Array.from({ length: 1_000 }, (_, at) => entry(at));
    answers.set('GET /api/v1/functions/f/logs?limit=1000', {
      status: 200,
      body: { entries: first, cursor: 'c1' },
    });
    const rest = { entries: [entry(1_000)], cursor: 'c2' };
    answers.set('GET /api/v1/functions/f/logs?limit=1000&after=c1', { status: 200, body: rest });
    assert.equal((await skein(home, ['logs', 'f'])).out.split('\n').length, 1_002);
    const last = await skein(home, ['logs', 'f', '--limit', '2', '--json']);
    assert.deepEqual(
      last.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).message),
      ['m999', 'm1000'],
    );
  });

  test('logs of a function without any say so, beside the document', async () => {
    const none = { entries: [], cursor: 'c0' };
    answers.set('GET /api/v1/functions/quiet/logs?limit=1000', { status: 200, body: none });
    const ran = await skein(home, ['logs', 'quiet']);
    assert.deepEqual(ran, { code: 0, out: '', err: 'No lines yet; they come when quiet is called.\n' });
  });

  test('a rollback to the live version says that nothing changed', async () => {
    const body = { name: 'f', from: '2', version: '2' };
    answers.set('POST /api/v1/functions/f/rollback', { status: 200, body });
    assert.equal((await skein(home, ['rollback', 'f', '--to', '2'])).out, 'f is already at version 2.\n');
  });

  test('destroy speaks of databases only where it deleted them', async () => {
    const body = { app: 'a', functions: ['a-f'], databases: [], queues: ['a-jobs'] };
    answers.set('DELETE /api/v1/apps/a?data=false', { status: 200, body: { ...body, queues: [] } });
    answers.set('DELETE /api/v1/apps/a?data=true', { status: 200, body: { ...body, databases: ['main'] } });
    assert.equal((await skein(home, ['destroy', 'a'])).out, 'App a is gone: a-f.\n');
    assert.match(
      (await skein(home, ['destroy', 'a', '--data'])).out,
      /databases are gone too: main\. Its queues are gone too: a-jobs\.\n$/,
    );
  });

  test('up --detach where a node runs says where it is, and starts none', async () => {
    answers.set('GET /api/v1/status', { status: 200, body: {} });
    const ran = await skein(home, ['up', '--detach']);
    assert.equal(ran.code, 0, ran.err);
    assert.match(ran.out, new RegExp(`^Skein is already running \\(process ${process.pid}\\)\\.\n.*:8080\n`));
    const { out } = await skein(home, ['up', '--detach', '--json']);
    assert.deepEqual(Object.keys(JSON.parse(out)), ['ready', 'gateway', 'control', 'pid']);
  });

  test("doctor looks at the ports that up would take, and knows its own node's", async () => {
    const { port } = server.address() as AddressInfo;
    const looked = async (control: string) => {
      const { out } = await skein(home, ['doctor', '--json'], { env: { SKEIN_CONTROL: control } });
      const checks: { name: string; ok: boolean; detail: string }[] = JSON.parse(out).checks;
      return checks.find(({ name }) => name === 'control');
    };
    const own = await looked(`127.0.0.1:${port}`);
    assert.equal(own?.detail, `127.0.0.1:${port} is in use by the node of this home`);
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const taken = `127.0.0.1:${(other.address() as AddressInfo).port}`;
    const foreign = await looked(taken);
    other.close();
    assert.equal(foreign?.ok, false);
    assert.match(foreign?.detail ?? '', new RegExp(`^${taken} is in use by another program`));
  });

  test('init prints steps that can be pasted: a quoted folder, and no start of a node that runs', async () => {
    answers.set('GET /api/v1/status', { status: 200, body: {} });
    const ran = await skein(home, ['init', 'two words'], { cwd: home });
    assert.match(ran.out, /in two words\.\nNext: {2}skein deploy 'two words'\n$/);
    const here = await skein(home, ['init', '--runtime', 'python3.11'], {
      cwd: mkdtempSync(join(home, 'app-')),
    });
    assert.match(here.out, /hello\/index\.py here\.\nNext: {2}skein deploy\n$/);
  });

  for (const [template, runtime, file, call] of [
    ['queue', 'nodejs24.x', 'worker/index.ts', `skein queue send two-jobs --data '{"n":1}'`],
    ['queue', 'python3.11', 'worker/index.py', `skein queue send two-jobs --data '{"n":1}'`],
    ['schedule', 'nodejs24.x', 'report/index.ts', 'skein schedule run two-report'],
    ['schedule', 'python3.11', 'report/index.py', 'skein schedule run two-report'],
  ] as const) {
    test(`init writes an app that a ${template} calls, in ${runtime}`, async () => {
      const folder = join(mkdtempSync(join(home, 'templates-')), 'two');
      const ran = await skein(home, ['init', folder, '--template', template, '--runtime', runtime]);
      assert.equal(ran.code, 0, ran.err);
      assert.ok(ran.out.endsWith(`       ${call}\n`), ran.out);
      const { app } = parseManifest(readFileSync(join(folder, 'skein.yaml'), 'utf8'), { file: 'skein.yaml' });
      assert.equal(app.functions.length, 1);
      assert.ok(existsSync(join(folder, file)));
    });
  }

  test('init writes an app that names its folder, and overwrites nothing', async () => {
    const folder = join(home, 'my-app');
    assert.equal((await skein(home, ['init', folder])).code, 0);
    assert.match(readFileSync(join(folder, 'skein.yaml'), 'utf8'), /^app: my-app\n/);
    writeFileSync(join(folder, 'skein.yaml'), 'mine');
    assert.match((await skein(home, ['init', folder])).err, /is there already/);
    assert.equal(readFileSync(join(folder, 'skein.yaml'), 'utf8'), 'mine');
  });
});

suite('the commands, without a node', () => {
  test('say that none is running and how to start one', async (t) => {
    const home = mkdtempSync(join(tmpdir(), 'skein-cli-'));
    t.after(() => rmSync(home, { recursive: true }));
    const ran = await skein(home, ['list']);
    assert.equal(ran.code, 1);
    assert.match(ran.err, /No node is running here.*skein up/);
    const env = { SKEIN_COMMAND: '/code/bin/skein' };
    assert.match((await skein(home, ['list'], { env })).err, /Start one with "\/code\/bin\/skein up"/);
    assert.equal((await skein(home, ['down'])).code, 0);
  });

  test('say so when node.json is left from a node that is gone', async (t) => {
    const home = mkdtempSync(join(tmpdir(), 'skein-cli-'));
    t.after(() => rmSync(home, { recursive: true }));
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const keys = { accessKeyId: 'a', secretAccessKey: 's', token: 't' };
    writeNodeFile(home, { gateway: 'g', control: `http://127.0.0.1:${port}`, pid: 1, ...keys });
    const ran = await skein(home, ['status']);
    assert.equal(ran.code, 1);
    assert.match(ran.err, /process 1\) does not answer.*ECONNREFUSED.*skein up/);
  });

  test('help and version need none', async () => {
    const help = await skein('/nonexistent', ['help']);
    assert.equal(help.code, 0);
    assert.match(help.out, /skein deploy \[DIR\]/);
    assert.match((await skein('/nonexistent', ['up', '--help'])).out, /--account-concurrency N/);
    assert.match((await skein('/nonexistent', ['version'])).out, /^\d+\.\d+\.\d+/);
  });
});

suite('what is printed', () => {
  test('columns are as wide as their widest cell', () => {
    assert.equal(
      table(
        ['A', 'N'],
        [
          ['long', '1'],
          ['b', '10'],
        ],
        [1],
      ),
      'A      N\nlong   1\nb     10',
    );
  });

  test('times have the digits that matter', () => {
    assert.deepEqual([0.123, 12.34, 1_234.5].map(milliseconds), ['0.12 ms', '12.3 ms', '1,235 ms']);
  });

  test('a call to try goes to an address, not to a name that may not resolve', () => {
    assert.equal(
      curlFor('http://bakery.localhost:8080/orders', 'http://127.0.0.1:8080'),
      "curl -H 'Host: bakery.localhost:8080' 'http://127.0.0.1:8080/orders'",
    );
  });
});
