import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, before, suite, test } from 'node:test';
import { Fault } from '../base/index.ts';
import type { Invocation, InvokeResult } from '../invoke/index.ts';
import { CONFIG_DEFAULTS, LIMITS } from '../model/index.ts';
import { type Api, createApi } from './api.ts';
import { DIGEST, openNode, report } from './node-by-hand.ts';

interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string | undefined>;
  readonly body?: string | Buffer;
}
interface Answered {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly json: any;
}

suite('the control API', () => {
  const { node, options } = openNode();
  let api: Api;
  before(async () => {
    api = createApi(options);
    await api.start();
  });
  after(() => api.stop());

  function ask(path: string, asked: Asked = {}): Promise<Answered> {
    const { promise, resolve, reject } = Promise.withResolvers<Answered>();
    const headers: Record<string, string> = {};
    const wanted = {
      authorization: 'Bearer secret',
      ...(asked.body !== undefined && { 'content-type': 'application/json' }),
      ...asked.headers,
    };
    for (const [name, value] of Object.entries(wanted)) if (value !== undefined) headers[name] = value;
    const sent = request(
      `${api.url}${path}`,
      { method: asked.method ?? 'GET', headers, agent: false },
      async (got) => {
        const text = (await buffer(got)).toString();
        const json =
          got.headers['content-type']?.startsWith('application/json') === true ? JSON.parse(text) : null;
        resolve({ status: got.statusCode ?? 0, headers: got.headers, text, json });
      },
    );
    sent.on('error', reject);
    sent.end(asked.body);
    return promise;
  }
  const invoke = (asked: Asked = {}) =>
    ask('/api/v1/functions/f/invocations', { method: 'POST', body: '{}', ...asked });

  test('an event that nobody waits for is kept, and its id is the answer', async () => {
    const answer = await ask('/api/v1/functions/f/invocations?async=true&qualifier=blue', {
      method: 'POST',
      body: '{"n":1}',
    });
    assert.deepEqual([answer.status, answer.json], [202, { statusCode: 202, requestId: 'request-1' }]);
    const [{ functionName, qualifier, event } = {}] = node.kept as Partial<Invocation>[];
    assert.deepEqual([functionName, qualifier, String(event)], ['f', 'blue', '{"n":1}']);
  });

  test('others are asked first, from places that are ours only', async () => {
    const { options: plain } = openNode();
    const others: typeof plain.others = [
      (asked, response) => {
        if (asked.url !== '/theirs') return false;
        response.end('theirs');
        return true;
      },
    ];
    const shared = createApi({ ...plain, others });
    await shared.start();
    try {
      const get = (headers: Record<string, string>) =>
        new Promise<string>((resolve, reject) => {
          const sent = request(`${shared.url}/theirs`, { headers, agent: false }, async (got) =>
            resolve(`${got.statusCode} ${await buffer(got)}`),
          );
          sent.on('error', reject).end();
        });
      assert.equal(await get({}), '200 theirs');
      assert.match(await get({ origin: 'https://evil.example' }), /^403 .*"forbidden"/);
      assert.match(await get({ host: 'evil.example' }), /^403 .*"forbidden"/);
    } finally {
      await shared.stop();
    }
  });

  test('probes need no token; everything else does', async () => {
    assert.equal((await ask('/healthz', { headers: { authorization: undefined } })).status, 200);
    assert.equal((await ask('/readyz', { headers: { authorization: undefined } })).json.ready, true);
    for (const path of ['/api/v1/functions', '/api/v1/openapi.json', '/nothing', '/']) {
      const answer = await ask(path, { headers: { authorization: undefined } });
      assert.equal(answer.status, 401, path);
      assert.equal(answer.json.error.code, 'unauthenticated');
    }
  });

  test('a hostile page gets nowhere: foreign host, foreign origin, form bodies, preflights', async () => {
    assert.equal((await ask('/api/v1/functions', { headers: { host: 'evil.example' } })).status, 403);
    assert.equal(
      (await ask('/api/v1/functions', { headers: { origin: 'https://evil.example' } })).status,
      403,
    );
    const form = await invoke({ headers: { 'content-type': 'text/plain' } });
    assert.equal(form.status, 415);
    const preflight = await ask('/api/v1/functions', {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', authorization: undefined },
    });
    assert.equal(preflight.status, 403);
    for (const answer of [form, preflight]) {
      assert.equal(
        Object.keys(answer.headers).some((name) => name.startsWith('access-control')),
        false,
      );
    }
  });

  test('an unknown path is a 404 in the form of every error', async () => {
    const answer = await ask('/api/v1/nothing?x=1');
    assert.equal(answer.status, 404);
    assert.deepEqual(Object.keys(answer.json.error), ['code', 'message', 'facts']);
    assert.match(answer.json.error.message, /GET \/api\/v1\/nothing here/);
  });

  test('a refusal keeps its code, message and facts', async () => {
    const answer = await ask('/api/v1/functions/nobody/versions');
    assert.equal(answer.status, 404);
    assert.deepEqual(answer.json.error, {
      code: 'function-not-found',
      message: 'There is no function "nobody" here.',
      facts: { name: 'nobody' },
    });
  });

  test('a bug is told by an id only; its details go to the node', async () => {
    const answer = await ask('/api/v1/functions/bug/versions');
    assert.equal(answer.status, 500);
    assert.equal(answer.json.error.facts.id, 'request-1');
    assert.doesNotMatch(answer.text, /inner detail/);
    assert.match(String(node.bugs[0]), /inner detail/);
  });

  test('a deployment is validated and handed on', async () => {
    const config = {
      ...{
        shape: 'function',
        runtime: 'nodejs24.x',
        handler: 'index.handler',
        environment: {},
        database: null,
        ...CONFIG_DEFAULTS,
      },
      ...{ memoryMb: 128, timeoutMs: 3_000, stopAfterMs: 300_000, ephemeralMb: 512 },
    };
    const functions = [{ key: 'orders', config, reserved: null, provisioned: 0, routes: [] }];
    const manifest = { app: 'bakery', hosts: [], databases: [], functions };
    const post = (body: unknown, app = 'bakery') =>
      ask(`/api/v1/apps/${app}/deployments`, { method: 'POST', body: JSON.stringify(body) });
    assert.equal((await post({ manifest, artifacts: { orders: DIGEST } })).status, 200);
    assert.deepEqual(node.seen.deployed, { app: manifest, artifacts: { orders: DIGEST } });
    const other = await post({ manifest, artifacts: {} }, 'other');
    assert.match(other.json.error.message, /app "bakery".*app "other"/);
    const wrong = await post({ manifest, artifacts: { orders: 'nope' } });
    assert.equal(wrong.status, 400);
    assert.match(wrong.json.error.message, /body\.artifacts\.orders: must be a SHA-256/);
    assert.equal((await post({ manifest: { app: 1 }, artifacts: {} })).json.error.code, 'manifest-invalid');
  });

  test('a body that is not JSON, or too large, is refused as that', async () => {
    assert.match((await invoke({ body: '{"a":' })).json.error.message, /not JSON/);
    const large = await invoke({ body: Buffer.alloc(LIMITS.eventBytes + 1, 0x20) });
    assert.equal(large.status, 413);
    assert.equal(large.json.error.code, 'payload-too-large');
  });

  test('an invocation answers with one document, numbers as the function wrote them', async () => {
    let seen: Invocation | undefined;
    node.answer = async (invocation) => {
      seen = invocation;
      return {
        kind: 'result',
        executedVersion: 3,
        payload: Buffer.from('{"n":12345678901234567890}'),
        report,
      };
    };
    const answer = await ask('/api/v1/functions/f/invocations?qualifier=blue', {
      method: 'POST',
      body: '{"e":1}',
    });
    assert.equal(answer.status, 200);
    assert.match(answer.text, /"payload":\{"n":12345678901234567890\},/);
    assert.equal(String(seen?.event), '{"e":1}');
    assert.equal(seen?.qualifier, 'blue');
    const { payload: _, ...rest } = answer.json;
    const { outcome, durationMs, billedMs, initMs, memoryMb, maxMemoryMb, queuedMs, phases } = report;
    assert.deepEqual(rest, {
      statusCode: 200,
      functionError: null,
      requestId: 'request-1',
      executedVersion: '3',
      report: { durationMs, billedMs, initMs, memoryMb, maxMemoryMb, queuedMs, outcome, phases },
    });
  });

  test('no body is an empty event', async () => {
    let event = '';
    node.answer = async (invocation) => {
      event = String(invocation.event);
      return { kind: 'result', executedVersion: 1, payload: Buffer.from('not json'), report };
    };
    const answer = await ask('/api/v1/functions/f/invocations', { method: 'POST' });
    assert.equal(event, '{}');
    assert.equal(answer.json.payload, 'not json');
  });

  test("a function's error is a result, with Lambda's error object", async () => {
    const payload = Buffer.from('{"errorType":"Error","errorMessage":"no","trace":[]}');
    node.answer = async () => ({
      kind: 'error',
      executedVersion: 3,
      outcome: 'error',
      errorType: 'Error',
      payload,
      report,
    });
    const answer = await invoke();
    assert.equal(answer.status, 200);
    assert.equal(answer.json.functionError, 'Unhandled');
    assert.equal(answer.json.payload.errorMessage, 'no');
  });

  test('a stream is collected: an HTTP one as its prelude and body', async () => {
    const stream = (text: string, contentType: string) => async (): Promise<InvokeResult> => ({
      kind: 'stream',
      executedVersion: 1,
      contentType,
      body: Readable.from([Buffer.from(text)]),
      report: Promise.resolve(report),
    });
    node.answer = stream('hello', 'application/octet-stream');
    assert.equal((await invoke()).json.payload, 'hello');
    node.answer = stream(
      `{"statusCode":201}${'\0'.repeat(8)}made`,
      'application/vnd.awslambda.http-integration-response',
    );
    assert.deepEqual((await invoke()).json.payload, { statusCode: 201, body: 'made' });
  });

  test('a throttle is 429 with Retry-After', async () => {
    node.answer = async () => {
      throw new Fault('concurrency-exceeded', 'Too many.');
    };
    const answer = await invoke();
    assert.equal(answer.status, 429);
    assert.equal(answer.headers['retry-after'], '1');
  });

  test('a caller who goes away cancels the invocation', async () => {
    const started = Promise.withResolvers<AbortSignal>();
    node.answer = (_invocation, signal) => {
      started.resolve(signal);
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    };
    const sent = request(`${api.url}/api/v1/functions/f/invocations`, {
      method: 'POST',
      headers: { authorization: 'Bearer secret' },
    });
    sent.on('error', () => {});
    sent.end();
    const signal = await started.promise;
    const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
    sent.destroy();
    await aborted;
  });

  test('packages are asked for, and stored as a stream under their own SHA-256 only', async () => {
    assert.equal((await ask(`/api/v1/artifacts/${DIGEST}`, { method: 'HEAD' })).status, 404);
    node.stored.add(DIGEST);
    assert.equal((await ask(`/api/v1/artifacts/${DIGEST}`, { method: 'HEAD' })).status, 200);
    const zip = { 'content-type': 'application/zip' };
    const put = (digest: string, headers: Record<string, string>) =>
      ask(`/api/v1/artifacts/${digest}`, { method: 'PUT', headers, body: Buffer.alloc(100_000) });
    assert.deepEqual((await put(DIGEST, zip)).json, { digest: DIGEST, bytes: 100_000 });
    assert.equal((await put('b'.repeat(64), zip)).json.error.code, 'package-invalid');
    assert.equal((await put(DIGEST, { 'content-type': 'application/json' })).status, 415);
    assert.equal((await put('UPPER', zip)).status, 400);
    const declared = { ...zip, 'content-length': String(LIMITS.packageBytes + 1) };
    assert.equal((await put(DIGEST, declared)).status, 413);
  });

  test('queries and parameters reach the verbs', async () => {
    await ask('/api/v1/functions/f/rollback', { method: 'POST', body: '{"to":2}' });
    assert.deepEqual(node.seen.rolledBack, { name: 'f', to: 2 });
    await ask('/api/v1/functions/f/rollback', { method: 'POST' });
    assert.deepEqual(node.seen.rolledBack, { name: 'f', to: null });
    await ask('/api/v1/apps/bakery?data=true', { method: 'DELETE' });
    assert.deepEqual(node.seen.destroyed, { app: 'bakery', data: true });
    assert.equal((await ask('/api/v1/apps/bakery?data=yes', { method: 'DELETE' })).status, 400);
    await ask('/api/v1/functions/f/logs?after=5&limit=10');
    assert.deepEqual(node.seen.logs, { functionName: 'f', after: '5', sinceMs: null, limit: 10 });
    assert.equal((await ask('/api/v1/functions/f/logs?limit=0')).status, 400);
    assert.equal((await ask('/api/v1/functions/nobody/logs')).status, 404);
    await ask('/api/v1/schedules?app=shop');
    assert.deepEqual(node.seen.schedule, { verb: 'list', app: 'shop' });
    await ask('/api/v1/schedules/a/pause?group=g', { method: 'POST' });
    assert.deepEqual(node.seen.schedule, { verb: 'pause', key: { name: 'a', group: 'g' } });
    await ask('/api/v1/schedules/a');
    assert.deepEqual(node.seen.schedule, { verb: 'show', key: { name: 'a', group: 'default' } });
  });

  test('usage is summed by function', async () => {
    const { functions } = (await ask('/api/v1/usage')).json;
    assert.deepEqual(
      functions.map((row: { name: string; invocations: number }) => [row.name, row.invocations]),
      [
        ['a', 2],
        ['b', 1],
        ['c', 0],
      ],
    );
    assert.equal(functions[2].provisionedGbSeconds, 0.5);
  });

  test('its description lists every operation', async () => {
    const { openapi, paths } = (await ask('/api/v1/openapi.json')).json;
    assert.equal(openapi, '3.1.0');
    assert.deepEqual(Object.keys(paths['/api/v1/artifacts/{digest}']), ['head', 'put']);
    const logs = paths['/api/v1/functions/{name}/logs'].get.parameters;
    assert.deepEqual(
      logs.map((parameter: { name: string }) => parameter.name),
      ['name', 'after', 'sinceMs', 'limit'],
    );
  });

  test('a shutdown begins after its answer has left', async () => {
    assert.equal((await ask('/api/v1/shutdown', { method: 'POST' })).status, 202);
    assert.equal(node.shutdowns, 1);
    assert.equal((await ask('/readyz')).status, 503);
  });
});

test('a taken control port is a clear refusal', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  t.after(() => other.close());
  const { port } = other.address() as { port: number };
  const { options } = openNode();
  const api = createApi({ ...options, listen: { host: '127.0.0.1', port } });
  await assert.rejects(api.start(), { code: 'port-in-use', message: new RegExp(`127\\.0\\.0\\.1:${port}`) });
  await api.stop();
});
