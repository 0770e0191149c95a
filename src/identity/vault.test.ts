import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Fault } from '../base/index.ts';
import { createKeyring } from './keyring.ts';
import { createVault, type StoredSecret, sealContext } from './vault.ts';

const ring = createKeyring([new Uint8Array(32).fill(7)]);

function stored(name: string, value: string, { app = null as string | null, stamp = 1 } = {}): StoredSecret {
  return { app, name, stamp, sealed: ring.seal(value, sealContext({ app, name })) };
}

function openVault(...first: StoredSecret[]) {
  const store = { secrets: first, loads: 0, hold: null as Promise<void> | null, away: false };
  const vault = createVault({
    keyring: () => ring,
    async load() {
      store.loads++;
      const read = store.secrets;
      await store.hold;
      if (store.away) throw new Error('away');
      return read;
    },
  });
  return { store, vault };
}

suite('the vault', () => {
  test("gives an app's own secret before the one of all apps", async () => {
    const { vault } = openVault(
      stored('KEY', 'all'),
      stored('KEY', 'own', { app: 'bakery' }),
      stored('B', 'b'),
    );
    await vault.refresh();
    const names = ['KEY', 'B'];
    assert.deepEqual(await vault.values({ app: 'bakery', names }), { KEY: 'own', B: 'b' });
    assert.deepEqual(await vault.values({ app: 'other', names }), { KEY: 'all', B: 'b' });
    assert.deepEqual(await vault.values({ app: null, names }), { KEY: 'all', B: 'b' });
    assert.deepEqual(await vault.values({ app: null, names: [] }), {});
  });

  test('names what is not set, and the command that sets it', async () => {
    const { vault } = openVault(stored('KEY', 'v', { app: 'bakery' }));
    await vault.refresh();
    assert.deepEqual(vault.missing({ app: 'shop', names: ['KEY', 'B'] }), ['KEY', 'B']);
    assert.deepEqual(vault.missing({ app: 'bakery', names: ['KEY', 'B'] }), ['B']);
    await assert.rejects(
      vault.values({ app: 'shop', names: ['KEY'] }),
      (error) =>
        error instanceof Fault &&
        error.code === 'secret-not-found' &&
        error.message.includes('skein secret set KEY'),
    );
  });

  test('has another stamp once a value is another, also when an app gets its own', async () => {
    const { vault, store } = openVault(stored('KEY', 'v'));
    await vault.refresh();
    const wanted = { app: 'bakery', names: ['KEY'] };
    const before = vault.stampOf(wanted);
    await vault.refresh();
    assert.equal(vault.stampOf(wanted), before);
    store.secrets = [stored('KEY', 'v'), stored('KEY', 'own', { app: 'bakery', stamp: 2 })];
    await vault.refresh();
    assert.notEqual(vault.stampOf(wanted), before);
    assert.equal(vault.stampOf({ app: null, names: ['KEY'] }), before);
  });

  test('waits for a load under way, and one asked for during a load reads anew', async () => {
    const { vault, store } = openVault();
    const held = Promise.withResolvers<void>();
    store.hold = held.promise;
    const first = vault.refresh();
    store.secrets = [stored('KEY', 'v')];
    const second = vault.refresh();
    const third = vault.refresh();
    const values = vault.values({ app: null, names: ['KEY'] });
    await assert.rejects(vault.values({ app: null, names: ['KEY'], atOnce: true }), /KEY/);
    held.resolve();
    await Promise.all([first, second, third]);
    assert.deepEqual(await values, { KEY: 'v' });
    assert.equal(store.loads, 2);
  });

  test('goes on with what it knows while the database is away', async () => {
    const { vault, store } = openVault(stored('KEY', 'v'));
    await vault.refresh();
    store.away = true;
    await assert.rejects(vault.refresh(), /away/);
    assert.deepEqual(await vault.values({ app: null, names: ['KEY'] }), { KEY: 'v' });
  });
});
