import assert from 'node:assert/strict';
import { after, before, beforeEach, suite, test } from 'node:test';
import { Fault } from '../base/index.ts';
import { createVault, type Vault } from '../identity/index.ts';
import { keysByHand } from '../identity/testing.ts';
import { configByHand, functionByHand, versionByHand } from '../model/testing.ts';
import type { Snapshot } from '../registry/index.ts';
import { loadSecrets } from '../store/index.ts';
import { testDatabase } from '../store/testing.ts';
import { createSecrets, type Secrets } from './secrets.ts';

const withCode = (code: string) => (error: unknown) => error instanceof Fault && error.code === code;

suite('secrets', () => {
  let database: Awaited<ReturnType<typeof testDatabase>>;
  let keys: ReturnType<typeof keysByHand>;
  let vault: Vault;
  let secrets: Secrets;
  let renewals = 0;

  before(async () => {
    database = await testDatabase();
  });
  after(() => database[Symbol.asyncDispose]());
  beforeEach(async () => {
    const { sql } = database;
    await sql`truncate skein.secrets`;
    renewals = 0;
    keys = keysByHand();
    vault = createVault({ load: () => loadSecrets(sql), keyring: keys.current });
    const version = versionByHand({ functionName: 'bakery-pay', config: configByHand({ secrets: ['KEY'] }) });
    const entry = functionByHand({
      app: 'bakery',
      name: 'bakery-pay',
      latest: version,
      versions: new Map(),
      aliases: new Map(),
    });
    const webhook = { scheme: 'github', secrets: ['HOOK'], toleranceMs: null, hmac: null } as const;
    const route = { app: 'bakery', functionName: entry.name, method: 'POST', path: '/pay', webhook };
    const snapshot = {
      functions: new Map([[entry.name, entry]]),
      routes: new Map([['bakery', [route]]]),
    } as unknown as Snapshot;
    const registry = { current: () => snapshot };
    secrets = createSecrets({ sql, vault, keys, registry, renewInstances: () => renewals++ });
  });
  const secretOf = async (app: string | null, name = 'KEY') =>
    (await vault.values({ app, names: [name] }))[name];

  test('by which webhooks are verified are not removed by mistake', async () => {
    await secrets.set({ app: 'bakery', name: 'HOOK', value: 'whsec_1' });
    const wanted = { app: 'bakery', name: 'HOOK', force: false };
    await assert.rejects(secrets.remove(wanted), withCode('resource-in-use'));
    await secrets.remove({ ...wanted, force: true });
  });

  test('are set, listed without their values, and removed', async () => {
    assert.deepEqual(await secrets.set({ app: null, name: 'KEY', value: 'sk_live' }), {
      app: null,
      name: 'KEY',
      changed: true,
    });
    await secrets.set({ app: 'bakery', name: 'OTHER', value: 'of the bakery' });
    assert.equal(await secretOf(null), 'sk_live');
    const listed = await secrets.list();
    assert.deepEqual(
      listed.secrets.map(({ updatedAt, ...secret }) => secret),
      [
        { app: null, name: 'KEY', functions: ['bakery-pay'] },
        { app: 'bakery', name: 'OTHER', functions: [] },
      ],
    );
    const all = JSON.stringify([listed, await database.sql`select * from skein.secrets`]);
    assert.ok(!all.includes('sk_live') && !all.includes('of the bakery'));
    await secrets.remove({ app: 'bakery', name: 'OTHER', force: false });
    await assert.rejects(
      secrets.remove({ app: 'bakery', name: 'OTHER', force: false }),
      withCode('secret-not-found'),
    );
  });

  test('replace instances once a value is another one, and not before', async () => {
    await secrets.set({ app: null, name: 'KEY', value: 'one' });
    assert.equal(renewals, 1);
    assert.equal((await secrets.set({ app: null, name: 'KEY', value: 'one' })).changed, false);
    assert.equal(renewals, 1);
    const before = vault.stampOf({ app: 'bakery', names: ['KEY'] });
    await secrets.set({ app: null, name: 'KEY', value: 'two' });
    assert.equal(renewals, 2);
    assert.notEqual(vault.stampOf({ app: 'bakery', names: ['KEY'] }), before);
  });

  test('that a function names stay, unless forced; an app that has its own does not need the one of all', async () => {
    await secrets.set({ app: null, name: 'KEY', value: 'of all' });
    await assert.rejects(
      secrets.remove({ app: null, name: 'KEY', force: false }),
      withCode('resource-in-use'),
    );
    await secrets.set({ app: 'bakery', name: 'KEY', value: 'own' });
    await secrets.remove({ app: null, name: 'KEY', force: false });
    await secrets.remove({ app: 'bakery', name: 'KEY', force: true });
    assert.deepEqual(vault.missing({ app: 'bakery', names: ['KEY'] }), ['KEY']);
  });

  test('are encrypted anew under a new key, all of them, and no old key opens them', async () => {
    await secrets.set({ app: null, name: 'KEY', value: 'one' });
    await secrets.set({ app: 'bakery', name: 'KEY', value: 'two' });
    const before = await loadSecrets(database.sql);
    assert.deepEqual(await secrets.rotate(), { resealed: 2 });
    const after = await loadSecrets(database.sql);
    for (const [index, { sealed, stamp }] of after.entries()) {
      assert.notEqual(sealed, before[index]?.sealed);
      assert.equal(stamp, before[index]?.stamp);
    }
    assert.equal(keys.count(), 1);
    assert.deepEqual([await secretOf(null), await secretOf('bakery')], ['one', 'two']);
    assert.equal(await secrets.reseal(), 0);
  });

  test('whose key is lost can be set anew', async () => {
    await secrets.set({ app: null, name: 'KEY', value: 'one' });
    keys.lose();
    await assert.rejects(secretOf(null), withCode('sealed-unreadable'));
    await assert.rejects(secrets.reseal(), withCode('sealed-unreadable'));
    await secrets.set({ app: null, name: 'KEY', value: 'one' });
    assert.equal(await secretOf(null), 'one');
  });

  test('need a name that can be a variable, and a value that fits; no message holds the value', async () => {
    for (const name of [
      '',
      '1A',
      'A',
      'A-B',
      'A B',
      '_HANDLER',
      'AWS_REGION',
      'AWS_LAMBDA_X',
      `A${'x'.repeat(128)}`,
    ]) {
      await assert.rejects(secrets.set({ app: null, name, value: 'v' }), withCode('bad-request'), name);
    }
    for (const value of ['', 'tail\0cut', 'v'.repeat(32 * 1024 + 1)]) {
      await assert.rejects(
        secrets.set({ app: null, name: 'KEY', value }),
        (error: Error) => withCode('bad-request')(error) && (value === '' || !error.message.includes(value)),
      );
    }
    await assert.rejects(secrets.set({ app: 'No App', name: 'KEY', value: 'v' }), withCode('bad-request'));
  });

  test('of an app go with its data', async () => {
    await secrets.set({ app: 'bakery', name: 'KEY', value: 'v' });
    await secrets.set({ app: null, name: 'KEY', value: 'v' });
    await secrets.removeOf('bakery');
    assert.deepEqual(
      (await secrets.list()).secrets.map(({ app }) => app),
      [null],
    );
  });
});
