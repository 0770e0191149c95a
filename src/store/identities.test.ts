import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { changeIdentities, listenIdentities, loadIdentities } from './identities.ts';
import { testDatabase } from './testing.ts';

suite('identities in the database', () => {
  test('are read by what has changed since, deletions with them', async () => {
    await using db = await testDatabase();
    const first = await changeIdentities(db.sql, async (change) => {
      await change.put('role', 'a', { attached: ['arn:p'] });
      await change.put('user', 'a', { attached: [] });
      return [await change.count('role'), await change.holders('arn:p'), await change.holders('arn:q')];
    });
    assert.deepEqual(first, { result: [1, 1, 0], revision: 1 });
    const second = await changeIdentities(db.sql, (change) => change.remove('role', 'a'));
    assert.deepEqual(await loadIdentities(db.sql, 0), {
      revision: 2,
      changed: [
        { kind: 'role', name: 'a', document: null },
        { kind: 'user', name: 'a', document: { attached: [] } },
      ],
    });
    assert.equal((await loadIdentities(db.sql, 1)).changed.length, 1);
    assert.deepEqual(await loadIdentities(db.sql, second.revision), { revision: 2, changed: [] });
  });

  test('stay as they were when a change is refused', async () => {
    await using db = await testDatabase();
    const refused = changeIdentities(db.sql, async (change) => {
      await change.put('role', 'a', {});
      throw new Error('no');
    });
    await assert.rejects(refused, /no/);
    assert.deepEqual(await loadIdentities(db.sql, 0), { revision: 0, changed: [] });
  });

  test('announce what has changed', async () => {
    await using db = await testDatabase();
    const told = Promise.withResolvers<void>();
    let calls = 0;
    const unlisten = await listenIdentities(db.sql, () => {
      calls++;
      if (calls === 2) told.resolve(); // the first says that the listening has begun
    });
    await changeIdentities(db.sql, (change) => change.put('user', 'a', {}));
    await told.promise;
    await unlisten();
  });
});
