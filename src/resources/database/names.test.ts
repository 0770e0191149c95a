import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { databaseNameOf, withSuffix } from './names.ts';

suite('the name of an app’s database', () => {
  test('is the app and the key, where that says it all', () => {
    assert.equal(databaseNameOf({ app: 'bakery', key: 'main' }), 'bakery_main');
  });

  test('differs wherever app or key differ', () => {
    const pairs = [
      ['a-b', 'c'],
      ['a', 'b-c'],
      ['a-b-c', 'd'],
      ['a', 'b'],
      ['pg', 'main'],
      ['app', 'pg-main'],
      ['app-pg', 'main'],
      ['x'.repeat(40), 'y'.repeat(40)],
      ['x'.repeat(40), `${'y'.repeat(39)}z`],
    ];
    const names = pairs.map(([app, key]) => databaseNameOf({ app: app!, key: key! }));
    assert.equal(new Set(names).size, pairs.length, names.join(' '));
  });

  test('is one that PostgreSQL takes as it is', () => {
    for (const app of ['bakery', 'pg', 'a-b', 'x'.repeat(40)]) {
      const name = databaseNameOf({ app, key: 'k'.repeat(40) });
      assert.match(name, /^[a-z][a-z0-9_]{0,62}$/);
      assert.doesNotMatch(name, /^pg_/);
    }
  });

  test('has room for a suffix', () => {
    assert.equal(withSuffix('n'.repeat(63), 'abc').length, 63);
    assert.equal(withSuffix('name', 'abc'), 'name_abc');
  });
});
