import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { effectOf } from './effects.ts';

suite('what SQL leaves in its session', () => {
  const texts = (kind: string, list: readonly string[]) => {
    for (const sql of list) assert.equal(effectOf(sql).kind, kind, sql);
  };

  test('nothing', () => {
    texts('none', [
      ...['', ' ', ';', 'select 1', 'update t set a = 1', "select 'listen'", 'begin; select 1; commit'],
      ...['set local timezone = 1', 'SET TRANSACTION READ ONLY', 'set constraints all deferred'],
      ...[
        'insert into temp values (1)',
        'select temp from listen',
        'select "pg_advisory_lock"',
        "prepare transaction 'x'",
      ],
      ...["select set_config('a', 'b', true)", "select set_config('a', f(1, false), true) from t"],
      ...['select pg_advisory_xact_lock(1)', 'select pg_advisory_unlock(1)', '-- set a = 1\nselect 1'],
      ...['create temp table t (a int) on commit drop', 'declare c cursor without hold for select 1'],
      ...['create function f() returns void language plpgsql as $x$ begin set timezone = 1; end $x$'],
      ...[
        '/* set a /* nested */ = 1 */ select 1',
        "select e'\\'; listen x; --'",
        'do $$ begin update t set a = 1; end $$',
      ],
      ...['discard plans', 'unlisten *', "notify x, 'set a = 1'"],
    ]);
  });

  test('what pins', () => {
    texts('pin', [
      ...[
        'LISTEN x',
        'listen "x"; select 1',
        "load 'x'",
        'prepare a as select 1',
        'set role x',
        'reset role',
      ],
      ...[
        'set session authorization x',
        'set session characteristics as transaction read only',
        'begin; set a = 1',
      ],
      ...[
        'create temp table t (a int)',
        'CREATE TEMPORARY VIEW v as select 1',
        'create or replace temp view v as select 1',
      ],
      ...['select 1 into temp t', 'create table pg_temp.t (a int)', 'create local temporary table t (a int)'],
      ...[
        'declare c cursor with hold for select 1',
        'select pg_advisory_lock(1)',
        'select pg_try_advisory_lock_shared (1)',
      ],
      ...["select set_config('a', 'b', false)", "select set_config('a', 'b', $1)", '/* x */ listen x'],
      ...['do $$ begin perform pg_advisory_lock(1); end $$', 'do $a$ begin set timezone = 1; end $a$'],
    ]);
  });

  test('settings, by name', () => {
    for (const [sql, name] of [
      ['set timezone = 1', 'timezone'],
      ['SET SESSION TimeZone TO 1', 'timezone'],
      ["set time zone 'UTC'", 'timezone'],
      ["set names 'utf8'", 'client_encoding'],
      ['set app.user = 7;', 'app.user'],
      ['/* hello */ set "search_path" to a, b', 'search_path'],
      ['reset timezone', 'timezone'],
    ] as const) {
      const effect = effectOf(sql);
      assert.equal(effect.kind === 'set' && effect.name, name, sql);
    }
  });

  test('several in one text', () => {
    const effect = effectOf('select pg_advisory_unlock_all(); close all; unlisten *; reset all; set a = 1');
    const effects = [
      { kind: 'reset', statements: false },
      { kind: 'set', name: 'a', statement: 'set a = 1' },
    ];
    assert.deepEqual(effect, { kind: 'several', effects });
  });

  test('resets and deallocations', () => {
    assert.deepEqual(effectOf('RESET ALL'), { kind: 'reset', statements: false });
    assert.deepEqual(effectOf('discard all;'), { kind: 'reset', statements: true });
    assert.deepEqual(effectOf('deallocate all'), { kind: 'deallocate', name: null });
    assert.deepEqual(effectOf('deallocate prepare "A""b"'), { kind: 'deallocate', name: 'A"b' });
  });

  test('is found however a text goes on', () => {
    for (const sql of [
      "listen x; select '",
      'listen x; $$',
      'listen x; /*',
      'listen x; "',
      "listen x; e'\\",
    ]) {
      assert.equal(effectOf(sql).kind, 'pin', sql);
    }
  });
});
