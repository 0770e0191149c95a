import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { systemClock, uuidSource } from '../base/index.ts';
import type { ProvisionedSpan } from '../model/index.ts';
import { dropOldSpans, insertProvisioned, provisionedTotals } from './provisioned.ts';
import { type TestDatabase, testDatabase } from './testing.ts';

const uuid = uuidSource(systemClock.wallMs);

function span(over: Partial<ProvisionedSpan> = {}): ProvisionedSpan {
  const times = { fromMs: 10_000, toMs: 12_000, instanceMs: 10_000 };
  return { id: uuid(), functionName: 'bakery-orders', version: 1, memoryMb: 512, ...times, ...over };
}

suite('spans of provisioned instances', () => {
  let db: TestDatabase;
  before(async () => {
    db = await testDatabase();
  });
  after(() => db[Symbol.asyncDispose]());

  const totalOf = async (functionName: string) =>
    (await provisionedTotals(db.sql)).filter((total) => total.functionName === functionName);

  test('are summed to GB-seconds by version', async () => {
    await insertProvisioned(db.sql, [span(), span(), span({ version: 2, memoryMb: 1_024 })]);
    assert.deepEqual(await totalOf('bakery-orders'), [
      { functionName: 'bakery-orders', version: 1, gbSeconds: 10 },
      { functionName: 'bakery-orders', version: 2, gbSeconds: 10 },
    ]);
  });

  test('count once, however often they are written', async () => {
    const again = span({ functionName: 'twice' });
    await insertProvisioned(db.sql, [again]);
    await insertProvisioned(db.sql, [again, span({ functionName: 'twice' })]);
    assert.equal((await totalOf('twice'))[0]?.gbSeconds, 10);
  });

  test('go when they are old, and their sums stay', async () => {
    await insertProvisioned(db.sql, [
      span({ functionName: 'old', toMs: 500 }),
      span({ functionName: 'old' }),
    ]);
    assert.equal(await dropOldSpans(db.sql, { sinceMs: 1_000, batch: 100 }), 1);
    assert.equal((await totalOf('old'))[0]?.gbSeconds, 10);
  });

  test('none at all is no mistake', async () => {
    await insertProvisioned(db.sql, []);
  });
});
