import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fakeClock } from '../base/fake-clock.ts';
import { aliasByHand, functionByHand, versionByHand } from '../model/testing.ts';
import { createRegistry } from './registry.ts';
import type { StoredConfiguration } from './snapshot-of.ts';

const entry = functionByHand({ app: 'bakery', name: 'bakery-orders' });

/** A database by hand: its revision, whether it is away, and how often it was read. */
function openStore(revision = 1) {
  const store = {
    revision,
    away: false,
    loads: 0,
    listeners: new Set<() => void>(),
    hold: null as Promise<void> | null,
    /** What the next load differs in. */
    change: {} as Partial<StoredConfiguration>,
    /** What each load asked for. */
    since: [] as number[],
    async load(since: number): Promise<StoredConfiguration> {
      store.loads++;
      store.since.push(since);
      if (store.away) throw new Error('away');
      const read = store.revision;
      await store.hold;
      return {
        revision: read,
        functions: [entry],
        gone: [],
        routes: [
          { host: 'bakery', app: 'bakery', functionName: entry.name, method: 'GET', path: '/orders' },
          { host: 'bakery', app: 'bakery', functionName: entry.name, method: 'POST', path: '/orders' },
        ],
        databases: [{ app: 'bakery', key: 'main', databaseName: 'd', roleName: 'r', password: 'p' }],
        queues: [],
        triggers: [],
        ...store.change,
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

  test('a later load brings only what changed; the rest, and what is known of it, stays', async () => {
    const store = openStore();
    const other = functionByHand({ app: null, name: 'other' });
    store.change = { functions: [entry, other] };
    await using open = await openRegistry(store);
    const before = open.registry.current();

    const moved = aliasByHand('live', 2, { revisionId: 'another' });
    const second = versionByHand({ functionName: entry.name, version: 2 });
    const copy = versionByHand({ functionName: entry.name, version: 1 });
    store.revision = 2;
    store.change = {
      functions: [
        {
          ...entry,
          aliases: new Map([['live', moved]]),
          versions: new Map([
            [1, copy],
            [2, second],
          ]),
        },
      ],
      gone: ['other'],
      routes: null,
      databases: null,
      queues: null,
      triggers: null,
    };
    await open.registry.reach(2, never);

    const after = open.registry.current();
    assert.deepEqual(store.since, [0, 1]);
    assert.equal(after.functions.has('other') || after.slugs.has('other'), false);
    const now = after.functions.get(entry.name);
    assert.equal(now?.aliases.get('live'), moved);
    assert.equal(now?.versions.get(1), entry.versions.get(1), 'the same object');
    assert.equal(now?.latest, entry.latest);
    assert.equal(after.slugs.get(entry.slug), now);
    assert.equal(after.routes, before.routes);
    assert.equal(after.databases, before.databases);
    assert.equal(before.functions.get('other'), other, 'a snapshot never changes');
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
