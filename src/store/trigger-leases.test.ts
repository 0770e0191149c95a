import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, suite, test } from 'node:test';
import { testDatabase } from './testing.ts';
import { releaseTriggerLeases, takeTriggerLeases } from './trigger-leases.ts';

const db = await testDatabase();
const { sql } = db;
after(() => db[Symbol.asyncDispose]());

const HOUR_MS = 3_600_000;
const take = (holder: string, id: string, { leaseMs = HOUR_MS, runMs = 0 } = {}) =>
  takeTriggerLeases(sql, { holder, leaseMs, wanted: [{ id, runMs }] });

suite('the lease of a trigger', () => {
  test('has one holder, who renews it, until it is given back', async () => {
    const id = randomUUID();
    assert.deepEqual(await take('a', id), [id]);
    assert.deepEqual(await take('b', id), []);
    assert.deepEqual(await take('a', id), [id]);
    await releaseTriggerLeases(sql, { holder: 'b', ids: [id] });
    assert.deepEqual(await take('b', id), [], 'nobody gives back what is not theirs');
    await releaseTriggerLeases(sql, { holder: 'a', ids: [id] });
    assert.deepEqual(await take('b', id), [id]);
  });

  test('that has run out goes to another only after what was begun under it has had its time', async () => {
    const id = randomUUID();
    assert.deepEqual(await take('a', id, { leaseMs: -1_000, runMs: HOUR_MS }), [id]);
    assert.deepEqual(await take('b', id), [], 'it may still run');
    assert.deepEqual(await take('a', id), [id], 'its holder knows that it does not');
    const other = randomUUID();
    await take('a', other, { leaseMs: -1_000, runMs: 500 });
    assert.deepEqual(await take('b', other), [other]);
  });

  test('is asked for together with others', async () => {
    const ids = [randomUUID(), randomUUID(), randomUUID()].toSorted();
    await take('b', ids[1]!);
    const wanted = ids.map((id) => ({ id, runMs: 0 }));
    const got = await takeTriggerLeases(sql, { holder: 'a', leaseMs: HOUR_MS, wanted });
    assert.deepEqual(got.toSorted(), [ids[0], ids[2]]);
  });
});
