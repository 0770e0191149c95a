import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { suite, test } from 'node:test';
import { GuestGone } from './guest.ts';
import {
  boot,
  call,
  callError,
  initErrorOf,
  PYTHON,
  recordsOf,
  runtimes,
  start,
  work,
} from './guest-fixture.ts';

const skip = existsSync(PYTHON) ? false : `no Python 3.11 at ${PYTHON}`;
const runtime = 'python3.11';

function app(text: string, more: Record<string, string> = {}) {
  return { runtime, handler: 'app.handler', files: { 'app.py': text, ...more } } as const;
}

suite('the Python runtime', { skip }, () => {
  test('a handler gets its event and its result comes back', async () => {
    await using running = await boot(app('def handler(event, context):\n  return {"hello": event["name"]}'));
    assert.deepEqual(await call(running.guest, { name: 'Grüße 🪿' }), { hello: 'Grüße 🪿' });
    assert.deepEqual(await call(running.guest, { name: 'again' }), { hello: 'again' });
  });

  test('a blank process is specialised by its code, its variables and its folder', async () => {
    await using running = await boot({
      ...app(
        'import os, time\ndef handler(event, context):\n  return [os.environ["COLOUR"], os.getcwd(), time.tzname[0]]',
      ),
      blank: true,
      environment: { COLOUR: 'green', TZ: 'Europe/Berlin' },
    });
    assert.deepEqual(await call(running.guest, {}), ['green', running.setup.taskRoot, 'CET']);
  });

  test('its code and variables are given once, and only to who has its token', async () => {
    await using running = await boot({
      ...app('import os\ndef handler(event, context):\n  return dict(os.environ)'),
      blank: true,
    });
    const environment = (await call(running.guest, {})) as Record<string, string>;
    const url = `http://${environment.AWS_LAMBDA_RUNTIME_API}/guest/setup`;
    const authorization = environment.AWS_CONTAINER_AUTHORIZATION_TOKEN as string;
    assert.equal((await fetch(url, { headers: { authorization } })).status, 404);

    const prepared = await runtimes.prepare(runtime, 128, running.setup);
    const { AWS_LAMBDA_RUNTIME_API: listener, AWS_CONTAINER_AUTHORIZATION_TOKEN: token } =
      prepared.environment;
    const statusOf = async (path: string, headers = {}) =>
      (await fetch(`http://${listener}${path}`, { headers })).status;
    assert.equal(await statusOf('/guest/setup'), 404);
    assert.equal(await statusOf('/2018-06-01/runtime/invocation/next'), 404);
    assert.equal(await statusOf('/guest/setup', { authorization: token }), 200);
    assert.equal(await statusOf('/guest/setup', { authorization: token }), 404);
    await prepared.abandon();
  });

  test('a module in a folder and a sibling of it are found', async () => {
    const files = {
      'src/app.py': 'import word\ndef handler(event, context):\n  return word.WORD',
      'word.py': 'WORD = "found"',
    };
    await using running = await boot({ runtime, handler: 'src/app.handler', files });
    assert.equal(await call(running.guest, {}), 'found');
  });

  test('the context has everything that Lambda gives', async () => {
    await using running = await boot(
      app(`import os
def handler(event, context):
  c = context
  return [c.aws_request_id, c.invoked_function_arn, c.function_name, c.function_version, c.memory_limit_in_mb,
    c.log_group_name, c.log_stream_name, c.client_context.custom, c.client_context.client, c.identity.cognito_identity_id,
    0 < c.get_remaining_time_in_millis() <= 5000, os.environ["_X_AMZN_TRACE_ID"]]`),
    );
    const given = {
      requestId: 'id-1',
      deadlineMs: Date.now() + 5_000,
      traceId: 'Root=1-2-3',
      clientContext: '{"custom":{"ä":\n"🪿"}}',
    };
    assert.deepEqual(await call(running.guest, {}, given), [
      'id-1',
      'arn:aws:lambda:us-east-1:000000000000:function:shop-hello',
      'shop-hello',
      '7',
      '256',
      '/aws/lambda/shop-hello',
      '2026/01/01/[7]abc',
      { ä: '🪿' },
      null,
      null,
      true,
      'Root=1-2-3',
    ]);
  });

  test('decimals stay exact, and bytes are sent as they are', async () => {
    await using running = await boot(
      app(`from decimal import Decimal
def handler(event, context):
  return b'"raw"' if event["raw"] else {"price": Decimal("10.10"), "big": Decimal("12345678901234567890.5")}`),
    );
    const answer = await running.guest.invoke(work({ raw: false }));
    assert.equal(
      String(answer.kind === 'result' && answer.payload),
      '{"price": 10.10, "big": 12345678901234567890.5}',
    );
    assert.equal(await call(running.guest, { raw: true }), 'raw');
  });

  test('an exception becomes Lambda’s error object, without frames of ours', async () => {
    await using running = await boot(
      app('class SoldOut(Exception):\n  pass\ndef handler(event, context):\n  raise SoldOut("cake")'),
    );
    const { stackTrace, ...error } = await callError(running.guest);
    assert.deepEqual([error.errorType, error.errorMessage], ['SoldOut', 'cake']);
    assert.match(String(error.requestId), /^request-/);
    assert.match(
      String(stackTrace),
      /^ {2}File ".*app\.py", line 4, in handler\n {4}raise SoldOut\("cake"\)\n$/,
    );
    assert.match(recordsOf(await running.output()).at(-1)?.text ?? '', /^\[ERROR\] SoldOut: cake\nTraceback/);
  });

  test('what cannot be marshalled is a MarshalError and harms nothing', async () => {
    await using running = await boot(
      app(
        'def handler(event, context):\n  if "ok" in event: return 1\n  a = []\n  a.append(a)\n  return {1, 2} if "set" in event else a',
      ),
    );
    const set = await callError(running.guest, { set: true });
    assert.equal(set.errorType, 'Runtime.MarshalError');
    assert.equal(set.errorMessage, 'Unable to marshal response: Object of type set is not JSON serializable');
    const cyclic = await callError(running.guest, {});
    assert.equal(cyclic.errorMessage, 'Unable to marshal response: Circular reference detected');
    assert.equal(await call(running.guest, { ok: 1 }), 1);
  });

  test('a result of 20 MB is too large, and the instance lives on', async () => {
    await using running = await boot(app('def handler(event, context):\n  return "x" * event["length"]'));
    const error = await callError(running.guest, { length: 20_000_000 });
    assert.equal(error.errorType, 'Function.ResponseSizeTooLarge');
    assert.equal(await call(running.guest, { length: 1 }), 'x');
  });

  test('init errors have Lambda’s names and messages', async () => {
    const cases = [
      [
        app('import no_such_thing'),
        'Runtime.ImportModuleError',
        /^Unable to import module 'app': No module named 'no_such_thing'$/,
      ],
      [app('other = 1'), 'Runtime.HandlerNotFound', /^Handler 'handler' missing on module 'app'$/],
      [
        app('def handler(:'),
        'Runtime.UserCodeSyntaxError',
        /^Syntax error in module 'app': invalid syntax \(app\.py, line 1\)$/,
      ],
      [app('raise KeyError("x")'), 'KeyError', /^'x'$/],
      [
        { ...app(''), handler: 'x' },
        'Runtime.MalformedHandlerName',
        /^Bad handler 'x': not enough values to unpack \(expected 2, got 1\)$/,
      ],
    ] as const;
    for (const [code, errorType, message] of cases) {
      const error = await initErrorOf(code);
      assert.equal(error.errorType, errorType);
      assert.match(String(error.errorMessage), message);
    }
  });

  test('sys.exit in a handler ends the process', async () => {
    await using running = await boot(
      app('import sys\ndef handler(event, context):\n  print("bye", end="")\n  sys.exit(3)'),
    );
    await assert.rejects(running.guest.invoke(work({})), GuestGone);
    assert.equal(await running.exited, 3);
    assert.equal(recordsOf(await running.output())[0]?.text, 'bye');
  });

  test('an exit during init is GuestGone', async () => {
    await using running = await start(app('import os\nos._exit(4)'));
    await assert.rejects(running.guest.init(running.setup), GuestGone);
  });

  test('prints and log messages carry their request and level', async () => {
    await using running = await boot(
      app(`import logging, sys
logger = logging.getLogger()
logger.setLevel("INFO")
print("at init")
def handler(event, context):
  print("a", 1, end=" "); print("é")
  logger.info("info %s", 1); logging.getLogger("lib").warning("careful"); logger.debug("hidden")
  print("err\\n\\nmore", file=sys.stderr)
  sys.stdout.buffer.write(b"bytes\\n")`),
    );
    await call(running.guest, {}, { requestId: 'req-a' });
    const records = recordsOf(await running.output()).map((r) => [r.requestId, r.level, r.text]);
    assert.deepEqual(records, [
      ['-', '-', 'at init'],
      ['req-a', '-', 'a 1 é'],
      ['req-a', 'INFO', 'info 1'],
      ['req-a', 'WARN', 'careful'],
      ['req-a', '-', 'err'],
      ['req-a', '-', ''],
      ['req-a', '-', 'more'],
      ['req-a', '-', 'bytes'],
    ]);
  });

  test('a print of 100 MB succeeds', async () => {
    await using running = await boot(
      app('def handler(event, context):\n  for i in range(10): print("x" * 9_999_999)\n  return "printed"'),
    );
    assert.equal(await call(running.guest, {}), 'printed');
    assert.equal(
      recordsOf(await running.output()).reduce((sum, r) => sum + r.text.length, 0),
      99_999_990,
    );
  });
});
