import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Fault } from '../base/index.ts';
import type { InvokeResult } from '../invoke/index.ts';
import { LIMITS } from '../model/index.ts';
import { answer, arnOf, entryOf, functionError, openWorld } from './events-fixture.ts';

const withCode = (code: string) => (error: unknown) => error instanceof Fault && error.code === code;
const throttle = () => {
  throw new Fault('concurrency-exceeded', 'busy');
};
const config = (over: object) => ({
  ...{
    maximumRetryAttempts: null,
    maximumEventAgeSeconds: null,
    onSuccess: null,
    onFailure: null,
    lastModifiedMs: 0,
  },
  ...over,
});
const configured = (over: object) => ({ eventInvoke: new Map([['', config(over)]]) });

suite('events', () => {
  test('are run once, by the id they were taken in with, and are gone', async () => {
    const { events, enqueue, clock, calls, store } = openWorld([entryOf('orders')], () => answer());
    await events.start();
    const { requestId } = await enqueue('orders', { n: 1 }, { clientContext: '{"custom":{}}' });
    await clock.advance(0);
    assert.equal(calls.length, 1);
    const { invocation } = calls[0]!;
    assert.deepEqual([invocation.requestId, invocation.attemptId], [requestId, undefined]);
    assert.deepEqual([invocation.event, invocation.clientContext], ['{"n":1}', '{"custom":{}}']);
    assert.equal(store.rows.size, 0);
    await events.stop();
  });

  test('that fail are run again after 1 and 2 minutes, with the same request id, and then told to the destination', async () => {
    const orders = entryOf('orders', configured({ onFailure: arnOf('mail') }));
    const { events, enqueue, clock, calls, store } = openWorld(
      [orders, entryOf('mail')],
      ({ functionName }) => (functionName === 'orders' ? functionError('no flour') : answer()),
    );
    await events.start();
    const startMs = clock.nowMs();
    const { requestId } = await enqueue('orders', { big: 1 });
    await clock.advance(59_999);
    assert.equal(calls.length, 1);
    for (let n = 0; n < 4; n++) await clock.advance(60_000);
    const tries = calls.filter(({ invocation }) => invocation.functionName === 'orders');
    assert.deepEqual(
      tries.map(({ atMs }) => Math.floor((atMs - startMs) / 60_000)),
      [0, 1, 3],
      'and up to a tenth of it later',
    );
    assert.ok(tries.every(({ invocation }) => invocation.requestId === requestId));
    assert.equal(new Set(tries.map(({ invocation }) => invocation.attemptId)).size, 3);
    const told = calls.filter(({ invocation }) => invocation.functionName === 'mail');
    assert.equal(told.length, 1);
    const { timestamp, ...record } = JSON.parse(String(told[0]!.invocation.event));
    assert.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(record, {
      version: '1.0',
      requestContext: {
        requestId,
        functionArn: `${arnOf('orders')}:$LATEST`,
        condition: 'RetriesExhausted',
        approximateInvokeCount: 3,
      },
      requestPayload: { big: 1 },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      responsePayload: { errorType: 'Error', errorMessage: 'no flour' },
    });
    assert.equal(store.rows.size, 0);
    assert.deepEqual(store.failed, [{ id: requestId, reason: 'RetriesExhausted', told: [arnOf('mail')] }]);
    await events.stop();
  });

  test('that succeed are told to the destination for that, with the answer as it was written', async () => {
    const orders = entryOf('orders', configured({ onSuccess: arnOf('mail') }));
    const big: InvokeResult = {
      ...answer(),
      payload: Buffer.from('{"n":12345678901234567890}'),
    } as InvokeResult;
    const { events, enqueue, clock, calls } = openWorld([orders, entryOf('mail')], () => big);
    await events.start();
    await enqueue('orders');
    await clock.advance(0);
    const text = String(calls[1]?.invocation.event);
    assert.match(text, /"condition":"Success","approximateInvokeCount":1/);
    assert.match(
      text,
      /"responseContext":\{"statusCode":200,"executedVersion":"\$LATEST"\},"responsePayload":\{"n":12345678901234567890\}\}$/,
    );
    await events.stop();
  });

  test('that nobody is told of are kept with the reason', async () => {
    const orders = entryOf('orders', configured({ maximumRetryAttempts: 0 }));
    const { events, enqueue, clock, calls, store } = openWorld([orders], () => functionError());
    await events.start();
    const { requestId } = await enqueue('orders');
    await clock.advance(0);
    assert.equal(calls.length, 1);
    assert.deepEqual(store.failed, [{ id: requestId, reason: 'RetriesExhausted', told: [] }]);
    await events.stop();
  });

  test('a dead-letter function gets the event itself, and what failed beside it', async () => {
    const entry = entryOf('orders', configured({ maximumRetryAttempts: 0 }));
    const details = { ...entry.latest.details, aws: { DeadLetterConfig: { TargetArn: arnOf('dead') } } };
    const orders = { ...entry, latest: { ...entry.latest, details } };
    const { events, enqueue, clock, calls } = openWorld([orders, entryOf('dead')], ({ functionName }) =>
      functionName === 'orders' ? functionError('no') : answer(),
    );
    await events.start();
    const { requestId } = await enqueue('orders', { n: 1 });
    await clock.advance(0);
    const { event, clientContext, requestId: own } = calls[1]!.invocation;
    assert.equal(event, '{"n":1}');
    assert.notEqual(own, requestId);
    assert.deepEqual(JSON.parse(clientContext ?? ''), {
      custom: { RequestID: requestId, ErrorCode: '200', ErrorMessage: 'no' },
    });
    await events.stop();
  });

  test('a throttle postpones and counts for nothing; at its age the event is told to be too old', async () => {
    const orders = entryOf('orders', configured({ maximumEventAgeSeconds: 60, onFailure: arnOf('mail') }));
    const { events, enqueue, clock, calls } = openWorld([orders, entryOf('mail')], ({ functionName }) =>
      functionName === 'orders' ? throttle() : answer(),
    );
    await events.start();
    await enqueue('orders');
    await clock.advance(59_000);
    const tries = calls.length;
    assert.ok(tries > 5 && tries < 40, String(tries));
    await clock.advance(35_000); // the lane may be resting
    const record = JSON.parse(String(calls.at(-1)!.invocation.event));
    const { condition, approximateInvokeCount } = record.requestContext;
    assert.deepEqual([condition, approximateInvokeCount], ['EventAgeExceeded', 0]);
    assert.equal('responseContext' in record, false);
    await events.stop();
  });

  test('with one place, 200 events run one after the other and none is lost', async () => {
    let running = 0;
    const { events, enqueue, clock, calls, store } = openWorld(
      [entryOf('orders', { reserved: 1 })],
      async () => {
        if (running > 0) throttle();
        running += 1;
        await new Promise<void>((resolve) => void clock.after(5, resolve));
        running -= 1;
        return answer();
      },
    );
    await events.start();
    await Promise.all(Array.from({ length: 200 }, () => enqueue('orders')));
    for (let n = 0; n < 200 && store.rows.size > 0; n++) await clock.advance(20);
    assert.equal(store.rows.size, 0);
    assert.equal(calls.length, 200, 'no more is claimed than can run');
    assert.deepEqual(store.failed, []);
    await events.stop();
  });

  test('a lane that is full of slow ones leaves places for others', async () => {
    const { events, enqueue, clock, calls } = openWorld(
      [entryOf('slow'), entryOf('quick')],
      ({ functionName }) => (functionName === 'slow' ? new Promise<never>(() => {}) : answer()),
    );
    await events.start();
    await Promise.all(Array.from({ length: 600 }, () => enqueue('slow')));
    for (let n = 0; n < 20; n++) await clock.advance(100);
    const slow = calls.length;
    assert.ok(slow <= LIMITS.eventsAtOnce / 2 + 1, `${slow} at once`);
    await enqueue('quick');
    await clock.advance(0);
    assert.equal(calls.filter(({ invocation }) => invocation.functionName === 'quick').length, 1);
    const stopped = events.stop();
    await clock.advance(10_000);
    await stopped;
  });

  test('an alias that has moved is followed at the next attempt, and a function that is gone is the end', async () => {
    const { events, enqueue, clock, store, functions } = openWorld([entryOf('orders')], () =>
      functionError(),
    );
    await events.start();
    const { requestId } = await enqueue('orders');
    await clock.advance(1_000);
    functions.clear();
    await clock.advance(67_000);
    assert.deepEqual(store.failed, [{ id: requestId, reason: 'function-not-found', told: [] }]);
    await assert.rejects(enqueue('orders'), withCode('function-not-found'));
    await events.stop();
  });

  test('a chain of more than 16 is stopped: by destinations, and through the function’s own calls', async () => {
    const loop = (name: string, to: string) => entryOf(name, configured({ onSuccess: arnOf(to) }));
    const { events, enqueue, clock, calls, store, problems } = openWorld(
      [loop('a', 'b'), loop('b', 'a')],
      () => answer(),
    );
    await events.start();
    await enqueue('a');
    for (let n = 0; n < 20; n++) await clock.advance(10);
    assert.equal(calls.length, 16);
    assert.equal(store.failed[0]?.reason, 'DestinationLoop');
    assert.equal(problems.length, 1);
    const traceId = calls.at(-1)!.invocation.traceId;
    await assert.rejects(enqueue('a', {}, { traceId }), withCode('event-loop'));
    await events.stop();
  });

  test('terms of an event come before what its function says', async () => {
    const orders = entryOf('orders', configured({ maximumRetryAttempts: 0, onFailure: arnOf('mail') }));
    const { events, enqueue, clock, calls } = openWorld(
      [orders, entryOf('mail'), entryOf('dead')],
      ({ functionName }) => (functionName === 'orders' ? functionError() : answer()),
    );
    await events.start();
    const startMs = clock.nowMs();
    await enqueue('orders', {}, { terms: { retries: 6, deadLetter: arnOf('dead') } });
    for (let n = 0; n < 40; n++) await clock.advance(60_000);
    const minutes = calls
      .filter(({ invocation }) => invocation.functionName === 'orders')
      .map(({ atMs }) => (atMs - startMs) / 60_000);
    const expected = [0, 1, 3, 7, 15, 23, 31];
    assert.equal(minutes.length, expected.length);
    for (const [at, minute] of expected.entries()) {
      const found = minutes[at] ?? 0;
      assert.ok(found >= minute && found <= minute * 1.1 + 0.01, `${found} for ${minute}`);
    }
    const told = calls.map(({ invocation }) => invocation.functionName).filter((name) => name !== 'orders');
    assert.deepEqual(told.toSorted(), ['dead', 'mail']);
    const before = calls.length;
    await enqueue('orders', {}, { terms: { retries: 9, maxAgeMs: 90_000, deadLetter: null } });
    await clock.advance(0);
    for (let n = 0; n < 5; n++) await clock.advance(60_000);
    const names = calls.slice(before).map(({ invocation }) => invocation.functionName);
    assert.deepEqual(names, ['orders', 'orders', 'mail'], 'too old for a third attempt');
    await events.stop();
  });

  test('a group keeps its order: the next one runs when the one before it is over, retries included', async () => {
    const seen: string[] = [];
    const { events, enqueue, clock, store } = openWorld([entryOf('orders')], ({ event }) => {
      seen.push(String(event));
      return seen.length === 1 ? functionError() : answer();
    });
    await events.start();
    for (const n of [1, 2, 3]) await enqueue('orders', n, { group: 'nightly' });
    await enqueue('orders', 'free');
    await clock.advance(0);
    assert.deepEqual(seen.toSorted(), ['"free"', '1']);
    await clock.advance(70_000);
    assert.deepEqual(seen.slice(2), ['1', '2', '3']);
    assert.equal(store.rows.size, 0);
    await events.stop();
  });

  test('of a group that keeps order what runs is ended before its lease can end, and comes again uncounted', async () => {
    const { events, enqueue, clock, store, calls } = openWorld(
      [entryOf('orders', configured({ maximumRetryAttempts: 0 }))],
      ({ cut }) =>
        calls.length > 2
          ? answer()
          : new Promise((resolve) => cut?.addEventListener('abort', () => resolve(functionError('ended')))),
    );
    await events.start();
    await enqueue('orders', 1, { group: 'nightly' });
    await enqueue('orders', 2);
    await clock.advance(60_000);
    assert.deepEqual(
      calls.map(({ invocation: { cut } }) => cut?.aborted),
      [false, undefined],
      'its lease is renewed',
    );
    store.away = true;
    for (let n = 0; n < 35; n++) await clock.advance(1_000);
    assert.equal(calls[0]?.invocation.cut?.aborted, true);
    store.away = false;
    for (let n = 0; n < 60; n++) await clock.advance(1_000);
    assert.equal(calls.filter(({ invocation }) => invocation.event === '1').length, 2);
    assert.deepEqual(store.failed, []);
    const stopped = events.stop();
    await clock.advance(10_000);
    await stopped;
  });

  test('what is too large, or no text, is refused; so is everything once it stops', async () => {
    const { events, enqueue } = openWorld([entryOf('orders')], () => answer());
    await events.start();
    const event = `"${'x'.repeat(LIMITS.asyncEventBytes)}"`;
    await assert.rejects(enqueue('orders', null, { event }), withCode('payload-too-large'));
    await assert.rejects(
      enqueue('orders', null, { event: Buffer.from([0x22, 0xff, 0x22]) }),
      withCode('bad-request'),
    );
    await assert.rejects(enqueue('orders', null, { event: '"\0"' }), withCode('bad-request'));
    await assert.rejects(enqueue('orders', null, { qualifier: 'beta' }), withCode('version-not-found'));
    await events.stop();
    await assert.rejects(enqueue('orders'), withCode('shutting-down'));
  });

  test('while the database is away nothing is taken, and what runs is settled when it is back', async () => {
    const ends: (() => void)[] = [];
    const { events, enqueue, clock, calls, store } = openWorld(
      [entryOf('orders')],
      () => new Promise((resolve) => void ends.push(() => resolve(answer()))),
    );
    await events.start();
    await enqueue('orders');
    await clock.advance(0);
    store.away = true;
    await assert.rejects(enqueue('orders'), withCode('database-unavailable'));
    await clock.advance(5_000);
    store.away = false;
    for (const end of ends) end();
    await clock.advance(1_000);
    assert.deepEqual([calls.length, store.rows.size], [1, 0]);
    await events.stop();
  });

  test('before it is started events are taken, and none is run', async () => {
    const { events, enqueue, clock, calls } = openWorld([entryOf('orders')], () => answer());
    await enqueue('orders');
    await clock.advance(5_000);
    assert.equal(calls.length, 0);
    await events.start();
    await clock.advance(0);
    assert.equal(calls.length, 1);
    await events.stop();
  });
});
