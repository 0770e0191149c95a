import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { suite, test } from 'node:test';
import { type FakeClock, fakeClock } from '../base/fake-clock.ts';
import { Fault } from '../base/index.ts';
import { InitFailure, type Lease, type RunResult } from '../instances/index.ts';
import { countedInstance, testVersion } from '../instances/pool-fixture.ts';
import { LIMITS, type UsageRecord } from '../model/index.ts';
import { aliasByHand, functionByHand } from '../model/testing.ts';
import { createInvoker } from './invoker.ts';

const PHASES = { sandboxMs: 5, runtimeMs: 30, placeMs: 1, loadMs: 9, compiled: false, blank: false };

interface Scene {
  /** What the instance answers, or how the lease fails. */
  readonly run?: (clock: FakeClock) => Promise<RunResult>;
  readonly lease?: () => Promise<never>;
  readonly coldStart?: boolean;
  readonly reserved?: number | null;
  readonly accountConcurrency?: number;
}

function open({ run, lease, coldStart = false, reserved = null, accountConcurrency = 1_000 }: Scene = {}) {
  const clock = fakeClock();
  const records: UsageRecord[] = [];
  const fates: string[] = [];
  const version = testVersion('shop-orders', 3);
  const entry = functionByHand({
    reserved,
    versions: new Map([[3, version]]),
    aliases: new Map([['live', aliasByHand('live', 3)]]),
  });
  const snapshot = {
    revision: 1,
    functions: new Map([[entry.name, entry]]),
    slugs: new Map(),
    routes: new Map(),
    databases: new Map(),
    queues: new Map(),
    triggers: new Map(),
  };
  const fleet = {
    lease: async (): Promise<Lease> => {
      if (lease !== undefined) return await lease();
      const instance = countedInstance(version);
      if (run !== undefined) instance.run = () => run(clock);
      const phases = { ...PHASES, initMs: 12.5 };
      return { instance, coldStart: coldStart ? phases : null, release: (fate) => void fates.push(fate) };
    },
  };
  const invoker = createInvoker({
    registry: { current: () => snapshot },
    fleet,
    record: (record) => void records.push(record),
    clock,
    random: () => 0.5,
    accountConcurrency,
    processors: 2,
  });
  const invoke = (changes: Partial<Parameters<typeof invoker.invoke>[0]> = {}) =>
    invoker.invoke(
      {
        functionName: 'shop-orders',
        qualifier: null,
        event: '{}',
        requestId: 'id-1',
        traceId: null,
        clientContext: null,
        ...changes,
      },
      null,
    );
  return { invoke, invoker, clock, records, fates };
}

const withCode = (code: string) => (error: unknown) => error instanceof Fault && error.code === code;
const error = (payload: Buffer) =>
  JSON.parse(payload.toString()) as { errorType: string; errorMessage: string };

suite('the one door', () => {
  test('a result comes with its report, and leaves one record that says the same', async () => {
    const { invoke, records, fates } = open({
      coldStart: true,
      run: async (clock) => {
        await clock.advance(10.2);
        return { kind: 'result', payload: Buffer.from('{"ok":true}') };
      },
    });
    const result = await invoke();
    assert(result.kind === 'result');
    assert.equal(result.payload.toString(), '{"ok":true}');
    assert.equal(result.executedVersion, 3);
    assert.equal(result.report.initMs, 42.5, "the runtime's boot and the user's init");
    assert.equal(result.report.billedMs, 53, '10.2 + 42.5, rounded up');
    assert.deepEqual(fates, ['reuse']);
    assert.equal(records.length, 1);
    const [record] = records;
    assert.deepEqual(
      [record?.attemptId, record?.alias, record?.version, record?.billedMs, record?.outcome],
      ['id-1', 'live', 3, 53, 'ok'],
    );
  });

  test('a version can be named by its number, and then no alias is recorded', async () => {
    const { invoke, records } = open();
    await invoke({ qualifier: '3' });
    assert.equal(records[0]?.alias, null);
  });

  test('what does not exist is a fault that names it, and leaves no record', async () => {
    const { invoke, records } = open();
    await assert.rejects(invoke({ functionName: 'shop-none' }), withCode('function-not-found'));
    await assert.rejects(invoke({ qualifier: '4' }), withCode('version-not-found'));
    await assert.rejects(invoke({ qualifier: 'beta' }), withCode('version-not-found'));
    assert.deepEqual(records, []);
  });

  test('an event over 6 MB is refused with its size', async () => {
    const { invoke } = open();
    await invoke({ event: 'x'.repeat(LIMITS.eventBytes) });
    await assert.rejects(invoke({ event: 'x'.repeat(LIMITS.eventBytes + 1) }), withCode('payload-too-large'));
  });

  test("a handler's own error is a result, and its instance goes on", async () => {
    const payload = Buffer.from('{"errorType":"TypeError","errorMessage":"no"}');
    const { invoke, records, fates } = open({
      run: async () => ({ kind: 'error', error: { errorType: 'TypeError', payload } }),
    });
    const result = await invoke();
    assert(result.kind === 'error');
    assert.equal(result.outcome, 'error');
    assert.equal(result.payload, payload);
    assert.deepEqual(fates, ['reuse']);
    assert.equal(records[0]?.errorType, 'TypeError');
  });

  test('a timeout has Lambda words, and ends the instance', async () => {
    const { invoke, fates } = open({ run: async () => ({ kind: 'timeout' }) });
    const result = await invoke();
    assert(result.kind === 'error');
    assert.equal(result.outcome, 'timeout');
    assert.deepEqual(error(result.payload), {
      errorType: 'Sandbox.Timedout',
      errorMessage: 'RequestId: id-1 Error: Task timed out after 3.00 seconds',
    });
    assert.deepEqual(fates, ['discard']);
  });

  test('an invocation whose instance was ending already runs on another, as if nothing had been', async () => {
    const results: RunResult[] = [
      { kind: 'not-begun' },
      { kind: 'not-begun' },
      { kind: 'result', payload: Buffer.from('1') },
    ];
    const { invoke, records, fates } = open({ run: async () => results.shift()! });
    assert.equal((await invoke()).kind, 'result');
    assert.deepEqual(fates, ['discard', 'discard', 'reuse']);
    assert.deepEqual(
      records.map((record) => record.outcome),
      ['ok'],
    );
  });

  test('a function whose instances all end before they begin is told so, after a few', async () => {
    const { invoke, fates } = open({ run: async () => ({ kind: 'not-begun' }) });
    const result = await invoke();
    assert(result.kind === 'error');
    assert.equal(result.errorType, 'Runtime.ExitError');
    assert.equal(fates.length, 4);
  });

  const EXITS = [
    [{ code: 1, signal: null, outOfMemory: false }, 'Runtime exited with error: exit status 1'],
    [{ code: 0, signal: null, outOfMemory: false }, 'Runtime exited without providing a reason'],
    [{ code: null, signal: 'SIGKILL', outOfMemory: true }, 'Runtime exited with error: signal: killed'],
    [
      { code: null, signal: 'SIGSEGV', outOfMemory: false },
      'Runtime exited with error: signal: segmentation fault (core dumped)',
    ],
  ] as const;
  for (const [exit, words] of EXITS) {
    test(`an exit ${JSON.stringify(exit)} reads "${words}"`, async () => {
      const { invoke, records } = open({ run: async () => ({ kind: 'exit', exit }) });
      const result = await invoke();
      assert(result.kind === 'error');
      assert.deepEqual(error(result.payload), {
        errorType: 'Runtime.ExitError',
        errorMessage: `RequestId: id-1 Error: ${words}`,
      });
      assert.equal(records[0]?.outcome, 'crash');
    });
  }

  test('a failed init is the result of who asked for it, with the time it took billed', async () => {
    const { invoke, records } = open({
      lease: async () => {
        const phases = { ...PHASES, initMs: 70.5 };
        const payload = Buffer.from('{"errorType":"Runtime.ImportModuleError"}');
        throw new InitFailure(
          { kind: 'error', error: { errorType: 'Runtime.ImportModuleError', payload } },
          { phases, instanceId: 'i', maxMemoryMb: 50 },
        );
      },
    });
    const result = await invoke();
    assert(result.kind === 'error');
    assert.equal(result.outcome, 'init-error');
    assert.equal(result.report.billedMs, 101);
    assert.equal(records[0]?.outcome, 'init-error');
  });

  test('above the account limit the caller is refused at once, and it is counted as a throttle', async () => {
    const { invoke, records } = open({ accountConcurrency: 1, run: () => new Promise(() => {}) });
    void invoke();
    await assert.rejects(invoke({ requestId: 'id-2' }), withCode('concurrency-exceeded'));
    assert.deepEqual(
      records.map((record) => [record.attemptId, record.outcome]),
      [['id-2', 'throttled']],
    );
  });

  test('reserved concurrency is a limit of its own, and is taken from the others', async () => {
    const own = open({ reserved: 1, run: () => new Promise(() => {}) });
    void own.invoke();
    await assert.rejects(own.invoke(), withCode('concurrency-exceeded'));
    const others = open({ accountConcurrency: 10 });
    others.invoker.setReserved(10);
    await assert.rejects(others.invoke(), withCode('concurrency-exceeded'));
  });

  test('a place is free again after any ending', async () => {
    const endings: RunResult[] = [
      { kind: 'result', payload: Buffer.from('1') },
      { kind: 'timeout' },
      { kind: 'exit', exit: { code: 1, signal: null, outOfMemory: false } },
    ];
    let next = 0;
    const { invoke } = open({ accountConcurrency: 1, run: async () => endings[next++ % endings.length]! });
    for (let round = 0; round < 6; round++) await invoke();
  });

  test('a stream reaches the caller before it ends, and its report comes when it has', async () => {
    const end = Promise.withResolvers<null>();
    const body = new Readable({ read() {} });
    const { invoke, records, fates } = open({
      run: async () => ({ kind: 'stream', contentType: 'text/plain', body, ended: end.promise }),
    });
    const result = await invoke();
    assert(result.kind === 'stream');
    body.push('first');
    assert.equal(String((await result.body[Symbol.asyncIterator]().next()).value), 'first');
    assert.deepEqual(records, []);
    body.push(null);
    end.resolve(null);
    assert.equal((await result.report).outcome, 'ok');
    assert.deepEqual(fates, ['reuse']);
  });

  test('a stream that its function breaks off gives what was written, then the error', async () => {
    const error = { errorType: 'Error', payload: Buffer.from('{"errorType":"Error"}') };
    const body = new Readable({ read() {} });
    body.push('first');
    const { invoke, fates } = open({
      run: async () => ({ kind: 'stream', contentType: 'text/plain', body, ended: Promise.resolve(error) }),
    });
    const result = await invoke();
    assert(result.kind === 'stream');
    assert.equal((await result.report).outcome, 'error');
    assert.equal(String((await result.body[Symbol.asyncIterator]().next()).value), 'first');
    assert.deepEqual(fates, ['reuse']);
  });

  test('a stream that is not done at its deadline is cut, and its instance ended', async () => {
    const body = new Readable({ read() {} });
    const { invoke, clock, fates } = open({
      run: async () => ({ kind: 'stream', contentType: 'text/plain', body, ended: new Promise(() => {}) }),
    });
    const result = await invoke();
    assert(result.kind === 'stream');
    result.body.on('error', () => {});
    await clock.advance(3_000);
    assert.equal((await result.report).outcome, 'timeout');
    assert.equal(result.body.destroyed, true);
    assert.deepEqual(fates, ['discard']);
  });
});
