import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { FAIR_WEATHER, Fault, systemClock, systemRandom, uuidSource } from '../base/index.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import { createEvents, type Events } from './events.ts';
import { answer, arnOf, entryOf, functionError } from './events-fixture.ts';
import { openEventStore } from './store-thread.ts';

const newId = uuidSource(() => systemClock.wallMs());
type Run = Parameters<typeof createEvents>[0]['invoke'];

/** A node's events on a real database. `ran` resolves when so many attempts have ended. */
function open(database: TestDatabase, run: Run, holder = 'one') {
  const store = openEventStore({ databaseUrl: database.url, holder });
  const config = {
    maximumRetryAttempts: 2,
    maximumEventAgeSeconds: null,
    onSuccess: null,
    onFailure: arnOf('mail'),
  };
  const eventInvoke = new Map([['', { ...config, lastModifiedMs: 0 }]]);
  const functions = new Map(
    [entryOf('orders', { eventInvoke }), entryOf('mail')].map((entry) => [entry.name, entry]),
  );
  const events = createEvents({
    ...{ store, clock: systemClock, random: systemRandom, newId, invoke: run, onProblem: () => {} },
    ...{
      directory: { current: () => ({ functions, queues: new Map() }) },
      retryMs: 1,
      accountConcurrency: 100,
      weather: FAIR_WEATHER,
    },
  });
  return { events, store };
}

function send(events: Events, n: number) {
  const common = { qualifier: null, traceId: null, clientContext: null };
  return events.enqueue({
    ...common,
    functionName: 'orders',
    event: JSON.stringify({ n }),
    requestId: newId(),
  });
}

/** A place to wait for a number of things to have happened. */
function counter() {
  let count = 0;
  const waiting = new Map<number, () => void>();
  return {
    up() {
      count += 1;
      waiting.get(count)?.();
    },
    reached: (wanted: number) =>
      new Promise<void>((resolve) => {
        if (count >= wanted) resolve();
        else waiting.set(wanted, resolve);
      }),
  };
}

suite('events on a database', () => {
  test('every one of many is run, and nothing is left', async () => {
    await using database = await testDatabase();
    const seen = new Set<string>();
    const done = counter();
    const { events } = open(database, async ({ requestId }) => {
      seen.add(requestId);
      done.up();
      return answer();
    });
    await events.start();
    const ids = await Promise.all(Array.from({ length: 500 }, (_, n) => send(events, n)));
    await done.reached(500);
    assert.deepEqual(seen, new Set(ids.map(({ requestId }) => requestId)));
    await events.stop();
    const [{ left } = { left: -1 }] = await database.sql<
      { left: number }[]
    >`select count(*)::int as left from skein.events`;
    assert.equal(left, 0);
  });

  test('one that fails is run three times under one id, and the destination is told in the settling of the last', async () => {
    await using database = await testDatabase();
    const told = Promise.withResolvers<{ requestContext: object }>();
    const tries: { requestId: string; attemptId?: string }[] = [];
    const { events } = open(database, async (invocation) => {
      if (invocation.functionName === 'mail') {
        told.resolve(JSON.parse(String(invocation.event)));
        return answer();
      }
      tries.push(invocation);
      return functionError('no \u0000 flour');
    });
    await events.start();
    const { requestId } = await send(events, 1);
    const { requestContext } = await told.promise;
    assert.deepEqual(requestContext, {
      ...{ requestId, functionArn: `${arnOf('orders')}:$LATEST` },
      ...{ condition: 'RetriesExhausted', approximateInvokeCount: 3 },
    });
    assert.deepEqual(
      tries.map((one) => one.requestId),
      [requestId, requestId, requestId],
    );
    assert.equal(new Set(tries.map((one) => one.attemptId)).size, 3);
    await events.stop();
  });

  test('what a node had in hand when it was cut off is run by its next life at once', async () => {
    await using database = await testDatabase();
    const begun = Promise.withResolvers<void>();
    const before = open(database, () => {
      begun.resolve();
      return new Promise<never>(() => {});
    });
    await before.events.start();
    const { requestId } = await send(before.events, 1);
    await begun.promise;
    await before.store.close(); // as if the process were gone: nothing is given back

    const again = Promise.withResolvers<string>();
    const after = open(database, async (invocation) => {
      again.resolve(invocation.requestId);
      return answer();
    });
    await after.events.start();
    assert.equal(await again.promise, requestId);
    await after.events.stop();
    await before.events.stop();
  });

  test('another node is told of what one cannot run itself', async () => {
    await using database = await testDatabase();
    const here = open(database, () => {
      throw new Fault('no-capacity', 'full');
    });
    const ran = Promise.withResolvers<string>();
    const there = open(
      database,
      async ({ requestId }) => {
        ran.resolve(requestId);
        return answer();
      },
      'two',
    );
    await here.events.start();
    await there.events.start();
    const { requestId } = await send(here.events, 1);
    assert.equal(await ran.promise, requestId);
    await Promise.all([here.events.stop(), there.events.stop()]);
  });

  test('what cannot be stored fails alone, whoever came with it', async () => {
    await using database = await testDatabase();
    const { events } = open(database, async () => answer());
    await events.start();
    const bad = { functionName: 'orders', qualifier: null, event: '{}', traceId: null, clientContext: null };
    const [good, refused, also] = await Promise.allSettled([
      send(events, 1),
      events.enqueue({ ...bad, requestId: 'no uuid' }),
      send(events, 2),
    ]);
    assert.deepEqual([good?.status, refused?.status, also?.status], ['fulfilled', 'rejected', 'fulfilled']);
    await events.stop();
  });
});
