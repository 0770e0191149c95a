/** The phases of an instance with extensions, by real extensions in real sandboxes of both drivers. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { pythonExtension, SAY_ALL, SHELL_EXTENSION } from './programs.ts';
import { openRig, withoutOci } from './rig.ts';

const ECHO = { 'index.js': 'exports.handler = async (event) => ({ event, path: process.env.PATH });' };
const linesOf = (text: string) => text.split('\n').filter((line) => line !== '');

for (const driver of ['process', 'oci'] as const) {
  suite(`extensions, by the ${driver} driver`, { skip: driver === 'oci' && withoutOci }, () => {
    test('are told of invocations and of the end, and the answer does not wait for them', async () => {
      await using rig = await openRig(driver, {
        code: ECHO,
        layers: [
          {
            'extensions/watcher': pythonExtension(`say("registered", text)${SAY_ALL}`),
            'extensions/shell': SHELL_EXTENSION,
          },
        ],
      });
      const recorded = rig.recorded();
      const first = await rig.invoke({ n: 1 }, { traceId: 'Root=1-2-3', requestId: 'request-1' });
      assert.deepEqual((first.payload as { event: unknown }).event, { n: 1 });
      assert.equal((await recorded).outcome, 'ok');
      await rig.invoke({ n: 2 });
      await rig.end();
      const lines = linesOf(rig.printed.extensions.text);
      const [registered, one, two, end] = lines.filter((line) => line.startsWith('watcher '));
      assert.deepEqual(JSON.parse(registered?.slice('watcher registered '.length) ?? ''), {
        functionName: 'shop-orders',
        functionVersion: '1',
        handler: 'index.handler',
      });
      const event = JSON.parse(one?.slice('watcher '.length) ?? '');
      assert.deepEqual(
        { ...event, deadlineMs: typeof event.deadlineMs },
        {
          eventType: 'INVOKE',
          deadlineMs: 'number',
          requestId: 'request-1',
          invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:shop-orders',
          tracing: { type: 'X-Amzn-Trace-Id', value: 'Root=1-2-3' },
        },
      );
      assert.equal(JSON.parse(two?.slice('watcher '.length) ?? '').tracing, undefined);
      const last = JSON.parse(end?.slice('watcher '.length) ?? '');
      assert.deepEqual([last.eventType, last.shutdownReason], ['SHUTDOWN', 'spindown']);
      assert.match(lines.find((line) => line.startsWith('shell got')) ?? '', /"shutdownReason":"spindown"/);
      assert.deepEqual(rig.problems, []);
    });

    test('what they do after the answer is part of the invocation and its bill', async () => {
      await using rig = await openRig(driver, {
        code: ECHO,
        layers: [
          { 'extensions/slow': pythonExtension('while True:\n    next_event()\n    time.sleep(0.4)') },
        ],
      });
      const recorded = rig.recorded();
      const { report } = await rig.invoke({});
      const record = await recorded;
      assert.ok(record.durationMs >= 400, `${record.durationMs} ms`);
      assert.ok(report.durationMs < record.durationMs);
      assert.ok(record.billedMs >= record.durationMs);
    });

    test('one that ends ends the invocation, as Extension.Crash, and the next has a new instance', async () => {
      await using rig = await openRig(driver, {
        code: { 'index.js': 'exports.handler = () => new Promise((done) => setTimeout(done, 5000));' },
        layers: [{ 'extensions/brittle': pythonExtension('next_event()\nsys.exit(3)') }],
      });
      for (let n = 0; n < 2; n++) {
        const result = await rig.invoke({}, { requestId: `request-${n}` });
        assert.deepEqual(result.payload, {
          errorType: 'Extension.Crash',
          errorMessage: `RequestId: request-${n} Error: exit status 3`,
        });
      }
      assert.deepEqual(
        rig.records.map(({ outcome }) => outcome),
        ['crash', 'crash'],
      );
    });

    test('an init ends with an extension that fails in it, each way with its name', async () => {
      const cases = [
        ['sys.exit(0)', 'Extension.Crash', 'exit code 0'],
        [
          'call("POST", "/2020-01-01/extension/init/error", "{}", {"Lambda-Extension-Identifier": identifier, "Lambda-Extension-Function-Error-Type": "Extension.NoKey"})\nsys.exit(1)',
          'Extension.InitError',
          'Extension.NoKey',
        ],
        [
          'call("POST", "/2020-01-01/extension/exit/error", "{}", {"Lambda-Extension-Identifier": identifier, "Lambda-Extension-Function-Error-Type": "Extension.Tired"})\ntime.sleep(9)',
          'Extension.ExitError',
          'Extension.Tired',
        ],
      ] as const;
      for (const [body, errorType, reason] of cases) {
        await using rig = await openRig(driver, {
          code: ECHO,
          layers: [{ 'extensions/failing': pythonExtension(body) }],
        });
        const result = await rig.invoke({}, { requestId: 'request-1' });
        const errorMessage = `RequestId: request-1 Error: ${reason}`;
        assert.deepEqual(result.payload, { errorType, errorMessage });
      }
      await using rig = await openRig(driver, {
        code: ECHO,
        layers: [{ 'extensions/plain': 'not a program' }],
      });
      const result = await rig.invoke({});
      assert.equal((result.payload as { errorType: string }).errorType, 'Extension.LaunchError');
    });

    test('a time-out is told to them, and so is a failure', async () => {
      for (const [handler, reason] of [
        ['() => new Promise(() => setInterval(() => {}, 1000))', 'timeout'],
        ['() => process.exit(1)', 'failure'],
      ] as const) {
        await using rig = await openRig(driver, {
          code: { 'index.js': `exports.handler = ${handler};` },
          layers: [{ 'extensions/watcher': pythonExtension(SAY_ALL) }],
          config: { timeoutMs: 1_000 },
        });
        await rig.invoke({});
        await rig.end();
        assert.match(rig.printed.extensions.text, new RegExp(`"shutdownReason": "${reason}"`));
      }
    });

    test('the runtime is asked to end first, and extensions have the rest of two seconds', async () => {
      await using rig = await openRig(driver, {
        code: {
          'index.js': `process.on('SIGTERM', () => { console.log('asked to end'); process.exit(0); });
            exports.handler = async () => 1;`,
        },
        layers: [
          {
            'extensions/slow': pythonExtension(
              'next_event()\nevent = next_event()\nsay("told", event["eventType"])\ntime.sleep(0.8)\nsay("done")',
            ),
            'extensions/deaf': pythonExtension('next_event()\nnext_event()\ntime.sleep(60)'),
          },
        ],
      });
      await rig.invoke({});
      await rig.end();
      assert.match(rig.printed.function.text, /asked to end/);
      assert.match(rig.printed.extensions.text, /slow told SHUTDOWN\nslow done/);
    });

    test('an internal one registers from the function’s own code, and holds an invocation back', async () => {
      await using rig = await openRig(driver, {
        code: {
          'index.mjs': `import { request } from 'node:http';
            const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
            const call = (method, path, headers, body) => new Promise((resolve) => {
              const call = request({ host, port, method, path: '/2020-01-01/extension/' + path, headers }, (response) => {
                let text = '';
                response.on('data', (piece) => { text += piece; });
                response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: JSON.parse(text) }));
              });
              call.end(body);
            });
            const refused = await call('POST', 'register', { 'Lambda-Extension-Name': 'inner' }, '{"events":["SHUTDOWN"]}');
            const registered = await call('POST', 'register', { 'Lambda-Extension-Name': 'inner', 'Lambda-Extension-Accept-Feature': 'accountId' }, '{"events":["INVOKE"]}');
            const events = [];
            const id = { 'Lambda-Extension-Identifier': registered.headers['lambda-extension-identifier'] };
            (async () => {
              for (;;) {
                events.push((await call('GET', 'event/next', id)).body.eventType);
                await new Promise((done) => setTimeout(done, 300));
              }
            })();
            export const handler = async () => {
              const late = await call('POST', 'register', { 'Lambda-Extension-Name': 'late' }, '{"events":[]}');
              const unknown = await call('GET', 'event/next', { 'Lambda-Extension-Identifier': '00000000-0000-4000-8000-000000000000' });
              return { refused: refused.body, account: registered.body.accountId, late: late.body, unknown: unknown.body.errorType, events };
            };`,
        },
      });
      const recorded = rig.recorded();
      const { payload } = await rig.invoke({});
      assert.deepEqual(payload, {
        refused: {
          errorType: 'Extension.InvalidEventType',
          errorMessage: 'SHUTDOWN: ShutdownEventNotSupportedForInternalExtension',
        },
        account: '000000000000',
        late: {
          errorType: 'Extension.RegistrationClosed',
          errorMessage: 'Extension registration closed already',
        },
        unknown: 'Extension.UnknownExtensionIdentifier',
        events: ['INVOKE'],
      });
      assert.ok((await recorded).durationMs >= 300);
    });
  });
}
