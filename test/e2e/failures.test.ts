/** Everything a handler can do wrong: Lambda's outcome each time, the next request served, the bill right. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { FAILING_APP } from '../support/failing-app.ts';
import { logsOf } from '../support/logs.ts';
import { type InvokeDocument, type RealNode, startRealNode } from '../support/real-node.ts';

interface Failure {
  readonly does: string;
  /** Full name without the app. Default: `node`. */
  readonly fn?: string;
  readonly status: number;
  readonly type: string;
  readonly message: RegExp;
}

const KILLED = /^RequestId: \S+ Error: Runtime exited with error: signal: (killed|aborted \(core dumped\))$/;
const STATUS_1 = /^RequestId: \S+ Error: Runtime exited with error: exit status 1$/;
const TOO_LARGE = /^Response payload size exceeded maximum allowed payload size \(6291556 bytes\)\.$/;
const TIMED_OUT = /^RequestId: \S+ Error: Task timed out after 1\.00 seconds$/;

const NODE: Failure[] = [
  { does: 'never', fn: 'quick', status: 504, type: 'Sandbox.Timedout', message: TIMED_OUT },
  { does: 'spin', fn: 'quick', status: 504, type: 'Sandbox.Timedout', message: TIMED_OUT },
  { does: 'throw', status: 502, type: 'RangeError', message: /^thrown$/ },
  { does: 'reject', status: 502, type: 'TypeError', message: /^rejected$/ },
  { does: 'exit 1', status: 502, type: 'Runtime.ExitError', message: STATUS_1 },
  {
    does: 'exit 0',
    status: 502,
    type: 'Runtime.ExitError',
    message: /^RequestId: \S+ Error: Runtime exited without providing a reason$/,
  },
  { does: 'buffers', status: 502, type: 'Runtime.ExitError', message: KILLED },
  { does: 'heap', status: 502, type: 'Runtime.ExitError', message: KILLED },
  { does: '20 MB', status: 502, type: 'Function.ResponseSizeTooLarge', message: TOO_LARGE },
  { does: 'cyclic', status: 502, type: 'Error', message: /^Unable to stringify response body$/ },
];

const PYTHON: Failure[] = [
  { does: 'never', fn: 'quick-python', status: 504, type: 'Sandbox.Timedout', message: TIMED_OUT },
  { does: 'throw', status: 502, type: 'ValueError', message: /^thrown$/ },
  { does: 'exit 1', status: 502, type: 'Runtime.ExitError', message: STATUS_1 },
  { does: 'os exit', status: 502, type: 'Runtime.ExitError', message: STATUS_1 },
  { does: 'memory', status: 502, type: 'Runtime.ExitError', message: KILLED },
  { does: '20 MB', status: 502, type: 'Function.ResponseSizeTooLarge', message: TOO_LARGE },
  { does: 'a set', status: 502, type: 'Runtime.MarshalError', message: /^Unable to marshal response: / },
].map((failure) => ({ fn: 'python', ...failure }));

suite('what a handler does wrong', () => {
  let node: RealNode;
  /** Every attempt of this file, by function, to be found on the bill. */
  const reports = new Map<string, InvokeDocument[]>();
  before(async () => {
    node = await startRealNode();
    await node.deploy(FAILING_APP);
  });
  after(() => node?.[Symbol.asyncDispose]());

  async function invoke(fn: string, does: string): Promise<InvokeDocument> {
    const name = `failing-${fn}`;
    const document = await node.invoke(name, { does });
    reports.set(name, [...(reports.get(name) ?? []), document]);
    return document;
  }

  const request = (fn: string, does: string) =>
    node.request(`failing-${fn}.localhost`, { path: `/?does=${encodeURIComponent(does)}` });

  for (const { does, fn = 'node', status, type, message } of [...NODE, ...PYTHON]) {
    test(`${fn}: ${does} is ${type}, HTTP ${status}, and the next request is served`, async () => {
      const failed = await invoke(fn, does);
      assert.equal(failed.functionError, 'Unhandled');
      const error = failed.payload as { errorType: string; errorMessage: string };
      assert.equal(error.errorType, type, error.errorMessage);
      assert.match(error.errorMessage, message);
      assert.equal((await invoke(fn, 'nothing')).payload, 'fine');

      const answer = await request(`${fn}-http`, does);
      assert.equal(answer.status, status, answer.body.toString());
      assert.ok(answer.body.includes(String(answer.headers['x-amzn-requestid'])), 'it names the request');
      assert.equal((await request(`${fn}-http`, 'nothing')).body.toString(), '"fine"');
    });
  }

  test('a handler that ends during init: every caller is told, and other functions do not notice', async () => {
    for (let n = 0; n < 2; n++) {
      const { functionError, payload } = await invoke('init', 'nothing');
      assert.equal(functionError, 'Unhandled');
      const error = payload as { errorType: string; errorMessage: string };
      assert.equal(error.errorType, 'Runtime.ExitError');
      assert.match(error.errorMessage, STATUS_1);
    }
    assert.equal((await request('init-http', 'nothing')).status, 502);
    assert.equal((await invoke('node', 'nothing')).payload, 'fine');
  });

  for (const fn of ['flood', 'flood-python']) {
    test(`${fn}: 100 MB of prints succeed; what is kept of them is bounded, the rest is counted`, async () => {
      const { payload, functionError } = await invoke(fn, 'print');
      assert.deepEqual([functionError, payload], [null, 'fine']);
      await eventually('a notice counts what was dropped', async () => {
        const lines = (await logsOf(node, `failing-${fn}`)).filter(({ type }) => type === 'line');
        const dropped = lines
          .map(({ message }) => Number(/(\d+) lines \(\d+ bytes\) were not kept/.exec(message)?.[1] ?? 0))
          .reduce((sum, count) => sum + count, 0);
        const kept = lines.filter(({ message }) => message.startsWith('x')).length;
        assert.ok(kept <= 30_000, `${kept} lines are kept`);
        return kept + dropped === 100_000 || { kept, dropped };
      });
    });
  }

  for (const does of ['reject later', 'throw later', 'throw next']) {
    test(`${does}: what goes wrong after the answer is nothing to the next request`, async () => {
      for (let n = 0; n < 10; n++) {
        await invoke('after', does);
        const { functionError, payload } = await invoke('after', 'nothing');
        assert.deepEqual([functionError, payload], [null, 'fine'], `round ${n}`);
      }
    });
  }

  test('the command prints the same document, and ends with 1', async () => {
    const data = ['--data', '{"does":"throw"}', '--json'];
    const { code, stdout } = await node.skein(['invoke', 'failing-node', ...data], { allowFailure: true });
    assert.equal(code, 1);
    const document = JSON.parse(stdout) as InvokeDocument;
    reports.get('failing-node')?.push(document);
    assert.partialDeepStrictEqual(document, {
      statusCode: 200,
      functionError: 'Unhandled',
      executedVersion: '1',
      payload: { errorType: 'RangeError', errorMessage: 'thrown' },
    });
  });

  test('REPORT lines and usage say what each caller was told', async () => {
    for (const [name, documents] of reports) {
      await eventually(`usage of ${name} is complete`, async () => {
        const { invocations } = await node.usage(name);
        return invocations === documents.length || `${invocations} of ${documents.length}`;
      });
      const logged = new Map(
        (await logsOf(node, name))
          .filter(({ type }) => type === 'REPORT')
          .map(({ requestId, report }) => [requestId, report]),
      );
      for (const { requestId, report } of documents) {
        assert.partialDeepStrictEqual(logged.get(requestId), {
          durationMs: report.durationMs,
          billedMs: report.billedMs,
          maxMemoryMb: report.maxMemoryMb,
        });
      }
      const usage = await node.usage(name);
      const sum = (pick: (document: InvokeDocument) => number) =>
        documents.reduce((total, document) => total + pick(document), 0);
      assert.equal(
        usage.billedMs,
        sum(({ report }) => report.billedMs),
        name,
      );
      assert.equal(
        usage.errors,
        sum(({ functionError }) => (functionError === null ? 0 : 1)),
        name,
      );
    }
  });
});
