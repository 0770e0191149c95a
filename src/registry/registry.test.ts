import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fakeClock } from '../base/fake-clock.ts';
import type { FunctionEntry } from '../model/index.ts';
import { createRegistry } from './registry.ts';
import type { StoredConfiguration } from './snapshot-of.ts';

const entry: FunctionEntry = {
  app: 'bakery',
  name: 'bakery-orders',
  slug: 'bakery-orders',
  reserved: null,
  provisioned: 0,
  versions: new Map(),
  aliases: new Map([['live', 1]]),
};

/** A database by hand: its revision, whether it is away, and how often it was read. */
function openStore(revision = 1) {
  const store = {
    revision,
    away: false,
    loads: 0,
    listeners: new Set<() => void>(),
    hold: null as Promise<void> | null,
    async load(): Promise<StoredConfiguration> {
      store.loads++;
      if (store.away) throw new Error('away');
      const read = store.revision;
      await store.hold;
      return {
        revision: read,
        functions: [entry],
        routes: [
          { host: 'bakery', app: 'bakery', functionName: entry.name, method: 'GET', path: '/orders' },
          { host: 'bakery', app: 'bakery', functionName: entry.name, method: 'POST', path: '/orders' },
        ],
        databases: [{ app: 'bakery', key: 'main', databaseName: 'd', roleName: 'r', password: 'p' }],
      };
    },
    async listen(poke: () => void) {
      store.listeners.add(poke);
      return async () => void store.listeners.delete(poke);
    },
    announce() {
      for (const poke of store.listeners) poke();
    },
  };
  return store;
}

const never = new AbortController().signal;

async function openRegistry(store: ReturnType<typeof openStore>) {
  const clock = fakeClock();
  const troubles: unknown[] = [];
  const registry = createRegistry({ ...store, clock, onTrouble: (error) => troubles.push(error) });
  await registry.start();
  return { clock, registry, troubles, [Symbol.asyncDispose]: () => registry.stop() };
}

suite('the registry', () => {
  test('has everything by what a request looks it up with, as soon as it has started', async () => {
    await using open = await openRegistry(openStore());
    const snapshot = open.registry.current();
    assert.equal(snapshot.revision, 1);
    assert.equal(snapshot.functions.get('bakery-orders'), entry);
    assert.equal(snapshot.slugs.get('bakery-orders'), entry);
    assert.equal(snapshot.routes.get('bakery')?.length, 2);
    assert.equal(snapshot.databases.get('bakery/main')?.databaseName, 'd');
  });

  test('leaves nothing behind when the first load fails', async () => {
    const store = openStore();
    store.away = true;
    await assert.rejects(openRegistry(store), /away/);
    assert.equal(store.listeners.size, 0);
  });

  test('loads when a change is announced, and tells who watches', async () => {
    const store = openStore();
    await using open = await openRegistry(store);
    const seen: number[] = [];
    const unwatch = open.registry.onChange((snapshot) => seen.push(snapshot.revision));
    store.revision = 2;
    store.announce();
    await open.clock.advance(0);
    unwatch();
    store.revision = 3;
    store.announce();
    await open.clock.advance(0);
    assert.deepEqual(seen, [2]);
    assert.equal(open.registry.current().revision, 3);
  });

  test('finds a change that was not announced at the next check', async () => {
    const store = openStore();
    await using open = await openRegistry(store);
    store.revision = 2;
    await open.clock.advance(29_999);
    assert.equal(open.registry.current().revision, 1);
    await open.clock.advance(1);
    assert.equal(open.registry.current().revision, 2);
  });

  test('reach loads by itself, and waits until the revision is there', async () => {
    const store = openStore();
    await using open = await openRegistry(store);
    store.revision = 5;
    await open.registry.reach(5, never);
    assert.equal(open.registry.current().revision, 5);
  });

  test('a change that lands during a load is loaded after it', async () => {
    const store = openStore();
    await using open = await openRegistry(store);
    const held = Promise.withResolvers<void>();
    store.hold = held.promise;
    store.announce(); // reads revision 1, and hangs
    await open.clock.advance(0);
    store.revision = 2;
    const reached = open.registry.reach(2, never);
    held.resolve();
    await reached;
    assert.equal(open.registry.current().revision, 2);
  });

  test('keeps the old snapshot while the database is away, tries each second, and recovers', async () => {
    const store = openStore();
    await using open = await openRegistry(store);
    store.away = true;
    store.revision = 2;
    store.announce();
    await open.clock.advance(3_000);
    assert.equal(open.registry.current().revision, 1);
    assert.equal(open.troubles.length, 4);
    store.away = false;
    await open.clock.advance(1_000);
    assert.equal(open.registry.current().revision, 2);
  });

  test('reach gives up with the reason of its signal', async () => {
    const store = openStore();
    await using open = await openRegistry(store);
    const abort = new AbortController();
    const reached = open.registry.reach(9, abort.signal);
    abort.abort(new Error('too long'));
    await assert.rejects(reached, /too long/);
  });

  test('does nothing more after stop', async () => {
    const store = openStore();
    const open = await openRegistry(store);
    await open.registry.stop();
    await open.registry.stop();
    const { loads } = store;
    await open.clock.advance(60_000);
    assert.equal(store.loads, loads);
    assert.equal(store.listeners.size, 0);
  });
});
