import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { suite, test } from 'node:test';
import { Fault } from '../../base/index.ts';
import type { InvokeResult } from '../../invoke/index.ts';
import { LIMITS } from '../../model/index.ts';
import { configByHand, versionByHand } from '../../model/testing.ts';
import { answer, entryOf, functionError, openWorld, REPORT } from '../events-fixture.ts';

const withCode = (code: string) => (error: unknown) => error instanceof Fault && error.code === code;
const WINDOW_MS = 60_000;

/** A function whose key is `$.id`. */
function keyed(name: string) {
  const idempotency = { from: 'jsonpath', name: '$.id', windowMs: WINDOW_MS } as const;
  return entryOf(name, {
    latest: versionByHand({ functionName: name, config: configByHand({ idempotency }) }),
  });
}

function open(run: (count: number) => InvokeResult | Promise<InvokeResult>) {
  let count = 0;
  const world = openWorld([keyed('orders'), entryOf('plain')], () => run(++count));
  const ids = { requestId: 'r', traceId: null, clientContext: null };
  const invoke = (event: unknown, functionName = 'orders') =>
    world.events.invokeOnce({ functionName, qualifier: null, event: JSON.stringify(event), ...ids }, null);
  return { ...world, invoke, count: () => count };
}

const textOf = (result: InvokeResult) => (result.kind === 'stream' ? '' : result.payload.toString());
const streamOf = (chunks: Iterable<Buffer> | AsyncIterable<Buffer>): InvokeResult => ({
  ...{ kind: 'stream', executedVersion: 1, contentType: 'text/plain', body: Readable.from(chunks) },
  report: Promise.resolve(REPORT),
});

async function read(result: InvokeResult): Promise<string> {
  assert.ok(result.kind === 'stream');
  return Buffer.concat(await (result.body as Readable).toArray()).toString();
}

suite('invocations with an idempotency key', () => {
  test('are run once; what was answered is answered again until the window is over', async () => {
    const { invoke, count, clock } = open((n) => answer({ n }));
    assert.equal(textOf(await invoke({ id: 'a' })), '{"n":1}');
    assert.equal(textOf(await invoke({ id: 'a', other: 'payload' })), '{"n":1}');
    assert.equal(textOf(await invoke({ id: 'b' })), '{"n":2}');
    assert.equal(textOf(await invoke({ none: 1 })), '{"n":3}');
    assert.equal(textOf(await invoke({ none: 1 })), '{"n":4}', 'without a key each one runs');
    assert.equal(textOf(await invoke({ id: 'a' }, 'plain')), '{"n":5}', 'who has no rule has no keys');
    await clock.advance(WINDOW_MS);
    assert.equal(textOf(await invoke({ id: 'a' })), '{"n":6}');
    assert.equal(count(), 6);
  });

  test('are refused while one with the key runs, however long that takes', async () => {
    const held = Promise.withResolvers<InvokeResult>();
    const { invoke, clock } = open((n) => (n === 1 ? held.promise : answer({ n })));
    const first = invoke({ id: 'a' });
    await clock.advance(0);
    await assert.rejects(invoke({ id: 'a' }), withCode('idempotency-running'));
    for (let n = 0; n < 12; n++) await clock.advance(10_000);
    await assert.rejects(invoke({ id: 'a' }), withCode('idempotency-running'));
    held.resolve(answer('done'));
    assert.equal(textOf(await first), '"done"');
    assert.equal(textOf(await invoke({ id: 'a' })), '"done"');
  });

  for (const [what, result] of [
    ['an error', () => functionError()],
    ['an answer of 503', () => answer({ statusCode: 503, body: 'later' })],
    [
      'a refusal',
      () => {
        throw new Fault('no-capacity', 'full');
      },
    ],
  ] as const) {
    test(`run again after ${what}`, async () => {
      const { invoke } = open((n) => (n === 1 ? result() : answer({ n })));
      await invoke({ id: 'a' }).catch(() => {});
      assert.equal(textOf(await invoke({ id: 'a' })), '{"n":2}');
      assert.equal(textOf(await invoke({ id: 'a' })), '{"n":2}');
    });
  }

  test('with an answer of 404 are not run again', async () => {
    const { invoke, count } = open((n) => answer({ statusCode: 404, n }));
    await invoke({ id: 'a' });
    await invoke({ id: 'a' });
    assert.equal(count(), 1);
  });

  test('whose answer is too large to be kept are not run again, and say so', async () => {
    const { invoke, count } = open(() => answer('x'.repeat(LIMITS.idempotencyAnswerBytes)));
    assert.ok(textOf(await invoke({ id: 'a' })).length > LIMITS.idempotencyAnswerBytes);
    await assert.rejects(invoke({ id: 'a' }), withCode('idempotency-answer-lost'));
    assert.equal(count(), 1);
  });

  test('that stream are kept whole, or known to have run', async () => {
    const { invoke, count } = open((n) =>
      streamOf(
        n === 1 ? [Buffer.from('ab'), Buffer.from('c')] : Array<Buffer>(5).fill(Buffer.alloc(2 ** 19, 'x')),
      ),
    );
    assert.equal(await read(await invoke({ id: 'a' })), 'abc');
    const again = await invoke({ id: 'a' });
    assert.equal(again.kind === 'stream' && again.contentType, 'text/plain');
    assert.equal(await read(again), 'abc');
    assert.equal((await read(await invoke({ id: 'b' }))).length, 5 * 2 ** 19);
    await assert.rejects(invoke({ id: 'b' }), withCode('idempotency-answer-lost'));
    assert.equal(count(), 2);
  });

  test('whose stream breaks run again', async () => {
    async function* broken() {
      yield Buffer.from('half');
      throw new Error('broken');
    }
    const { invoke } = open((n) => (n === 1 ? streamOf(broken()) : answer({ n })));
    await assert.rejects(read(await invoke({ id: 'a' })), /broken/);
    assert.equal(textOf(await invoke({ id: 'a' })), '{"n":2}');
  });

  test('as events: a duplicate is over without being run, one that runs meanwhile is waited for', async () => {
    const held = Promise.withResolvers<InvokeResult>();
    const { events, enqueue, clock, count, store } = open((n) => (n === 1 ? held.promise : answer({ n })));
    await events.start();
    await enqueue('orders', { id: 'a' });
    await enqueue('orders', { id: 'a' });
    for (let n = 0; n < 5; n++) await clock.advance(1_000);
    assert.deepEqual([count(), store.rows.size], [1, 2]);
    held.resolve(answer());
    for (let n = 0; n < 5; n++) await clock.advance(1_000);
    assert.deepEqual([count(), store.rows.size, store.failed.length], [1, 0, 0]);
    await events.stop();
  });
});
