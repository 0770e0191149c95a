import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Fault } from '../base/index.ts';
import { createKeyring } from './keyring.ts';
import { openKeyring, renewKeyring, retireKeys } from './keyring-file.ts';

const unreadable = (error: unknown) => error instanceof Fault && error.code === 'sealed-unreadable';

suite('a keyring', () => {
  test('opens what it sealed, and never seals the same twice', () => {
    const ring = createKeyring([randomBytes(32)]);
    for (const plain of ['', 'sk_live_1', 'größer als ASCII 🪿', 'x'.repeat(10_000)]) {
      const sealed = ring.seal(plain, 'secret:/A');
      assert.equal(ring.open(sealed, 'secret:/A'), plain);
      assert.notEqual(ring.seal(plain, 'secret:/A'), sealed);
      assert.ok(plain === '' || !sealed.includes(plain));
    }
  });

  test('opens nothing that was moved, damaged or sealed with another key', () => {
    const ring = createKeyring([randomBytes(32)]);
    const sealed = ring.seal('value', 'secret:/A');
    const damaged = `${sealed.slice(0, -2)}${sealed.endsWith('AA') ? 'BB' : 'AA'}`;
    assert.throws(() => ring.open(sealed, 'secret:/B'), unreadable);
    assert.throws(() => ring.open(damaged, 'secret:/A'), unreadable);
    for (const text of ['', 'v1', 'v1..', 'v2.a.b', sealed.slice(0, 20)]) {
      assert.throws(() => ring.open(text, 'secret:/A'), unreadable, text);
    }
    assert.throws(() => createKeyring([randomBytes(32)]).open(sealed, 'secret:/A'), unreadable);
  });

  test('opens with every key and seals with the first', () => {
    const [old, fresh] = [randomBytes(32), randomBytes(32)];
    const sealed = createKeyring([old]).seal('value', 'c');
    const both = createKeyring([fresh, old]);
    assert.equal(both.open(sealed, 'c'), 'value');
    assert.equal(both.isCurrent(sealed), false);
    const anew = both.seal('value', 'c');
    assert.equal(both.isCurrent(anew), true);
    assert.equal(createKeyring([fresh]).open(anew, 'c'), 'value');
  });
});

suite('the keys in a home', () => {
  function openHome() {
    const home = mkdtempSync(join(tmpdir(), 'skein-keyring-'));
    return {
      home,
      file: join(home, 'encryption.key'),
      [Symbol.dispose]: () => rmSync(home, { recursive: true }),
    };
  }

  test('are made once, for their owner only', () => {
    using place = openHome();
    const sealed = openKeyring({ home: place.home, given: [] }).seal('value', 'c');
    assert.equal(openKeyring({ home: place.home, given: [] }).open(sealed, 'c'), 'value');
    assert.equal(statSync(place.file).mode & 0o777, 0o600);
  });

  test('are renewed: the old one opens until it is retired', () => {
    using place = openHome();
    const old = openKeyring({ home: place.home, given: [] }).seal('value', 'c');
    const renewed = renewKeyring({ home: place.home, given: [] });
    assert.equal(renewed.isCurrent(old), false);
    const anew = renewed.seal(renewed.open(old, 'c'), 'c');
    const left = retireKeys(place.home);
    assert.equal(left.open(anew, 'c'), 'value');
    assert.throws(() => left.open(old, 'c'), unreadable);
    assert.equal(readFileSync(place.file, 'utf8').trim().split('\n').length, 1);
  });

  test("give way to the operator's, and go on opening what they sealed", () => {
    using place = openHome();
    const old = openKeyring({ home: place.home, given: [] }).seal('value', 'c');
    const given = [randomBytes(32)];
    const ring = openKeyring({ home: place.home, given });
    assert.equal(ring.open(old, 'c'), 'value');
    assert.equal(ring.isCurrent(old), false);
    assert.throws(() => renewKeyring({ home: place.home, given }), /SKEIN_ENCRYPTION_KEY/);
  });

  test('are not made when the operator gives them, and a damaged file is no reason to make new ones', () => {
    using place = openHome();
    openKeyring({ home: place.home, given: [randomBytes(32)] });
    assert.throws(() => statSync(place.file));
    writeFileSync(place.file, 'c2hvcnQ=\n');
    assert.throws(() => openKeyring({ home: place.home, given: [] }), /bring it back from a backup/);
  });
});
