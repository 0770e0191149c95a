/** The Telemetry API and the Logs API: a real extension listens in its sandbox, and says what it was brought. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { suite, test } from 'node:test';
import { pythonExtension } from './programs.ts';
import { openRig, PYTHON, withoutOci } from './rig.ts';

/**
 * Listens, subscribes and says every event it is brought, until it is told to end. Python's `bind` takes no name
 * that only the sandbox knows under `process`: there it listens at the loopback address.
 */
function listener({ host, subscribe, path }: { host: string; subscribe: object; path: string }): {
  program: string;
} {
  return pythonExtension(`
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        for event in json.loads(self.rfile.read(int(self.headers["content-length"]))):
            # what it says itself would come back, and be said again
            if not str(event["record"]).startswith(name): say("brought", json.dumps(event))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()
    do_PUT = do_POST
    def log_message(self, *words): pass
server = ThreadingHTTPServer((${JSON.stringify(host)}, 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
wanted = json.loads(${JSON.stringify(JSON.stringify(subscribe))})
wanted["destination"] = {"protocol": "HTTP", "URI": "http://sandbox.localdomain:%d/events" % server.server_port}
answer, text = call("PUT", ${JSON.stringify(path)}, json.dumps(wanted), {"Lambda-Extension-Identifier": identifier})
say("subscribed", answer.status, text.strip())
while next_event()["eventType"] != "SHUTDOWN": pass
time.sleep(0.2)
`);
}

interface Told {
  readonly time: string;
  readonly type: string;
  readonly record: Record<string, unknown>;
}

function brought(text: string): Told[] {
  return text.split('\n').flatMap((line) => {
    const at = line.indexOf(' brought ');
    return at === -1 ? [] : [JSON.parse(line.slice(at + ' brought '.length)) as Told];
  });
}

const withoutPython = existsSync(PYTHON) ? false : `${PYTHON} is missing`;
const CODE = {
  'index.js': `console.log('loading');
    exports.handler = async (event) => {
      console.log('at work on', event.n);
      if (event.n === 2) throw new RangeError('two is too many');
      return 'done';
    };`,
};
const QUICK = { maxItems: 1000, maxBytes: 262144, timeoutMs: 25 };

for (const driver of ['process', 'oci'] as const) {
  const host = driver === 'oci' ? 'sandbox.localdomain' : '127.0.0.1';
  const skip = withoutPython || (driver === 'oci' && withoutOci);
  suite(`telemetry, by the ${driver} driver`, { skip }, () => {
    test('platform events, function lines and extension lines arrive, each before what follows from it', async () => {
      await using rig = await openRig(driver, {
        code: CODE,
        layers: [
          {
            'extensions/listener': listener({
              host,
              path: '/2022-07-01/telemetry',
              subscribe: { schemaVersion: '2022-12-13', types: ['platform', 'function'], buffering: QUICK },
            }),
          },
        ],
      });
      const recorded = [rig.recorded(), rig.recorded()];
      await rig.invoke(
        { n: 1 },
        { requestId: '00000000-0000-4000-8000-000000000001', traceId: 'Root=1-2-3' },
      );
      await recorded[0];
      await rig.invoke({ n: 2 }, { requestId: '00000000-0000-4000-8000-000000000002' });
      await recorded[1];
      await rig.end();
      const { text } = rig.printed.extensions;
      assert.match(text, /listener subscribed 200 "OK"/);
      const events = brought(text);
      const types = events.map(({ type }) => type);
      // Lines come by another way than events: each before the event that ends what printed it.
      assert.deepEqual(
        types.filter((type) => type !== 'function' && type !== 'platform.telemetrySubscription'),
        [
          ...['platform.initStart', 'platform.initRuntimeDone', 'platform.extension', 'platform.initReport'],
          ...['platform.start', 'platform.runtimeDone', 'platform.report'],
          ...['platform.start', 'platform.runtimeDone', 'platform.report'],
        ],
      );
      const place = (type: string, nth = 1) =>
        events.flatMap((event, at) => (event.type === type ? [at] : []))[nth - 1] ?? -1;
      const line = (words: string) =>
        events.findIndex(({ type, record }) => type === 'function' && JSON.stringify(record).includes(words));
      // What is printed while the function loads may be older than the subscription: not told, or told late.
      assert.ok(line('at work on 1') !== -1 && line('at work on 2') !== -1);
      assert.ok(line('at work on 1') < place('platform.runtimeDone', 1));
      assert.ok(line('at work on 2') < place('platform.runtimeDone', 2));
      const subscribed = events.find(({ type }) => type === 'platform.telemetrySubscription')?.record;
      assert.deepEqual(subscribed, {
        name: 'listener',
        state: 'Subscribed',
        types: ['platform', 'function'],
      });
      const find = (type: string, nth = 0) => events.filter((event) => event.type === type)[nth]?.record;
      const { runtimeVersion, functionName, functionVersion, phase } = find('platform.initStart') ?? {};
      assert.deepEqual(
        { runtimeVersion, functionName, functionVersion, phase },
        { runtimeVersion: 'nodejs24.x', functionName: 'shop-orders', functionVersion: '1', phase: 'init' },
      );
      assert.deepEqual(find('platform.extension'), {
        ...{ name: 'listener', state: 'Ready', events: ['INVOKE', 'SHUTDOWN'] },
      });
      assert.deepEqual(find('platform.start'), {
        requestId: '00000000-0000-4000-8000-000000000001',
        version: '1',
        tracing: { type: 'X-Amzn-Trace-Id', value: 'Root=1-2-3' },
      });
      const done = find('platform.runtimeDone') as { status: string; metrics: { producedBytes: number } };
      assert.deepEqual([done.status, done.metrics.producedBytes], ['success', 6]);
      const failed = find('platform.runtimeDone', 1) as { status: string; errorType: string };
      assert.deepEqual([failed.status, failed.errorType], ['error', 'RangeError']);
      const { metrics } = find('platform.report') as { metrics: Record<string, number> };
      assert.equal(metrics.memorySizeMB, 256);
      assert.ok((metrics.initDurationMs ?? 0) > 0);
      const lines = events.filter(({ type }) => type === 'function').map(({ record }) => String(record));
      assert.match(lines[0] ?? '', /\tINFO\tloading\n$/);
      assert.match(lines[1] ?? '', /^\S+Z\t00000000-0000-4000-8000-000000000001\tINFO\tat work on 1\n$/);
    });

    test('the Logs API has fewer events; what an extension prints is told as its own', async () => {
      await using rig = await openRig(driver, {
        code: CODE,
        layers: [
          {
            'extensions/listener': listener({
              host,
              path: '/2020-08-15/logs',
              subscribe: { schemaVersion: '2021-03-18', types: ['platform', 'extension'], buffering: QUICK },
            }),
            'extensions/talker': pythonExtension(
              'next_event()\nsay("hello from an extension")\nwhile next_event()["eventType"] != "SHUTDOWN": pass',
            ),
          },
        ],
      });
      const recorded = rig.recorded();
      await rig.invoke({ n: 1 });
      await recorded;
      await rig.end();
      const events = brought(rig.printed.extensions.text);
      const platform = events.map(({ type }) => type).filter((type) => type.startsWith('platform.'));
      assert.ok(platform.includes('platform.logsSubscription'));
      assert.deepEqual(
        platform.filter((type) => type !== 'platform.logsSubscription'),
        [
          ...['platform.extension', 'platform.extension', 'platform.start'],
          ...['platform.runtimeDone', 'platform.end', 'platform.report'],
        ],
      );
      assert.ok(events.some((event) => String(event.record) === 'talker hello from an extension\n'));
    });

    test('a wrong subscription is refused with what is wrong', async () => {
      await using rig = await openRig(driver, {
        code: CODE,
        layers: [
          {
            'extensions/listener': listener({
              ...{ host, path: '/2022-07-01/telemetry' },
              subscribe: { schemaVersion: '2022-07-01', types: [], buffering: { ...QUICK, maxItems: 1 } },
            }),
          },
        ],
      });
      await rig.invoke({ n: 1 });
      const answer = /listener subscribed 400 (.*)/.exec(rig.printed.extensions.text)?.[1] ?? '{}';
      assert.deepEqual(JSON.parse(answer), {
        errorType: 'ValidationError',
        errorMessage:
          'types should not be empty; buffering.maxItems should be an integer between 1000 and 10000',
      });
    });
  });
}
