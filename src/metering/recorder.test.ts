import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { systemClock, uuidSource } from '../base/index.ts';
import type { UsageRecord } from '../model/index.ts';
import { usageTotals } from '../store/index.ts';
import { testDatabase } from '../store/testing.ts';
import { startRecorder } from './recorder.ts';

const newId = uuidSource(() => systemClock.wallMs());

function record(changes: Partial<UsageRecord> = {}): UsageRecord {
  return {
    attemptId: newId(),
    functionName: 'shop-orders',
    version: 1,
    alias: 'live',
    instanceId: 'one',
    startedAtMs: systemClock.wallMs(),
    queuedMs: 0,
    initMs: null,
    durationMs: 4.5,
    billedMs: 5,
    memoryMb: 1_024,
    maxMemoryMb: 50,
    outcome: 'ok',
    errorType: null,
    ...changes,
  };
}

suite('the recorder', () => {
  test('writes every record once, and the sums are theirs', async () => {
    await using database = await testDatabase();
    const recorder = startRecorder({ databaseUrl: database.url, clock: systemClock }, () =>
      assert.fail('lost'),
    );
    for (let n = 0; n < 1_000; n++) recorder.record(record());
    recorder.record(record({ initMs: 10, billedMs: 15 }));
    await recorder.flushed();
    recorder.record(record({ outcome: 'throttled', billedMs: 0, durationMs: 0 }));
    await recorder.flushed();
    const [total] = await usageTotals(database.sql);
    assert.equal(total?.invocations, 1_001);
    assert.equal(total?.coldStarts, 1);
    assert.equal(total?.throttles, 1);
    assert.equal(total?.billedMs, 5_015);
    assert.equal(total?.gbSeconds, 5.015);
    await recorder.stop();
  });

  test('an errorType that is longer than the buffer is cut, and no record is lost for it', async () => {
    await using database = await testDatabase();
    const recorder = startRecorder({ databaseUrl: database.url, clock: systemClock }, () =>
      assert.fail('lost'),
    );
    recorder.record(record());
    recorder.record(record({ outcome: 'error', errorType: '🪿'.repeat(1_000_000) }));
    recorder.record(record());
    await recorder.flushed();
    assert.equal((await usageTotals(database.sql))[0]?.invocations, 3);
    const kept =
      await database.sql`select length(error_type) from skein.usage_batches, unnest(error_types) as error_type
        where error_type is not null`;
    assert.deepEqual([...kept], [{ length: 128 }]);
    await recorder.stop();
  });

  test('writes what is left when it stops', async () => {
    await using database = await testDatabase();
    const recorder = startRecorder({ databaseUrl: database.url, clock: systemClock }, () =>
      assert.fail('lost'),
    );
    recorder.record(record());
    await recorder.stop();
    await recorder.stop();
    assert.equal((await usageTotals(database.sql))[0]?.invocations, 1);
  });

  test('ends, and says what is lost, also while PostgreSQL hangs', async () => {
    await using database = await testDatabase();
    const lost: number[] = [];
    const recorder = startRecorder({ databaseUrl: database.url, clock: systemClock, stopMs: 50 }, (records) =>
      lost.push(records),
    );
    await database.sql.begin(async (sql) => {
      await sql`lock table skein.usage_batches in access exclusive mode`;
      recorder.record(record());
      recorder.record(record());
      await recorder.stop();
    });
    assert.deepEqual(lost, [2]);
  });

  test('keeps records while PostgreSQL refuses, and writes them when it takes them again', async () => {
    await using database = await testDatabase();
    const name = new URL(database.url).pathname.slice(1);
    const recorder = startRecorder({ databaseUrl: database.url, clock: systemClock }, () =>
      assert.fail('lost'),
    );
    await database.sql`alter table skein.usage_batches rename to away`;
    for (let n = 0; n < 100; n++) recorder.record(record());
    const flushed = recorder.flushed();
    await database.sql`alter table skein.away rename to usage_batches`;
    await flushed;
    assert.equal((await usageTotals(database.sql))[0]?.invocations, 100, name);
    await recorder.stop();
  });
});
