import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { systemClock, uuidSource } from '../base/index.ts';
import type { UsageRecord } from '../model/index.ts';
import { type TestDatabase, testDatabase } from './testing.ts';
import { dropOldUsage, insertUsage, usageAfter, usageTotals } from './usage.ts';

const uuid = uuidSource(systemClock.wallMs);

function record(over: Partial<UsageRecord> = {}): UsageRecord {
  return {
    attemptId: uuid(),
    functionName: 'bakery-orders',
    version: 1,
    alias: 'live',
    instanceId: 'i-1',
    startedAtMs: 1_000,
    queuedMs: 0.25,
    initMs: null,
    durationMs: 1.5,
    billedMs: 2,
    memoryMb: 256,
    maxMemoryMb: 61.5,
    outcome: 'ok',
    errorType: null,
    requestId: null,
    ...over,
  };
}

/** Writes records of one function as a batch of its own. */
function write(db: TestDatabase, records: readonly UsageRecord[], id = uuid()): Promise<boolean> {
  return insertUsage(db.sql, { id, functionName: records[0]!.functionName, records });
}

suite('usage records', () => {
  let db: TestDatabase;
  before(async () => {
    db = await testDatabase();
  });
  after(() => db[Symbol.asyncDispose]());

  const totalsOf = async (functionName: string) =>
    (await usageTotals(db.sql)).filter((total) => total.functionName === functionName);
  const read = (functionName: string, afterId = 0, limit = 100) =>
    usageAfter(db.sql, { functionName, afterId, limit });

  test('a record comes back as it was written', async () => {
    const full = record({ functionName: 'same', initMs: 12.25, outcome: 'error', errorType: 'Error' });
    const bare = record({ functionName: 'same', alias: null, instanceId: null, requestId: uuid() });
    assert.equal(await write(db, [full, bare]), true);
    assert.deepEqual(
      (await read('same')).map(({ id: _, ...rest }) => rest),
      [full, bare],
    );
  });

  test('a batch that is written twice counts once', async () => {
    const [first, second] = [record({ functionName: 'twice' }), record({ functionName: 'twice' })];
    const id = uuid();
    assert.equal(await write(db, [first, second], id), true);
    assert.equal(await write(db, [first, second], id), false);
    assert.equal((await totalsOf('twice'))[0]?.invocations, 2);
    assert.equal((await read('twice')).length, 2);
  });

  test('a batch that is written by several at once counts once', async () => {
    const records = Array.from({ length: 50 }, () => record({ functionName: 'race' }));
    const id = uuid();
    const written = await Promise.all([1, 2, 3, 4].map(() => write(db, records, id)));
    assert.deepEqual(written.filter(Boolean), [true]);
    assert.equal((await totalsOf('race'))[0]?.invocations, 50);
  });

  test('what was refused is no invocation, and every way to fail is an error', async () => {
    const outcomes = [
      'ok',
      'error',
      'timeout',
      'crash',
      'init-error',
      'cancelled',
      'throttled',
      'unavailable',
    ] as const;
    await write(
      db,
      outcomes.map((outcome) => record({ functionName: 'kinds', outcome })),
    );
    const [total] = await totalsOf('kinds');
    assert.deepEqual([total?.invocations, total?.errors, total?.throttles], [5, 4, 1]);
  });

  test('sums are exact, by version and alias, and count cold starts', async () => {
    const cold = record({ functionName: 'sums', initMs: 100.1, durationMs: 0.1, billedMs: 101 });
    const warm = Array.from({ length: 9 }, () =>
      record({ functionName: 'sums', durationMs: 0.1, billedMs: 1 }),
    );
    await write(db, [cold, ...warm, record({ functionName: 'sums', alias: null })]);
    assert.deepEqual(await totalsOf('sums'), [
      {
        ...{
          functionName: 'sums',
          version: 1,
          alias: null,
          invocations: 1,
          errors: 0,
          throttles: 0,
          coldStarts: 0,
        },
        ...{ durationMs: 1.5, initMs: 0, billedMs: 2, gbSeconds: 0.0005 },
      },
      {
        ...{
          functionName: 'sums',
          version: 1,
          alias: 'live',
          invocations: 10,
          errors: 0,
          throttles: 0,
          coldStarts: 1,
        },
        ...{ durationMs: 1, initMs: 100.1, billedMs: 110, gbSeconds: 0.0275 },
      },
    ]);
  });

  test('reading on after the last id misses nothing that is written meanwhile', async () => {
    const writers = Array.from({ length: 20 }, () =>
      write(db, [record({ functionName: 'cursor' }), record({ functionName: 'cursor' })]),
    );
    let [seen, lastId, writing] = [0, 0, true];
    const written = Promise.all(writers).then(() => {
      writing = false;
    });
    for (let last = false; !last; ) {
      last = !writing;
      const rows = await read('cursor', lastId, 7);
      seen += rows.length;
      lastId = rows.at(-1)?.id ?? lastId;
      if (rows.length > 0) last = false;
    }
    await written;
    assert.equal(seen, 40);
  });

  test('only what happened since a moment is read', async () => {
    await write(
      db,
      [1_000, 2_000, 3_000].map((startedAtMs) => record({ functionName: 'since', startedAtMs })),
    );
    const rows = await usageAfter(db.sql, { functionName: 'since', afterId: 0, sinceMs: 2_000, limit: 9 });
    assert.deepEqual(
      rows.map((row) => row.startedAtMs),
      [2_000, 3_000],
    );
  });

  test('a NUL in an error type does not lose the batch', async () => {
    await write(db, [record({ functionName: 'nul', outcome: 'error', errorType: 'a\0b' })]);
    assert.equal((await read('nul'))[0]?.errorType, 'a\ufffdb');
  });
});

suite('retention of usage records', () => {
  test('what is too old or too many goes, in batches, and the sums stay', async () => {
    await using db = await testDatabase();
    for (let n = 0; n < 10; n += 2) {
      await write(db, [record({ startedAtMs: n }), record({ startedAtMs: n + 1 })]);
    }
    const left = async () =>
      (await usageAfter(db.sql, { functionName: 'bakery-orders', afterId: 0, limit: 99 })).map(
        (row) => row.startedAtMs,
      );

    // A batch goes when the last of its records is too old.
    assert.equal(await dropOldUsage(db.sql, { sinceMs: 5, maxRows: 100, batch: 1 }), 1);
    assert.equal(await dropOldUsage(db.sql, { sinceMs: 5, maxRows: 100, batch: 1 }), 1);
    assert.equal(await dropOldUsage(db.sql, { sinceMs: 5, maxRows: 100, batch: 1 }), 0);
    assert.deepEqual(await left(), [4, 5, 6, 7, 8, 9]);

    assert.equal(await dropOldUsage(db.sql, { sinceMs: 0, maxRows: 3, batch: 100 }), 2);
    assert.deepEqual(await left(), [8, 9]);
    assert.equal((await usageTotals(db.sql))[0]?.invocations, 10);
  });
});
