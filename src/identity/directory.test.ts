import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fakeClock } from '../base/fake-clock.ts';
import type { StoredIdentity } from '../store/index.ts';
import { Directory } from './directory.ts';

/** A database by hand: what is stored, whether it is away, who listens. */
function openStore() {
  const store = {
    revision: 0,
    rows: [] as (StoredIdentity & { revision: number })[],
    away: false,
    hold: null as Promise<void> | null,
    loads: [] as number[],
    listeners: new Set<() => void>(),
    put(kind: StoredIdentity['kind'], name: string, document: unknown) {
      store.revision++;
      store.rows = store.rows.filter((row) => row.kind !== kind || row.name !== name);
      store.rows.push({ kind, name, document, revision: store.revision });
    },
    async load(since: number) {
      store.loads.push(since);
      if (store.away) throw new Error('away');
      const read = { revision: store.revision, changed: store.rows.filter((row) => row.revision > since) };
      await store.hold;
      return read;
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

const user = (keys: string[]) => ({
  ...{ name: 'Ada', path: '/', id: 'AIDA', createdAtMs: 0, tags: {}, inline: {}, attached: [] },
  keys: keys.map((id) => ({ id, sealed: '', active: true, createdAtMs: 0 })),
});

async function open(store: ReturnType<typeof openStore>) {
  const clock = fakeClock();
  const troubles: unknown[] = [];
  const directory = new Directory({ ...store, clock, onTrouble: (error) => troubles.push(error) });
  await directory.start();
  return { clock, directory, troubles, [Symbol.asyncDispose]: () => directory.stop() };
}

suite('the directory of users, roles and policies', () => {
  test('reads only what has changed, and forgets what was deleted', async () => {
    const store = openStore();
    store.put('user', 'ada', user(['AKIA1', 'AKIA2']));
    await using opened = await open(store);
    const { directory } = opened;
    assert.equal(directory.keys.get('AKIA1')?.user.name, 'Ada');
    store.put('user', 'ada', user(['AKIA2', 'AKIA3']));
    store.put('policy', 'p', { name: 'p', path: '/team/' });
    await directory.refresh();
    assert.deepEqual([...directory.keys.keys()], ['AKIA2', 'AKIA3']);
    assert.ok(directory.policiesByArn.has('arn:aws:iam::000000000000:policy/team/p'));
    store.put('user', 'ada', null);
    store.put('policy', 'p', null);
    await directory.refresh();
    assert.equal(directory.users.size + directory.keys.size + directory.policiesByArn.size, 0);
    assert.deepEqual(store.loads, [0, 1, 3]);
  });

  test('follows what is announced, and finds what was not', async () => {
    const store = openStore();
    await using opened = await open(store);
    store.put('user', 'ada', user([]));
    store.announce();
    await opened.clock.advance(0);
    assert.equal(opened.directory.users.size, 1);
    store.put('user', 'ada', null);
    await opened.clock.advance(29_999);
    assert.equal(opened.directory.users.size, 1);
    await opened.clock.advance(1);
    assert.equal(opened.directory.users.size, 0);
  });

  test('a change that lands during a read is read after it', async () => {
    const store = openStore();
    await using opened = await open(store);
    const held = Promise.withResolvers<void>();
    store.hold = held.promise;
    const first = opened.directory.refresh(); // reads what is there now, and hangs
    store.put('user', 'ada', user(['AKIA1']));
    const second = opened.directory.refresh();
    held.resolve();
    await Promise.all([first, second]);
    assert.ok(opened.directory.keys.has('AKIA1'));
  });

  test('keeps what it knows while the database is away, and tries each second', async () => {
    const store = openStore();
    store.put('user', 'ada', user([]));
    await using opened = await open(store);
    store.away = true;
    store.put('user', 'ada', null);
    store.announce();
    await opened.clock.advance(3_000);
    assert.equal(opened.directory.users.size, 1);
    assert.equal(opened.troubles.length, 4);
    store.away = false;
    await opened.clock.advance(1_000);
    assert.equal(opened.directory.users.size, 0);
  });

  test('leaves nothing behind when the first read fails', async () => {
    const store = openStore();
    store.away = true;
    await assert.rejects(open(store), /away/);
    assert.equal(store.listeners.size, 0);
  });
});
