import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { GuestGone } from './guest.ts';
import { boot, call, callError, initErrorOf, recordsOf, start, work } from './guest-fixture.ts';

const TOO_LARGE = 'Response payload size exceeded maximum allowed payload size (6291556 bytes).';

suite('the Node.js runtime: handlers', () => {
  test('an async handler gets its event and its result comes back', async () => {
    await using running = await boot({
      files: { 'index.js': 'exports.handler = async (event) => ({ hello: event.name });' },
    });
    assert.deepEqual(await call(running.guest, { name: 'Grüße 🪿' }), { hello: 'Grüße 🪿' });
    assert.deepEqual(await call(running.guest, { name: 'again' }), { hello: 'again' });
  });

  test('a blank process is specialised by its code, its variables and its folder', async () => {
    await using running = await boot({
      blank: true,
      environment: { COLOUR: 'green', TZ: 'Europe/Berlin' },
      files: {
        'index.js':
          'exports.handler = async () => [process.env.COLOUR, process.cwd(), new Date(0).getHours(), process.env._HANDLER];',
      },
    });
    assert.deepEqual(await call(running.guest, {}), ['green', running.setup.taskRoot, 1, 'index.handler']);
  });

  test('a callback is answered, at once or when the event loop is empty', async () => {
    await using running = await boot({
      files: {
        'index.js': `exports.handler = (event, context, callback) => {
          context.callbackWaitsForEmptyEventLoop = event.waits;
          let later = false;
          setTimeout(() => { later = true; }, 20);
          callback(null, { get later() { return later; } });
        };`,
      },
    });
    assert.deepEqual(await call(running.guest, { waits: true }), { later: true });
    assert.deepEqual(await call(running.guest, { waits: false }), { later: false });
  });

  test('context.done, succeed and fail end an invocation, and only the first of them counts', async () => {
    await using running = await boot({
      files: {
        'index.js': `exports.handler = (event, context) => {
          context[event.by](...event.args);
          context.succeed('too late');
        };`,
      },
    });
    assert.equal(await call(running.guest, { by: 'succeed', args: [1] }), 1);
    assert.equal(await call(running.guest, { by: 'done', args: [null, 2] }), 2);
    const failed = await callError(running.guest, { by: 'fail', args: ['no'] });
    assert.deepEqual(failed, { errorType: 'string', errorMessage: 'no', trace: [] });
    assert.equal(await call(running.guest, { by: 'succeed', args: [3] }), 3);
  });

  test('a handler that returns without a promise or a callback answers null', async () => {
    await using running = await boot({ files: { 'index.js': 'exports.handler = (event) => 42;' } });
    assert.equal(await call(running.guest, {}), null);
  });

  test('an async handler whose promise can never settle fails as on Lambda', async () => {
    await using running = await boot({
      files: { 'index.js': 'exports.handler = async (event) => event.hang ? new Promise(() => {}) : 1;' },
    });
    const error = await callError(running.guest, { hang: true });
    assert.equal(error.errorType, 'Runtime.NodeJsExit');
    assert.equal(await call(running.guest, {}), 1);
  });

  test('undefined becomes null', async () => {
    await using running = await boot({ files: { 'index.js': 'exports.handler = async () => {};' } });
    assert.equal(await call(running.guest, {}), null);
  });

  test('the context has everything that Lambda gives', async () => {
    await using running = await boot({
      files: {
        'index.js': `exports.handler = async (event, context) => {
          const { getRemainingTimeInMillis } = context;
          return { ...context, remaining: getRemainingTimeInMillis(), trace: process.env._X_AMZN_TRACE_ID };
        };`,
      },
    });
    const given = {
      requestId: 'id-1',
      deadlineMs: Date.now() + 5_000,
      traceId: 'Root=1-2-3',
      clientContext: '{"custom":{"a":1}}',
    };
    const { remaining, ...context } = (await call(running.guest, {}, given)) as Record<string, unknown>;
    assert.deepEqual(context, {
      awsRequestId: 'id-1',
      callbackWaitsForEmptyEventLoop: true,
      clientContext: { custom: { a: 1 } },
      functionName: 'shop-hello',
      functionVersion: '7',
      invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:shop-hello',
      logGroupName: '/aws/lambda/shop-hello',
      logStreamName: '2026/01/01/[7]abc',
      memoryLimitInMB: '256',
      trace: 'Root=1-2-3',
    });
    assert.ok((remaining as number) > 0 && (remaining as number) <= 5_000, `remaining ${remaining}`);
  });

  test('the environment is Lambda’s, and reserved variables cannot be replaced', async () => {
    await using running = await boot({
      environment: { AWS_LAMBDA_FUNCTION_NAME: 'mine', LANG: 'C' },
      files: { 'index.js': 'exports.handler = async () => process.env;' },
    });
    const env = (await call(running.guest, {})) as Record<string, string>;
    const { taskRoot } = running.setup;
    const expected = {
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_LAMBDA_FUNCTION_NAME: 'shop-hello',
      AWS_LAMBDA_FUNCTION_VERSION: '7',
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/shop-hello',
      AWS_REGION: 'us-east-1',
      LAMBDA_TASK_ROOT: taskRoot,
      LANG: 'C',
      TZ: ':UTC',
      _HANDLER: 'index.handler',
    };
    for (const [name, value] of Object.entries(expected)) assert.equal(env[name], value, name);
    const credentials = await fetch(env.AWS_CONTAINER_CREDENTIALS_FULL_URI as string, {
      headers: { Authorization: env.AWS_CONTAINER_AUTHORIZATION_TOKEN as string },
    });
    assert.equal(((await credentials.json()) as { AccessKeyId: string }).AccessKeyId, 'ASIA-shop-hello');
    const refused = await fetch(env.AWS_CONTAINER_CREDENTIALS_FULL_URI as string);
    assert.equal(refused.status, 401);
  });

  test('an event of 6 MB arrives whole', async () => {
    await using running = await boot({
      files: { 'index.js': 'exports.handler = async (e) => e.text.length;' },
    });
    const text = 'ä'.repeat(3_000_000);
    assert.equal(await call(running.guest, { text }), text.length);
    const bytes = Buffer.from(JSON.stringify({ text }));
    assert.equal(await call(running.guest, {}, { event: bytes }), text.length);
  });
});

suite('the Node.js runtime: finding the handler', () => {
  const cases: Record<string, { handler?: string; files: Record<string, string> }> = {
    'a .mjs file': { files: { 'index.mjs': 'export const handler = async () => "found";' } },
    'a .cjs file': { files: { 'index.cjs': 'exports.handler = async () => "found";' } },
    'a .js file of a module package': {
      files: {
        'package.json': '{"type":"module"}',
        'index.js': 'export const handler = async () => "found";',
      },
    },
    'a module that awaits at its top level': {
      files: {
        'index.mjs': 'const word = await Promise.resolve("found"); export const handler = async () => word;',
      },
    },
    'a nested export in a folder': {
      handler: 'src/app.api.get',
      files: { 'src/app.js': 'exports.api = { get: async () => "found" };' },
    },
    'a module that requires a sibling': {
      files: {
        'index.js': 'exports.handler = require("./lib/word");',
        'lib/word.js': 'module.exports = async () => "found";',
      },
    },
    'a package of node_modules': {
      handler: 'words.handler',
      files: { 'node_modules/words/index.js': 'exports.handler = async () => "found";' },
    },
  };
  for (const [name, code] of Object.entries(cases)) {
    test(`${name} is found`, async () => {
      await using running = await boot(code);
      assert.equal(await call(running.guest, {}), 'found');
    });
  }

  test('a missing module is an ImportModuleError that names it', async () => {
    const error = await initErrorOf({ files: { 'index.js': 'require("left-pad-9");' } });
    assert.equal(error.errorType, 'Runtime.ImportModuleError');
    assert.match(
      error.errorMessage as string,
      /^Error: Cannot find module 'left-pad-9'\nRequire stack:\n- .*index\.js$/,
    );
  });

  test('a missing file is an ImportModuleError', async () => {
    const error = await initErrorOf({ files: {} });
    assert.equal(error.errorType, 'Runtime.ImportModuleError');
    assert.match(error.errorMessage as string, /^Error: Cannot find module 'index'/);
  });

  test('a missing export is a HandlerNotFound', async () => {
    const error = await initErrorOf({ files: { 'index.js': 'exports.other = 1;' } });
    assert.equal(error.errorType, 'Runtime.HandlerNotFound');
    assert.equal(error.errorMessage, 'index.handler is undefined or not exported');
  });

  test('an export that is not a function is a HandlerNotFound', async () => {
    const error = await initErrorOf({ files: { 'index.js': 'exports.handler = 1;' } });
    assert.equal(error.errorMessage, 'index.handler is not a function');
  });

  test('a name without a dot is a MalformedHandlerName', async () => {
    const error = await initErrorOf({ handler: 'index', files: { 'index.js': '' } });
    assert.equal(error.errorType, 'Runtime.MalformedHandlerName');
    assert.equal(error.errorMessage, 'Bad handler');
  });

  test('a syntax error names its place', async () => {
    const error = await initErrorOf({ files: { 'index.js': 'exports.handler = () => {\n  oops oops\n};' } });
    assert.equal(error.errorType, 'Runtime.UserCodeSyntaxError');
    assert.match(error.errorMessage as string, /^SyntaxError: /);
    assert.ok((error.trace as string[]).some((line) => line.includes('index.js:2')));
  });

  test('an exception of the module passes through as it is', async () => {
    const error = await initErrorOf({ files: { 'index.js': 'throw new RangeError("no database");' } });
    assert.equal(error.errorType, 'RangeError');
    assert.equal(error.errorMessage, 'no database');
  });

  test('a trace names the source when there is a source map', async () => {
    const map = { version: 3, sources: ['orders.ts'], names: [], mappings: 'AAUA', sourcesContent: [''] };
    const error = await initErrorOf({
      files: {
        'index.js': 'throw new Error("mapped");\n//# sourceMappingURL=index.js.map',
        'index.js.map': JSON.stringify(map),
      },
    });
    assert.ok(
      (error.trace as string[]).some((line) => line.includes('orders.ts:11')),
      String(error.trace),
    );
  });
});

suite('the Node.js runtime: errors', () => {
  test('an exception becomes Lambda’s error object, without frames of ours', async () => {
    await using running = await boot({
      files: {
        'index.js':
          'class Sold extends Error { name = "SoldOut" }\nexports.handler = async () => { throw new Sold("cake"); };',
      },
    });
    const error = await callError(running.guest);
    assert.equal(error.errorType, 'SoldOut');
    assert.equal(error.errorMessage, 'cake');
    const trace = error.trace as string[];
    assert.match(trace[1] as string, /index\.js:2/);
    assert.ok(!trace.some((line) => line.includes('/guest/node/')), String(trace));
    assert.ok(
      recordsOf(await running.output()).some(
        (r) => r.level === 'ERROR' && r.text.startsWith('Invoke Error \t{"errorType"'),
      ),
    );
  });

  test('anything can be thrown', async () => {
    await using running = await boot({
      files: {
        'index.js':
          'const things = ["text", null, 7, { a: 1 }]; exports.handler = async (e) => { throw things[e.at]; };',
      },
    });
    const types = [];
    for (const at of [0, 1, 2, 3]) types.push((await callError(running.guest, { at })).errorType);
    assert.deepEqual(types, ['string', 'string', 'number', 'object']);
  });

  test('a synchronous exception and a callback with an error are errors', async () => {
    await using running = await boot({
      files: {
        'index.js':
          'exports.handler = (e, c, done) => { if (e.throws) throw new TypeError("a"); done(new TypeError("b")); };',
      },
    });
    assert.equal((await callError(running.guest, { throws: true })).errorMessage, 'a');
    assert.equal((await callError(running.guest, {})).errorMessage, 'b');
  });

  test('a cyclic result is an error and harms nothing', async () => {
    await using running = await boot({
      files: {
        'index.js':
          'exports.handler = async (e) => { if (e.ok) return 1; const a = {}; a.a = a; return a; };',
      },
    });
    const error = await callError(running.guest);
    assert.equal(error.errorType, 'Error');
    assert.equal(error.errorMessage, 'Unable to stringify response body');
    assert.equal(await call(running.guest, { ok: true }), 1);
  });

  test('a result of 20 MB is too large, one of exactly the limit is not, and the instance lives on', async () => {
    await using running = await boot({
      files: { 'index.js': 'exports.handler = async (e) => "x".repeat(e.length);' },
    });
    const error = await callError(running.guest, { length: 20_000_000 });
    assert.deepEqual(error, { errorType: 'Function.ResponseSizeTooLarge', errorMessage: TOO_LARGE });
    assert.equal(((await call(running.guest, { length: 6_291_554 })) as string).length, 6_291_554);
    assert.equal((await callError(running.guest, { length: 6_291_555 })).errorMessage, TOO_LARGE);
    assert.equal(await call(running.guest, { length: 1 }), 'x');
  });

  test('an unhandled rejection is reported, and then the process ends', async () => {
    await using running = await boot({
      files: {
        'index.js':
          'exports.handler = () => { Promise.reject(new Error("lost")); setTimeout(() => {}, 1000); };',
      },
    });
    const error = await callError(running.guest);
    assert.equal(error.errorType, 'Runtime.UnhandledPromiseRejection');
    assert.equal(error.errorMessage, 'Error: lost');
    assert.equal(running.guest.open, false);
    assert.equal(await running.exited, 128);
  });

  test('an uncaught exception is reported, and then the process ends', async () => {
    await using running = await boot({
      files: {
        'index.js': 'exports.handler = () => { setTimeout(() => { throw new Error("thrown later"); }); };',
      },
    });
    const error = await callError(running.guest);
    assert.equal(error.errorMessage, 'thrown later');
    assert.equal(running.guest.open, false);
    assert.equal(await running.exited, 129);
  });

  test('process.exit ends the invocation with GuestGone, and what was printed is kept', async () => {
    await using running = await boot({
      files: {
        'index.js':
          'exports.handler = async () => { console.log("last words"); process.stdout.write("no newline"); process.exit(3); };',
      },
    });
    await assert.rejects(running.guest.invoke(work({})), GuestGone);
    assert.equal(await running.exited, 3);
    assert.deepEqual(
      recordsOf(await running.output()).map((r) => r.text),
      ['last words', 'no newline'],
    );
  });

  test('process.exit during init is GuestGone', async () => {
    await using running = await start({ files: { 'index.js': 'process.exit(4);' } });
    await assert.rejects(running.guest.init(running.setup), GuestGone);
    assert.equal(await running.exited, 4);
  });

  test('an init that waits for nothing ends the process', async () => {
    await using running = await start({ files: { 'index.mjs': 'await new Promise(() => {});' } });
    await assert.rejects(running.guest.init(running.setup), GuestGone);
  });

  test('closing a guest rejects what waits for it', async () => {
    await using running = await boot({
      files: { 'index.js': 'exports.handler = () => { setTimeout(() => {}, 60000); };' },
    });
    const answer = running.guest.invoke(work({}));
    await running.guest.close();
    await assert.rejects(answer, GuestGone);
    await running.exited;
  });
});
