import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { systemClock, uuidSource } from '../base/index.ts';
import type { Sql } from './connect.ts';
import { dropOldDeliveries } from './deliveries.ts';
import { claimEvents, dueLanes, releaseEvents, renewEvents } from './event-claims.ts';
import { listPauses, pauseEvents, resumeEvents } from './event-pauses.ts';
import { type Settlement, settleEvents } from './event-settlements.ts';
import { sweepEvents } from './event-sweep.ts';
import { insertEvents, laneVolumes, type NewEvent, oldestEvent } from './events.ts';
import { dropOldFailedEvents, listFailedEvents } from './failed-events.ts';
import { testDatabase } from './testing.ts';

const newId = uuidSource(() => systemClock.wallMs());
const LEASE_MS = 30_000;

function event(lane = 'shop-orders', payload = '{"n":1}'): NewEvent {
  const context = { traceId: null, clientContext: null, hops: 1 };
  const bytes = Buffer.byteLength(payload);
  return { id: newId(), lane, functionName: lane, qualifier: null, payload, bytes, context };
}

async function claim(sql: Sql, rooms: Readonly<Record<string, number>>, maxBytes = 1_000_000) {
  const wanted = Object.entries(rooms).map(([lane, room]) => ({ lane, room }));
  return await claimEvents(sql, { wanted, maxBytes, leaseMs: LEASE_MS, lease: newId(), holder: 'one' });
}

const over = (held: { id: string; lease: string }, changes: Partial<Settlement> = {}): Settlement => ({
  ...{
    id: held.id,
    lease: held.lease,
    againInMs: null,
    attempts: 1,
    failure: null,
    note: null,
    keptFor: null,
    told: [],
    sends: [],
    messages: [],
  },
  ...changes,
});

/** As if all leases had ended and all waits were over. */
const pass = (sql: Sql) => sql`update skein.events set due_at = now() - interval '1 s'`;

suite('events in the database', () => {
  test('are claimed as they were given, once, as many of each lane as there is room for', async () => {
    await using database = await testDatabase();
    const { sql } = database;
    const odd = event('shop-orders', '{"t":"\\u0000 \\" \\\\ 🪿 12345678901234567890"}');
    const stored = await insertEvents(sql, [odd, event(), event(), event('shop-mail')]);
    assert.deepEqual(
      stored.toSorted((a, b) => (a.lane < b.lane ? -1 : 1)).map(({ lane, waiting }) => [lane, waiting]),
      [
        ['shop-mail', 1],
        ['shop-orders', 3],
      ],
    );
    await insertEvents(sql, [odd]);
    assert.equal((await laneVolumes(sql)).find(({ lane }) => lane === 'shop-orders')?.waiting, 3);

    const due = await dueLanes(sql);
    assert.deepEqual(due.map(({ lane, dueInMs }) => [lane, dueInMs <= 0]).toSorted(), [
      ['shop-mail', true],
      ['shop-orders', true],
    ]);
    const first = await claim(sql, { 'shop-orders': 2, 'shop-mail': 5, 'shop-none': 1 });
    assert.equal(first.length, 3);
    const same = first.find(({ id }) => id === odd.id);
    if (same !== undefined) assert.equal(same.payload, odd.payload);
    const second = await claim(sql, { 'shop-orders': 2, 'shop-mail': 5 });
    assert.equal(second.length, 1);
    const [held] = second;
    assert.deepEqual([held?.claims, held?.attempts, held?.context.hops], [1, 0, 1]);
    assert.equal(new Set([...first, ...second].map(({ id }) => id)).size, 4);
    assert.ok((await dueLanes(sql)).every(({ dueInMs }) => dueInMs > LEASE_MS / 2));
    assert.notEqual(await oldestEvent(sql), null);
  });

  test('a claim ends at so many bytes, and takes one event however large', async () => {
    await using database = await testDatabase();
    const large = `"${'x'.repeat(1_000)}"`;
    await insertEvents(database.sql, [event('a', large), event('a', large), event('a', large)]);
    assert.equal((await claim(database.sql, { a: 9 }, 10)).length, 1);
    assert.equal((await claim(database.sql, { a: 9 }, 1_500)).length, 2);
  });

  test('whose lease has ended are claimed again, and who held it before can settle nothing', async () => {
    await using database = await testDatabase();
    const { sql } = database;
    await insertEvents(sql, [event()]);
    const [before] = await claim(sql, { 'shop-orders': 1 });
    assert.deepEqual(await renewEvents(sql, { held: [before!], leaseMs: LEASE_MS }), [before!.id]);
    await pass(sql);
    const [after] = await claim(sql, { 'shop-orders': 1 });
    assert.deepEqual([after?.id, after?.claims], [before?.id, 2]);
    assert.deepEqual(await renewEvents(sql, { held: [before!], leaseMs: LEASE_MS }), []);
    assert.deepEqual(await settleEvents(sql, [over(before!, { sends: [event('shop-mail')] })]), []);
    assert.deepEqual(await settleEvents(sql, [over(after!)]), [after!.id]);
    assert.deepEqual(await settleEvents(sql, [over(after!)]), []);
    assert.deepEqual(await laneVolumes(sql), []);
  });

  test('of one delivery are stored once, whoever brings it, together or one after the other', async () => {
    await using database = await testDatabase();
    const { sql } = database;
    const [one, two] = [newId(), newId()];
    const of = (delivery: string) => ({ ...event(), delivery });
    const batch = () => [of(one), event(), of(two), of(one)];
    const volumes = await Promise.all([insertEvents(sql, batch()), insertEvents(sql, batch().toReversed())]);
    assert.equal(volumes.length, 2);
    const waiting = async () => (await laneVolumes(sql))[0]?.waiting;
    assert.equal(await waiting(), 4, 'two that are no deliveries, and each delivery once');
    for (const held of await claim(sql, { 'shop-orders': 10 })) await settleEvents(sql, [over(held)]);
    await insertEvents(sql, [of(one)]);
    assert.equal(await waiting(), undefined, 'also when it has been run');
    assert.equal(await dropOldDeliveries(sql, { sinceMs: systemClock.wallMs() - 60_000, batch: 10 }), 0);
    assert.equal(await dropOldDeliveries(sql, { sinceMs: systemClock.wallMs() + 60_000, batch: 1 }), 1);
    assert.equal(await dropOldDeliveries(sql, { sinceMs: systemClock.wallMs() + 60_000, batch: 10 }), 1);
    await insertEvents(sql, [of(one)]);
    assert.equal(await waiting(), 1);
  });

  test('come back with what failed, and are not due before their time', async () => {
    await using database = await testDatabase();
    const { sql } = database;
    await insertEvents(sql, [event()]);
    const [first] = await claim(sql, { 'shop-orders': 1 });
    const failure = {
      errorType: 'Error',
      payload: '{"errorMessage":"no\\u0000"}',
      executedVersion: '$LATEST',
    };
    await settleEvents(sql, [over(first!, { againInMs: 60_000, attempts: 1, failure })]);
    assert.equal((await claim(sql, { 'shop-orders': 1 })).length, 0);
    const [{ dueInMs } = { dueInMs: 0 }] = await dueLanes(sql);
    assert.ok(dueInMs > 30_000 && dueInMs <= 60_000, String(dueInMs));
    await pass(sql);
    const [second] = await claim(sql, { 'shop-orders': 1 });
    assert.deepEqual([second?.attempts, second?.failure], [1, failure]);
  });

  test('lead to others in the same instant, or are kept with the reason', async () => {
    await using database = await testDatabase();
    const { sql } = database;
    await insertEvents(sql, [event(), event()]);
    const [one, two] = await claim(sql, { 'shop-orders': 2 });
    const next = event('shop-mail', '{"requestPayload":{}}');
    await settleEvents(sql, [
      over(one!, { sends: [next] }),
      over(two!, { keptFor: 'RetriesExhausted', attempts: 3 }),
    ]);
    assert.deepEqual(
      (await laneVolumes(sql)).map(({ lane, waiting }) => [lane, waiting]),
      [['shop-mail', 1]],
    );
    assert.equal((await claim(sql, { 'shop-mail': 1 }))[0]?.payload, next.payload);
    const [kept, ...more] = await listFailedEvents(sql, { functionName: null, limit: 10 });
    assert.deepEqual(
      [kept?.id, kept?.reason, kept?.attempts, more.length],
      [two!.id, 'RetriesExhausted', 3, 0],
    );
    const keep = { sinceMs: 0, maxRows: 1, maxBytes: 1_000, batch: 100 };
    assert.equal(await dropOldFailedEvents(sql, keep), 0);
    assert.equal(await dropOldFailedEvents(sql, { ...keep, sinceMs: systemClock.wallMs() + 60_000 }), 1);
  });

  test('keep order in a lane that has one: the next can be claimed when the first is gone', async () => {
    await using database = await testDatabase();
    const { sql } = database;
    const lane = 'shop-orders/nightly';
    const [a, b, c] = ['1', '2', '3'].map((payload) => event(lane, payload));
    await insertEvents(sql, [{ ...c!, id: newId() }]); // ids are in another order than arrival
    await insertEvents(sql, [b!, { ...a!, terms: { retries: 5, deadLetter: null } }]);
    const both = await Promise.all([claim(sql, { [lane]: 9 }), claim(sql, { [lane]: 9 })]);
    const [first, ...more] = both.flat();
    assert.deepEqual([first?.payload, first?.terms, more.length], ['3', null, 0]);
    const [{ dueInMs } = { dueInMs: 0 }] = await dueLanes(sql);
    assert.ok(dueInMs > LEASE_MS / 2, 'others wait however long they are due');
    assert.deepEqual(await claim(sql, { [lane]: 9 }), []);
    await settleEvents(sql, [over(first!, { againInMs: 60_000 })]);
    assert.deepEqual(await claim(sql, { [lane]: 9 }), []);
    await sql`update skein.events set due_at = now() where id = ${first!.id}`;
    const [again] = await claim(sql, { [lane]: 9 });
    assert.equal(again?.id, first?.id);
    await settleEvents(sql, [over(again!)]);
    const [second] = await claim(sql, { [lane]: 9 });
    await settleEvents(sql, [over(second!)]);
    const [third] = await claim(sql, { [lane]: 9 });
    assert.deepEqual([second?.payload, third?.payload], ['2', '1']);
    assert.deepEqual(third?.terms, { retries: 5, deadLetter: null });
  });

  test('come with a transaction, or not at all, counted right', async () => {
    await using database = await testDatabase();
    const { sql } = database;
    const undone = sql.begin(async (tx) => {
      await insertEvents(tx, [event()]);
      throw new Error('undone');
    });
    await assert.rejects(undone, /undone/);
    const one = event();
    for (let n = 0; n < 2; n++) await sql.begin((tx) => insertEvents(tx, [one]));
    assert.deepEqual(
      (await laneVolumes(sql)).map(({ waiting }) => waiting),
      [1],
    );
  });

  test('of a function that is held up stay, and are as young as when they go on', async () => {
    await using database = await testDatabase();
    const { sql } = database;
    await insertEvents(sql, [event(), event('shop-orders/nightly'), event('shop-mail')]);
    await sql`update skein.events set accepted_at = now() - interval '5 h'`;
    assert.deepEqual(
      [await pauseEvents(sql, 'shop-orders'), await pauseEvents(sql, 'shop-orders')],
      [true, false],
    );
    assert.deepEqual(
      (await dueLanes(sql)).map(({ lane }) => lane),
      ['shop-mail'],
    );
    const all = { 'shop-orders': 9, 'shop-orders/nightly': 9, 'shop-mail': 9 };
    const [mail, ...none] = await claim(sql, all);
    assert.deepEqual([mail?.lane, none.length], ['shop-mail', 0]);
    assert.ok((mail?.ageMs ?? 0) > 4 * 3_600_000);
    assert.deepEqual(
      (await listPauses(sql)).map(({ functionName }) => functionName),
      ['shop-orders'],
    );
    assert.deepEqual(
      [await resumeEvents(sql, 'shop-orders'), await resumeEvents(sql, 'shop-orders')],
      [true, false],
    );
    const claimed = await claim(sql, all);
    assert.equal(claimed.length, 2);
    assert.ok(claimed.every(({ ageMs }) => ageMs < 600_000));
  });

  test('lead to messages in the same transaction; where the queue is gone they are kept', async () => {
    await using database = await testDatabase();
    const { sql } = database;
    const [queue] = await sql<{ id: number }[]>`
      insert into skein.queues (name, settings) values ('failed', '{}') returning id`;
    await insertEvents(sql, [event(), event(), event()]);
    const [one, two, three] = await claim(sql, { 'shop-orders': 3 });
    const message = (queueId: number) => ({
      ...{ queueId, id: newId(), delayMs: 0, bytes: 9, body: '{"n":1}' },
      details: { attributes: { ErrorCode: { dataType: 'Number', stringValue: '200' } } },
    });
    const told = ['arn:failed'];
    const lost = { ...three!, lease: newId() };
    const settlements = [
      over(one!, { keptFor: 'RetriesExhausted', told, messages: [message(queue!.id)] }),
      over(two!, { told, messages: [message(queue!.id + 1)] }),
      over(lost, { told, messages: [message(queue!.id)] }),
    ];
    assert.deepEqual((await settleEvents(sql, settlements)).toSorted(), [one!.id, two!.id].toSorted());
    const messages = await sql`select queue_id, body, details from skein.messages`;
    assert.equal(messages.length, 1);
    assert.equal(messages[0]?.body, '{"n":1}');
    const failed = await listFailedEvents(sql, { functionName: 'shop-orders', limit: 9 });
    assert.deepEqual(
      new Map(failed.map((event) => [event.id, [event.reason, event.told]])),
      new Map<string, unknown>([
        [one!.id, ['RetriesExhausted', told]],
        [two!.id, ['DestinationNotFound', []]],
      ]),
    );
    assert.equal((await laneVolumes(sql))[0]?.waiting, 1);
  });

  test('leave no counts behind where nothing waits and nobody is left', async () => {
    await using database = await testDatabase();
    const { sql } = database;
    await insertEvents(sql, [event('gone'), event('gone/nightly'), event('full'), event('full')]);
    const claimed = await claim(sql, { gone: 1, 'gone/nightly': 1, full: 1 });
    await settleEvents(
      sql,
      claimed.map((held) => over(held)),
    );
    await sweepEvents(sql, 100);
    const left = await sql<{ lane: string }[]>`select distinct lane from skein.event_volumes`;
    assert.deepEqual(
      left.map(({ lane }) => lane),
      ['full'],
    );
    await insertEvents(sql, [event('gone')]);
    assert.equal((await laneVolumes(sql)).find(({ lane }) => lane === 'gone')?.waiting, 1);
  });

  test('of a node that starts anew are due at once, those of others are not', async () => {
    await using database = await testDatabase();
    const { sql } = database;
    await insertEvents(sql, [event(), event()]);
    await claim(sql, { 'shop-orders': 2 });
    assert.equal(await releaseEvents(sql, 'another'), 0);
    assert.equal(await releaseEvents(sql, 'one'), 2);
    assert.equal((await claim(sql, { 'shop-orders': 2 })).length, 2);
  });
});
