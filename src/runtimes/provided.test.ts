import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Guest, GuestGone } from './guest.ts';
import { boot, call, callError, initErrorOf, runtimes, start, work } from './guest-fixture.ts';

const runtime = 'provided.al2023';

/** A `bootstrap` in Node.js that speaks the Runtime API by hand; `body` sees `api`, `event`, `headers` and `id`. */
function bootstrap(body: string, before = ''): { runtime: typeof runtime; files: Record<string, string> } {
  const text = `#!${process.execPath}
    const http = require('node:http');
    const [hostname, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
    const agent = new http.Agent({ keepAlive: true });
    function api(method, path, data, headers = {}) {
      return new Promise((resolve, reject) => {
        const options = { hostname, port, method, headers, agent, path: '/2018-06-01/runtime/' + path };
        const request = http.request(options, (response) => {
          let text = '';
          response.on('data', (piece) => { text += piece; });
          response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
        });
        request.on('error', reject);
        request.end(data);
      });
    }
    (async () => {
      ${before}
      for (;;) {
        const next = await api('GET', 'invocation/next');
        const { headers } = next;
        const id = headers['lambda-runtime-aws-request-id'];
        const event = JSON.parse(next.text);
        ${body}
      }
    })();`;
  return { runtime, files: { bootstrap: text } };
}

async function streamOf(guest: Guest, event: unknown) {
  const answer = await guest.invoke(work(event));
  assert.equal(answer.kind, 'stream');
  if (answer.kind !== 'stream') throw new Error('not a stream');
  return answer;
}

suite('a bootstrap of the function’s own', () => {
  test('is initialised by its first request for work, gets every header, and answers', async () => {
    await using running = await boot(
      bootstrap(
        'await api("POST", "invocation/" + id + "/response", JSON.stringify({ event, headers, root: process.env.LAMBDA_TASK_ROOT }));',
      ),
    );
    const given = {
      requestId: 'id-1',
      traceId: 'Root=1',
      clientContext: '{"a":1}',
      deadlineMs: 1_800_000_000_000.7,
    };
    const result = (await call(running.guest, { n: 1 }, given)) as { headers: Record<string, string> };
    assert.partialDeepStrictEqual(result, {
      event: { n: 1 },
      root: running.setup.taskRoot,
      headers: {
        'lambda-runtime-aws-request-id': 'id-1',
        'lambda-runtime-client-context': '{"a":1}',
        'lambda-runtime-deadline-ms': '1800000000000',
        'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:us-east-1:000000000000:function:shop-hello',
        'lambda-runtime-trace-id': 'Root=1',
      },
    });
    const { headers } = (await call(running.guest, { n: 2 })) as { headers: Record<string, string> };
    assert.equal(headers['lambda-runtime-trace-id'], undefined);
  });

  test('reports an error with its type in the body, or in a header', async () => {
    await using running = await boot(
      bootstrap(
        `await api('POST', 'invocation/' + id + '/error', event.body, { 'Lambda-Runtime-Function-Error-Type': 'Function.Header' });`,
      ),
    );
    const body = { errorType: 'Custom', errorMessage: 'no' };
    assert.deepEqual(await callError(running.guest, { body: JSON.stringify(body) }), body);
    const plain = await callError(running.guest, { body: 'not json' });
    assert.deepEqual(plain, { errorType: 'Function.Header', errorMessage: 'not json' });
    const long = JSON.stringify({ errorType: 'x'.repeat(1_000_000) });
    const answer = await running.guest.invoke(work({ body: long }));
    assert.equal(answer.kind === 'error' && answer.error.errorType, 'x'.repeat(256));
    assert.equal(answer.kind === 'error' && answer.error.payload.toString(), long);
  });

  test('reports a failed init', async () => {
    const error = { errorType: 'Runtime.NoConfig', errorMessage: 'CONFIG is not set' };
    const before = `await api('POST', 'init/error', JSON.stringify(${JSON.stringify(error)})); process.exit(1);`;
    assert.deepEqual(await initErrorOf(bootstrap('', before)), error);
  });

  test('that cannot start, or exits during init, is GuestGone', async () => {
    await using running = await start({ runtime, files: { bootstrap: '#!/bin/sh\nexit 5\n' } });
    await assert.rejects(running.guest.init(running.setup), GuestGone);
    assert.equal(await running.exited, 5);
  });

  test('gets AWS’s refusals for a wrong id, a wrong moment and an unknown path', async () => {
    await using running = await boot(
      bootstrap(`
        const wrong = await api('POST', 'invocation/other/response', '1');
        const again = await api('GET', 'invocation/next');
        const init = await api('POST', 'init/error', '{}');
        const unknown = await api('GET', 'unknown');
        const ok = api('POST', 'invocation/' + id + '/response', JSON.stringify([
          wrong.status, JSON.parse(wrong.text), again.headers['lambda-runtime-aws-request-id'] === id, init.status,
          JSON.parse(init.text).errorMessage, unknown.status, globalThis.late ?? null]));
        const accepted = await ok;
        const late = await api('POST', 'invocation/' + id + '/response', '1');
        globalThis.late = [accepted.status, JSON.parse(accepted.text), late.status, JSON.parse(late.text)];`),
    );
    const first = (await call(running.guest, {})) as unknown[];
    assert.deepEqual(first.slice(0, 6), [
      400,
      { errorMessage: 'Invalid request ID', errorType: 'InvalidRequestID' },
      true,
      403,
      'State transition from Running to InitError failed for runtime. Error: State transition is not allowed',
      404,
    ]);
    const second = (await call(running.guest, {})) as unknown[];
    const message =
      'State transition from ResponseSent to InvocationResponse failed for runtime. Error: State transition is not allowed';
    assert.deepEqual(second[6], [
      202,
      { status: 'OK' },
      403,
      { errorMessage: message, errorType: 'InvalidStateTransition' },
    ]);
  });

  test('gets 413 for an answer that is too large, and goes on', async () => {
    await using running = await boot(
      bootstrap(`
        const sent = await api('POST', 'invocation/' + id + '/response', '"' + 'x'.repeat(event.length) + '"' + (globalThis.status ?? ''));
        globalThis.status = sent.status === 202 ? ' ' : '';
        console.log(sent.status, sent.text);`),
    );
    const error = await callError(running.guest, { length: 7_000_000 });
    assert.equal(error.errorType, 'Function.ResponseSizeTooLarge');
    assert.equal(await call(running.guest, { length: 1 }), 'x');
    assert.match(
      (await running.output()).toString(),
      /^413 .*Exceeded maximum allowed payload size \(6291556 bytes\)/,
    );
  });

  test('streams: the first bytes arrive before the last are sent, and trailers carry an error', async () => {
    await using running = await boot(
      bootstrap(`
        const trailer = 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body';
        await new Promise((resolve) => {
          const request = http.request({ hostname, port, method: 'POST', path: '/2018-06-01/runtime/invocation/' + id + '/response', agent,
            headers: { 'Lambda-Runtime-Function-Response-Mode': 'streaming', 'Content-Type': 'text/plain', Trailer: trailer } },
            (response) => { response.resume(); response.on('end', resolve); });
          const alive = setInterval(() => {}, 60000);
          process.once('SIGUSR2', () => {
            clearInterval(alive);
            request.write('second');
            if (event.fails) request.addTrailers({ 'Lambda-Runtime-Function-Error-Type': 'Broken',
              'Lambda-Runtime-Function-Error-Body': Buffer.from('{"errorType":"Broken"}').toString('base64') });
            request.end();
          });
          request.write('first ');
        });`),
    );
    for (const fails of [false, true]) {
      const stream = await streamOf(running.guest, { fails });
      assert.equal(stream.contentType, 'text/plain');
      const pieces: string[] = [];
      const read = async () => {
        for await (const piece of stream.body) {
          if (pieces.length === 0) running.child.kill('SIGUSR2');
          pieces.push(String(piece));
        }
      };
      if (fails) await assert.rejects(read(), /Broken/);
      else await read();
      assert.deepEqual([pieces[0], pieces.join('')], ['first ', 'first second']);
      const error = await stream.ended;
      assert.equal(error?.errorType, fails ? 'Broken' : undefined);
    }
  });

  test('that dies in mid-stream breaks the stream', async () => {
    await using running = await boot(
      bootstrap(`
        const request = http.request({ hostname, port, method: 'POST', path: '/2018-06-01/runtime/invocation/' + id + '/response',
          headers: { 'Lambda-Runtime-Function-Response-Mode': 'streaming' } });
        request.on('error', () => {});
        request.write('some');
        await new Promise((resolve) => process.once('SIGUSR2', resolve) && setInterval(() => {}, 60000));`),
    );
    const stream = await streamOf(running.guest, {});
    await assert.rejects(async () => {
      for await (const _ of stream.body) running.child.kill('SIGKILL');
    });
    const outcome = await stream.ended.then(
      (error) => error?.errorType,
      (error) => error.name,
    );
    assert.ok(['Runtime.TruncatedResponse', 'GuestGone'].includes(outcome as string), String(outcome));
  });

  test('an unknown response mode is refused', async () => {
    await using running = await boot(
      bootstrap(
        `await api('POST', 'invocation/' + id + '/response', '1', { 'Lambda-Runtime-Function-Response-Mode': 'other' });`,
      ),
    );
    assert.equal((await callError(running.guest)).errorType, 'Runtime.InvalidResponseModeHeader');
  });
});

suite('what a process can reach and what it is started with', () => {
  test('variables that only count at a start keep a function out of booted processes', () => {
    assert.equal(runtimes.canBeBlank('nodejs24.x', { COLOUR: 'green', TZ: 'UTC' }), true);
    assert.equal(runtimes.canBeBlank('nodejs24.x', { NODE_OPTIONS: '--trace-gc' }), false);
    assert.equal(runtimes.canBeBlank('python3.11', { LD_PRELOAD: '/x.so' }), false);
    assert.equal(runtimes.canBeBlank('python3.11'), true);
    assert.equal(runtimes.canBeBlank('provided.al2023'), false);
  });

  test('V8 gets nine tenths of the memory', async () => {
    const prepared = await runtimes.prepare('nodejs24.x', 128, null);
    await prepared.abandon();
    assert.deepEqual(prepared.argv.slice(1, 3), ['--max-semi-space-size=6', '--max-old-space-size=116']);
    assert.equal(prepared.environment.AWS_LAMBDA_RUNTIME_API, undefined);
  });

  test('a listener is gone after abandon', async () => {
    const prepared = await runtimes.prepare('python3.11', 128, null);
    const url = `http://${prepared.environment.AWS_LAMBDA_RUNTIME_API}/credentials`;
    assert.equal((await fetch(url)).status, 401);
    await prepared.abandon();
    await prepared.abandon();
    await assert.rejects(fetch(url));
  });
});
