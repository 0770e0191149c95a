import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { getSetting, putSettingIfAbsent } from './settings.ts';
import { type TestDatabase, testDatabase } from './testing.ts';

suite('settings', () => {
  let db: TestDatabase;
  before(async () => {
    db = await testDatabase();
  });
  after(() => db[Symbol.asyncDispose]());

  test('a key that was never written has no value', async () => {
    assert.equal(await getSetting(db.sql, 'nothing'), undefined);
  });

  test('a value comes back as it was, whatever JSON holds', async () => {
    for (const value of [{ token: 'secret', at: [1, null] }, 'text', 0, false]) {
      const key = `kind ${JSON.stringify(value)}`;
      assert.deepEqual(await putSettingIfAbsent(db.sql, key, value), value);
      assert.deepEqual(await getSetting(db.sql, key), value);
    }
  });

  test('of many who offer a value at once, all get the same one', async () => {
    const offers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => putSettingIfAbsent(db.sql, 'keys', { index })),
    );
    for (const offer of offers) assert.deepEqual(offer, offers[0]);
    assert.deepEqual(await putSettingIfAbsent(db.sql, 'keys', { index: 99 }), offers[0]);
  });
});
