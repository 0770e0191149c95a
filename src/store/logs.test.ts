import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { dropOldLines, insertLines, type LogLine, linesAfter } from './logs.ts';
import { type TestDatabase, testDatabase } from './testing.ts';

function line(over: Partial<LogLine> = {}): LogLine {
  return {
    functionName: 'bakery-orders',
    version: 1,
    instanceId: 'i-1',
    requestId: '01990000-0000-7000-8000-000000000001',
    level: 'INFO',
    atMs: 1_000.5,
    message: 'baked',
    dropped: null,
    ...over,
  };
}

suite('log lines', () => {
  let db: TestDatabase;
  before(async () => {
    db = await testDatabase();
  });
  after(() => db[Symbol.asyncDispose]());

  const read = (functionName: string, afterId = 0, limit = 1_000) =>
    linesAfter(db.sql, { functionName, afterId, limit });

  test('lines come back as they were written, in their order', async () => {
    const lines = Array.from({ length: 300 }, (_, index) =>
      line({
        functionName: 'order',
        message: `line ${index} äöü 🦆`,
        level: index % 2 ? null : 'WARN',
        dropped: index || null,
      }),
    );
    await insertLines(db.sql, lines);
    assert.deepEqual(
      (await read('order')).map(({ id: _, ...rest }) => rest),
      lines,
    );
  });

  test('a reader goes on after the last line it has seen, and sees no other function', async () => {
    await insertLines(db.sql, [line({ functionName: 'a', message: '1' }), line({ functionName: 'b' })]);
    const [first] = await read('a');
    await insertLines(db.sql, [
      line({ functionName: 'a', message: '2' }),
      line({ functionName: 'a', message: '3' }),
    ]);
    const next = await read('a', first!.id, 1);
    assert.deepEqual(
      next.map((row) => row.message),
      ['2'],
    );
    assert.deepEqual(
      (await read('a', next[0]!.id)).map((row) => row.message),
      ['3'],
    );
  });

  test('a request id that is none, a NUL and half a character lose no line', async () => {
    await insertLines(db.sql, [
      line({ functionName: 'odd', requestId: "x'; drop table", message: 'a\0b' }),
      line({ functionName: 'odd', message: 'half \ud83e' }),
    ]);
    const [first, second] = await read('odd');
    assert.deepEqual([first?.requestId, first?.message], [null, 'a\ufffdb']);
    assert.equal(second?.message, 'half \ufffd');
  });

  test('what is too old, or beyond the bytes to keep, goes', async () => {
    await using own = await testDatabase();
    const message = 'x'.repeat(900); // a line counts 100 bytes more than its message
    await insertLines(
      own.sql,
      Array.from({ length: 10 }, (_, index) => line({ atMs: index, message })),
    );
    const left = async () =>
      (await linesAfter(own.sql, { functionName: 'bakery-orders', afterId: 0, limit: 99 })).map(
        (row) => row.atMs,
      );

    assert.equal(await dropOldLines(own.sql, { sinceMs: 2, maxBytes: 100_000, batch: 100 }), 2);
    assert.deepEqual(await left(), [2, 3, 4, 5, 6, 7, 8, 9]);
    assert.equal(await dropOldLines(own.sql, { sinceMs: 0, maxBytes: 3_500, batch: 2 }), 2);
    assert.equal(await dropOldLines(own.sql, { sinceMs: 0, maxBytes: 3_500, batch: 100 }), 3);
    assert.deepEqual(await left(), [7, 8, 9]);
    assert.equal(await dropOldLines(own.sql, { sinceMs: 0, maxBytes: 3_500, batch: 100 }), 0);
  });
});
