/** What `Invoke` answers with, whatever kind of answer the function gave. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { after, before, suite, test } from 'node:test';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { zipByHand } from '../../../artifacts/testing.ts';
import type { InvokeResult } from '../../../invoke/index.ts';
import { LIMITS } from '../../../model/index.ts';
import { StreamBroken } from '../../../runtimes/index.ts';
import { making, openLambda } from './lambda-fixture.ts';

const REPORT = {
  ...({ outcome: 'ok', instanceId: 'i', durationMs: 3, billedMs: 3, initMs: null } as const),
  ...{ memoryMb: 128, maxMemoryMb: 20, queuedMs: 0, phases: null },
};
const streamed = (body: Readable): InvokeResult => ({
  ...{ kind: 'stream', executedVersion: 0, contentType: 'text/plain', body },
  report: Promise.resolve(REPORT),
});

suite('answers to Invoke', () => {
  let lambda: Awaited<ReturnType<typeof openLambda>>;
  before(async () => {
    lambda = await openLambda();
    await lambda.client.send(making('talker', zipByHand([{ name: 'index.mjs', content: '1' }])));
  });
  after(async () => {
    await lambda[Symbol.asyncDispose]();
    assert.deepEqual(lambda.bugs, []);
  });

  const invoke = async (answer: () => InvokeResult) => {
    lambda.scene.answer = answer;
    const { FunctionError, Payload, LogResult } = await lambda.client.send(
      new InvokeCommand({ FunctionName: 'talker', LogType: 'Tail' }),
    );
    const log = Buffer.from(LogResult ?? '', 'base64').toString('utf8');
    return { FunctionError, payload: Buffer.from(Payload ?? []).toString('utf8'), log };
  };

  test('a stream is answered in one piece', async () => {
    const { FunctionError, payload } = await invoke(() =>
      streamed(Readable.from([Buffer.from('one'), Buffer.from('two')])),
    );
    assert.deepEqual([FunctionError, payload], [undefined, 'onetwo']);
  });

  test('a stream of more than an answer may have is an error of the function', async () => {
    const large = () => Readable.from([Buffer.alloc(LIMITS.answerBytes), Buffer.alloc(1)]);
    const { FunctionError, payload } = await invoke(() => streamed(large()));
    assert.equal(FunctionError, 'Unhandled');
    assert.equal(JSON.parse(payload).errorType, 'Function.ResponseSizeTooLarge');
  });

  test('a stream that breaks off is its error object', async () => {
    const broken = async function* () {
      yield Buffer.from('half');
      throw new StreamBroken({ errorType: 'Runtime.ExitError', payload: Buffer.from('{"errorType":"x"}') });
    };
    const { FunctionError, payload } = await invoke(() => streamed(Readable.from(broken())));
    assert.deepEqual([FunctionError, payload], ['Unhandled', '{"errorType":"x"}']);
  });

  test('the log of a timeout has the time of day', async () => {
    const report = { ...REPORT, outcome: 'timeout' as const, durationMs: 1_000 };
    const { log } = await invoke(() => ({
      ...{ kind: 'error', executedVersion: 0, outcome: 'timeout', errorType: 'Sandbox.Timedout' },
      ...{ payload: Buffer.from('{}'), report },
    }));
    const at = /^(\S+Z) \S+ Task timed out after 1\.00 seconds$/m.exec(log)?.[1] ?? '';
    assert.ok(Date.parse(at) > Date.parse('2026-01-01'), log);
  });
});
