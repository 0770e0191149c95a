import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { suite, test } from 'node:test';
import { Fault, type FaultCode } from '../base/index.ts';
import type { InvokeResult } from '../invoke/index.ts';
import { call, openDoor, REPORT, resultOf } from './testing.ts';

const ORDERS = { host: 'bakery.localhost', method: 'POST', path: '/orders' } as const;

suite('the front door', () => {
  test('invokes the function at its host and answers with its result', async () => {
    await using door = await openDoor(async () =>
      resultOf({ statusCode: 201, headers: { 'x-cake': 'plum' }, body: 'made' }),
    );
    const { status, headers, text } = await call(door.port, { path: '/a%20b?x=1' });
    assert.equal(status, 201);
    assert.equal(text, 'made');
    assert.equal(headers['x-cake'], 'plum');
    assert.equal(headers['content-length'], '4');
    assert.equal(headers['content-type'], 'application/json');
    const invocation = door.seen[0]!;
    assert.equal(headers['x-amzn-requestid'], invocation.requestId);
    assert.equal(invocation.functionName, 'bakery-hello');
    assert.equal(invocation.qualifier, null);
    const event = JSON.parse(invocation.event as string);
    assert.equal(event.rawPath, '/a%20b');
    assert.equal(event.requestContext.accountId, 'anonymous');
    assert.equal(event.requestContext.domainPrefix, 'bakery-hello');
    assert.equal(event.headers['x-forwarded-for'], '127.0.0.1');
    assert.equal(event.headers['x-forwarded-proto'], 'http');
    assert.equal(event.headers['x-forwarded-port'], String(door.port));
    assert.match(event.headers['x-amzn-trace-id'], /^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/);
    assert.equal(event.headers['x-amzn-trace-id'], invocation.traceId);
  });

  test('invokes by route with path parameters, and hands the body over', async () => {
    await using door = await openDoor();
    await call(door.port, {
      ...ORDERS,
      headers: { 'content-type': 'application/json' },
      body: '{"cake":"plum"}',
    });
    await call(door.port, { host: 'shop.example.com', path: '/orders/a%2Fb' });
    const [posted, got] = door.seen.map(({ event }) => JSON.parse(event as string));
    assert.equal(posted.routeKey, 'POST /orders');
    assert.equal(posted.body, '{"cake":"plum"}');
    assert.equal(got.routeKey, 'GET /orders/{id}');
    assert.deepEqual(got.pathParameters, { id: 'a/b' });
    assert.equal(got.requestContext.domainName, 'shop.example.com');
  });

  test('passes a trace on, and makes none up beside it', async () => {
    await using door = await openDoor();
    const trace = 'Root=1-5e9f0c65-1de4d666d4dd26aced652b6c;Sampled=1';
    await call(door.port, { headers: { 'x-amzn-trace-id': trace, traceparent: '00-a-b-01' } });
    assert.equal(door.seen[0]?.traceId, trace);
    assert.equal(JSON.parse(door.seen[0]?.event as string).headers.traceparent, '00-a-b-01');
  });

  const hosts: readonly [host: string, status: number, qualifier?: string | null][] = [
    ['BAKERY-Hello.LocalHost.:8080', 200, null],
    ['canary.bakery-hello.localhost', 200, 'Canary'],
    ['live.bakery-hello.localhost', 200, 'live'],
    ['nope.bakery-hello.localhost', 404],
    ['a.live.bakery-hello.localhost', 404],
    ['unknown.localhost', 404],
    ['localhost', 404],
    ['bakery-hello', 404],
    ['bakery', 404],
    ['bakery-hello.localhost.evil.com', 404],
    ['bad host', 400],
    ['a..localhost', 400],
    ['user@bakery-hello.localhost', 400],
    ['bakery-hello.localhost:80:90', 400],
  ];
  for (const [host, status, qualifier] of hosts) {
    test(`the host ${host} is answered ${status}`, async () => {
      await using door = await openDoor();
      const answer = await call(door.port, { host });
      assert.equal(answer.status, status);
      if (status === 200) assert.equal(door.seen[0]?.qualifier, qualifier);
      else assert.equal(JSON.parse(answer.text).requestId, answer.headers['x-amzn-requestid']);
      if (status === 404) assert.match(JSON.parse(answer.text).message, new RegExp(host));
    });
  }

  test('a path without a route is 404 and nothing runs', async () => {
    await using door = await openDoor();
    const answer = await call(door.port, { host: 'bakery.localhost', path: '/orders/' });
    assert.equal(answer.status, 404);
    assert.equal(door.seen.length, 0);
  });

  test('HEAD, 204 and 304 have no body', async () => {
    await using door = await openDoor(async ({ event }) => {
      const statusCode = Number(JSON.parse(event as string).rawPath.slice(1));
      return resultOf({ statusCode, body: 'body' });
    });
    const head = await call(door.port, { method: 'HEAD', path: '/200' });
    assert.deepEqual([head.status, head.text, head.headers['content-length']], [200, '', '4']);
    for (const status of [204, 304]) {
      const answer = await call(door.port, { path: `/${status}` });
      assert.deepEqual(
        [answer.status, answer.text, answer.headers['content-length']],
        [status, '', undefined],
      );
    }
  });

  test('cookies are one header each, and base64 is bytes', async () => {
    const body = Buffer.from([0, 255, 254]);
    await using door = await openDoor(async () =>
      resultOf({
        statusCode: 200,
        cookies: ['a=1', 'b=2'],
        body: body.toString('base64'),
        isBase64Encoded: true,
      }),
    );
    const answer = await call(door.port);
    assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2']);
    assert.deepEqual(Buffer.from(answer.text, 'latin1'), body);
  });

  test('the client of a trusted proxy is who it says', async () => {
    await using door = await openDoor(undefined, { trustProxy: ['127.0.0.0/8'] });
    await call(door.port, {
      headers: { 'x-forwarded-for': '6.6.6.6, 1.2.3.4', 'x-forwarded-proto': 'https' },
    });
    const event = JSON.parse(door.seen[0]?.event as string);
    assert.equal(event.requestContext.http.sourceIp, '1.2.3.4');
    assert.equal(event.headers['x-forwarded-for'], '6.6.6.6, 1.2.3.4, 127.0.0.1');
    assert.equal(event.headers['x-forwarded-proto'], 'https');
  });
});

suite('a failure as an answer', () => {
  const failed = (outcome: 'error' | 'timeout' | 'crash' | 'init-error'): InvokeResult => ({
    kind: 'error',
    executedVersion: 1,
    outcome,
    errorType: 'Secret',
    payload: Buffer.from('{"errorMessage":"secret"}'),
    report: REPORT,
  });
  const outcomes = [
    ['error', 502, 500],
    ['timeout', 504, 504],
    ['crash', 502, 502],
    ['init-error', 502, 502],
  ] as const;
  for (const [outcome, atHost, onRoute] of outcomes) {
    test(`${outcome} is ${atHost} at a function's host and ${onRoute} on a route`, async () => {
      await using door = await openDoor(async () => failed(outcome));
      const host = await call(door.port);
      assert.equal(host.status, atHost);
      assert.equal(JSON.parse(host.text).requestId, door.seen[0]?.requestId);
      const route = await call(door.port, ORDERS);
      assert.equal(route.status, onRoute);
      assert.equal(route.headers['x-amzn-requestid'], door.seen[1]?.requestId);
      assert.doesNotMatch(host.text + route.text, /secret/i);
      if (outcome === 'error') assert.equal(route.text, '{"message":"Internal Server Error"}');
    });
  }

  test('a malformed result is 502 and says why', async () => {
    await using door = await openDoor(async () => resultOf({ statusCode: 7 }));
    const answer = await call(door.port);
    assert.equal(answer.status, 502);
    assert.match(JSON.parse(answer.text).message, /statusCode/);
  });

  const faults: readonly [FaultCode, number, retryAfter: string | undefined][] = [
    ['concurrency-exceeded', 429, '1'],
    ['start-rate-exceeded', 429, '1'],
    ['no-capacity', 503, '1'],
    ['queue-timeout', 503, '1'],
    ['shutting-down', 503, '1'],
    ['payload-too-large', 413, undefined],
    ['function-not-found', 404, undefined],
  ];
  for (const [code, status, retryAfter] of faults) {
    test(`${code} is ${status}`, async () => {
      await using door = await openDoor(() => Promise.reject(new Fault(code, 'What happened.')));
      const answer = await call(door.port);
      assert.equal(answer.status, status);
      assert.equal(answer.headers['retry-after'], retryAfter);
      assert.deepEqual(JSON.parse(answer.text), {
        message: 'What happened.',
        requestId: door.seen[0]?.requestId,
      });
      assert.deepEqual(door.bugs, []);
    });
  }

  test('a fault says how long to wait, rounded up to seconds', async () => {
    const fault = new Fault('concurrency-exceeded', 'Busy.', { facts: { retryAfterMs: 2_100 } });
    await using door = await openDoor(() => Promise.reject(fault));
    assert.equal((await call(door.port)).headers['retry-after'], '3');
  });

  test('what is inside the node stays inside', async () => {
    await using door = await openDoor(() =>
      Promise.reject(new Fault('sandbox-failed', 'fork of /secret failed')),
    );
    const answer = await call(door.port);
    assert.equal(answer.status, 503);
    assert.doesNotMatch(answer.text, /secret/);
  });

  test('a bug is 500, and told', async () => {
    const bug = new TypeError('oops');
    await using door = await openDoor(() => Promise.reject(bug));
    const answer = await call(door.port);
    assert.equal(answer.status, 500);
    assert.deepEqual(door.bugs, [bug]);
  });

  test('a caller that goes away aborts its invocation, and that is no bug', async () => {
    const started = Promise.withResolvers<void>();
    const aborted = Promise.withResolvers<void>();
    await using door = await openDoor(async (_, signal) => {
      started.resolve();
      await once(signal, 'abort');
      aborted.resolve();
      throw signal.reason;
    });
    const req = request({ port: door.port, headers: { host: 'bakery-hello.localhost' } }).on(
      'error',
      () => {},
    );
    req.end();
    await started.promise;
    req.destroy();
    await aborted.promise;
    await door.gateway.stop();
    assert.deepEqual(door.bugs, []);
  });
});

suite('a gateway that stops', () => {
  test('lets the requests in flight finish and takes no new ones', async () => {
    const started = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const door = await openDoor(async () => {
      started.resolve();
      await release.promise;
      return resultOf({ statusCode: 200, body: 'late' });
    });
    const answer = call(door.port, { headers: { connection: 'keep-alive' } });
    await started.promise;
    const stopped = door.gateway.stop();
    await assert.rejects(call(door.port), { code: 'ECONNREFUSED' });
    release.resolve();
    const { text, headers } = await answer;
    assert.equal(text, 'late');
    assert.equal(headers.connection, 'close');
    await stopped;
  });

  test('ends what does not finish in time, and tells the invocation', async () => {
    const started = Promise.withResolvers<void>();
    let signalled = false;
    const door = await openDoor(
      async (_, signal) => {
        started.resolve();
        await once(signal, 'abort');
        signalled = true;
        throw signal.reason;
      },
      { limits: { stopGraceMs: 10 } },
    );
    const answer = assert.rejects(call(door.port), { code: 'ECONNRESET' });
    await started.promise;
    await door.gateway.stop();
    await door.gateway.stop();
    await answer;
    assert.equal(signalled, true);
  });

  test('a port in use is said so', async () => {
    await using door = await openDoor();
    await assert.rejects(openDoor(undefined, { listen: { host: '127.0.0.1', port: door.port } }), {
      code: 'port-in-use',
    });
  });
});
