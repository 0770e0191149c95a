import assert from 'node:assert/strict';
import { after, before, beforeEach, suite, test } from 'node:test';
import { systemClock, uuidSource } from '../base/index.ts';
import type { Sql } from './connect.ts';
import { type ClaimedEvent, claimEvents } from './event-claims.ts';
import { type AttemptNote, settleEvents } from './event-settlements.ts';
import { keepShapes, shapesOf } from './event-shapes.ts';
import { insertEvents, laneVolumes } from './events.ts';
import {
  dropOldFailedEvents,
  editFailedEvent,
  findEvent,
  listFailedEvents,
  listWaitingEvents,
  redriveEvents,
} from './failed-events.ts';
import { testDatabase } from './testing.ts';

const newId = uuidSource(() => systemClock.wallMs());
const ALL = { ids: null, functionName: null, failedBeforeMs: null, inMs: 0, everyMs: 0, limit: 100 };

suite('events that failed', () => {
  let database: Awaited<ReturnType<typeof testDatabase>>;
  let sql: Sql;
  before(async () => {
    database = await testDatabase();
    sql = database.sql;
  });
  after(() => database[Symbol.asyncDispose]());
  beforeEach(async () => {
    await sql`truncate skein.events, skein.failed_events, skein.event_volumes`;
  });

  const note = (attemptId: string): AttemptNote => ({
    ...{ attemptId, atMs: 1_000, outcome: 'error', errorType: 'Error', errorMessage: 'no\u0000' },
    ...{ executedVersion: '3', durationMs: 1.5, instanceId: 'i' },
  });

  async function take(functionName = 'shop', count = 1): Promise<ClaimedEvent[]> {
    const context = { traceId: 'Root=1', clientContext: null, hops: 2 };
    const terms = { retries: 4 };
    const made = {
      lane: functionName,
      functionName,
      qualifier: null,
      payload: '{"n":1}',
      bytes: 7,
      context,
      terms,
    };
    await insertEvents(
      sql,
      Array.from({ length: count }, () => ({ ...made, id: newId() })),
    );
    return await claim(functionName);
  }

  function claim(lane: string): Promise<ClaimedEvent[]> {
    const wanted = [{ lane, room: 100 }];
    return claimEvents(sql, { wanted, maxBytes: 1e6, leaseMs: 30_000, lease: newId(), holder: 'one' });
  }

  async function fail(events: readonly ClaimedEvent[], told: readonly string[] = []): Promise<void> {
    await settleEvents(
      sql,
      events.map(({ id, lease, attempts }) => ({
        ...{
          id,
          lease,
          againInMs: null,
          attempts: attempts + 1,
          note: note('last'),
          told,
          sends: [],
          messages: [],
        },
        ...{
          keptFor: 'RetriesExhausted',
          failure: { errorType: 'Error', payload: '{}', executedVersion: '3' },
        },
      })),
    );
  }

  test('are known with all their attempts, the first and the last ones where there were many', async () => {
    const [first] = await take();
    const settled = { attempts: 1, failure: null, keptFor: null, told: [], sends: [], messages: [] };
    let held = first!;
    for (let n = 1; n <= 25; n++) {
      const { id, lease } = held;
      await settleEvents(sql, [{ id, lease, ...settled, againInMs: 0, note: note(`a${n}`) }]);
      [held = held] = await claim('shop');
    }
    assert.equal((await findEvent(sql, held.id))?.state, 'running');
    await fail([held]);
    const found = await findEvent(sql, held.id);
    assert.equal(found?.state, 'failed');
    const attempts = found?.trail.map(({ attemptId }) => attemptId) ?? [];
    assert.deepEqual([attempts.length, attempts[0], attempts[1], attempts.at(-1)], [20, 'a1', 'a8', 'last']);
    assert.equal(found?.trail[0]?.errorMessage, 'no\ufffd');
    assert.deepEqual(
      [found?.context.hops, found?.terms, found?.reason],
      [2, { retries: 4 }, 'RetriesExhausted'],
    );
    assert.equal(await findEvent(sql, newId()), null);
  });

  test('are mended and run again with their id, as if they had just come', async () => {
    const [event] = await take();
    await fail([event!]);
    assert.equal(await editFailedEvent(sql, { id: event!.id, payload: '{"n":2}' }), true);
    assert.deepEqual(await redriveEvents(sql, { ...ALL, ids: [event!.id] }), ['shop']);
    assert.equal(await editFailedEvent(sql, { id: event!.id, payload: '{}' }), false);
    assert.equal((await laneVolumes(sql))[0]?.waiting, 1);
    const [again] = await claim('shop');
    assert.deepEqual(
      [again?.id, again?.payload, again?.attempts, again?.claims, again?.terms],
      [event!.id, '{"n":2}', 0, 2, { retries: 4 }],
    );
    assert.ok((again?.ageMs ?? 1e9) < 600_000);
    await fail([again!]);
    assert.equal((await findEvent(sql, event!.id))?.trail.length, 2, 'what failed before is still known');
  });

  test('run again at a pace, those that nobody was told of, up to the moment they were asked for', async () => {
    await fail(await take('shop', 3));
    await fail(await take('mail', 1));
    await fail(await take('told', 1), ['arn:somebody']);
    assert.equal((await redriveEvents(sql, { ...ALL, failedBeforeMs: 1_000 })).length, 0);
    const paced = { ...ALL, functionName: 'shop', inMs: 10_000, everyMs: 60_000 };
    assert.deepEqual(await redriveEvents(sql, { ...paced, limit: 2 }), ['shop', 'shop']);
    const [{ spread } = { spread: 0 }] = await sql<{ spread: number }[]>`
      select extract(epoch from max(due_at) - min(due_at))::float8 as spread from skein.events`;
    assert.equal(spread, 60);
    assert.equal((await claim('shop')).length, 0, 'the first is due in 10 s');
    assert.deepEqual((await redriveEvents(sql, ALL)).toSorted(), ['mail', 'shop']);
    const left = await listFailedEvents(sql, { functionName: null, limit: 9 });
    assert.deepEqual(
      left.map(({ functionName, told }) => [functionName, told]),
      [['told', ['arn:somebody']]],
    );
    const waiting = await listWaitingEvents(sql, { functionName: 'shop', limit: 9 });
    assert.deepEqual(
      waiting.map(({ running, attempts }) => [running, attempts]),
      [
        [false, 0],
        [false, 0],
        [false, 0],
      ],
    );
  });

  test('are forgotten when they are old, too many or too large together, the oldest first', async () => {
    const [first, second, third] = await take('shop', 3);
    for (const event of [first!, second!, third!]) await fail([event]);
    const keep = { sinceMs: 0, maxRows: 9, maxBytes: 21, batch: 100 };
    assert.equal(await dropOldFailedEvents(sql, keep), 0);
    assert.equal(await dropOldFailedEvents(sql, { ...keep, maxBytes: 20 }), 1);
    assert.equal(await dropOldFailedEvents(sql, { ...keep, maxRows: 1 }), 1);
    const [left, ...more] = await listFailedEvents(sql, { functionName: null, limit: 9 });
    assert.deepEqual([left?.id, more.length], [third!.id, 0]);
    assert.equal(await dropOldFailedEvents(sql, { ...keep, sinceMs: systemClock.wallMs() + 60_000 }), 1);
  });

  test('are compared with the newest forms that were handled', async () => {
    const seen = (digest: string) => ({ functionName: 'shop', digest, shape: { $: digest } });
    await keepShapes(sql, { seen: [seen('a'), seen('b'), seen('b')], keep: 3 });
    await keepShapes(sql, { seen: [seen('c'), seen('d')], keep: 3 });
    const kept = (await shapesOf(sql, 'shop')).map((shape) => shape.$);
    assert.deepEqual([kept.length, kept.slice(0, 2).toSorted()], [3, ['c', 'd']]);
    assert.deepEqual(await shapesOf(sql, 'other'), []);
  });
});
