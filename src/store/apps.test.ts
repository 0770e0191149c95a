import assert from 'node:assert/strict';
import { after, before, beforeEach, suite, test } from 'node:test';
import type { App, AppFunction, FunctionConfig } from '../model/index.ts';
import { configByHand } from '../model/testing.ts';
import { applyDeploy, checkDeploy, destroyApp, withAppLock } from './apps.ts';
import { currentRevision, listenConfiguration, loadConfiguration } from './configuration.ts';
import type { Sql } from './connect.ts';
import { normalisePath } from './hosts.ts';
import { testDatabase } from './testing.ts';
import { listVersions, rollback } from './versions.ts';

const config = configByHand({ memoryMb: 256, environment: { CURRENCY: 'EUR' } });
const A = 'a'.repeat(64);
const B = 'b'.repeat(64);

function fn(key: string, routes: string[] = [], over: Partial<FunctionConfig> = {}): AppFunction {
  const split = routes.map((route) => {
    const [method = '', path = ''] = route.split(' ');
    return { method, path };
  });
  return { key, config: { ...config, ...over }, reserved: null, provisioned: 0, routes: split };
}

function app(name: string, functions: AppFunction[], hosts: string[] = []): App {
  return { app: name, hosts, databases: [], functions };
}

suite('an app in the database', () => {
  let database: Awaited<ReturnType<typeof testDatabase>>;
  let sql: Sql;

  before(async () => {
    database = await testDatabase();
    sql = database.sql;
    await sql`insert into skein.artifacts (digest, bytes, chunks) select unnest(${[A, B]}::text[]), 0, 0`;
  });
  after(() => database[Symbol.asyncDispose]());
  beforeEach(async () => {
    await sql`truncate skein.apps, skein.version_counters cascade`;
  });

  const put = (wanted: App, artifact = A) =>
    applyDeploy(sql, {
      app: wanted,
      artifacts: Object.fromEntries(wanted.functions.map(({ key }) => [key, artifact])),
    });
  const live = async (name: string) =>
    (await loadConfiguration(sql)).functions.find((entry) => entry.name === name)?.aliases.get('live')
      ?.version;

  test('keeps how many instances are to stand ready when, until a deploy says otherwise', async () => {
    const step = { expression: 'cron(0 8 * * *)', timezone: 'UTC', count: 5, forMs: 3_600_000 };
    const plan = { base: 1, steps: [step] };
    const standing = async () => {
      const [entry] = (await loadConfiguration(sql)).functions;
      const { provisioned, provisionedPlan } = entry!.aliases.get('live')!;
      return { provisioned, provisionedPlan };
    };
    await put(app('bakery', [{ ...fn('orders'), provisioned: 5, provisionedPlan: plan }]));
    assert.deepEqual(await standing(), { provisioned: 5, provisionedPlan: plan });
    await put(app('bakery', [{ ...fn('orders'), provisioned: 2 }]));
    assert.deepEqual(await standing(), { provisioned: 2, provisionedPlan: undefined });
  });

  test('is all there after a deploy, at a higher revision', async () => {
    const before = await currentRevision(sql);
    const deployed = await put(
      app('bakery', [fn('orders', ['POST /orders', 'GET /orders/{id}'])], ['Shop.Example']),
    );
    assert.deepEqual(deployed.functions, [
      { name: 'bakery-orders', slug: 'bakery-orders', version: 1, changed: true },
    ]);
    const stored = await loadConfiguration(sql);
    assert.equal(stored.revision, before + 1);
    assert.equal(stored.revision, deployed.revision);
    const [entry] = stored.functions;
    assert.deepEqual(entry?.versions.get(1)?.config, config);
    assert.equal(entry?.versions.get(1)?.artifact, A);
    assert.deepEqual(
      stored.routes?.map((route) => `${route.host} ${route.method} ${route.path}`),
      [
        'bakery POST /orders',
        'bakery GET /orders/{id}',
        'shop.example POST /orders',
        'shop.example GET /orders/{id}',
      ],
    );
  });

  test('keeps how the sender of a webhook proves itself', async () => {
    const rule = {
      header: 'x-sig',
      algorithm: 'sha1',
      encoding: 'hex',
      prefix: '',
      template: '{body}',
    } as const;
    const webhook = {
      ...({ scheme: 'hmac', secrets: ['NEW', 'OLD'], toleranceMs: null } as const),
      hmac: { ...rule, timestampHeader: null, idHeader: null },
    };
    const orders = fn('orders', ['GET /a']);
    await put(
      app('bakery', [{ ...orders, routes: [...orders.routes, { method: 'POST', path: '/b', webhook }] }]),
    );
    const { routes } = await loadConfiguration(sql);
    assert.deepEqual(
      routes?.map((route) => [route.path, route.webhook]),
      [
        ['/a', undefined],
        ['/b', webhook],
      ],
    );
  });

  test('an unchanged function gets no new version; new code or configuration gives the next', async () => {
    await put(app('bakery', [fn('orders')]));
    assert.deepEqual((await put(app('bakery', [fn('orders')]))).functions[0], {
      name: 'bakery-orders',
      slug: 'bakery-orders',
      version: 1,
      changed: false,
    });
    const reversed = Object.fromEntries(Object.entries(config).toReversed()) as unknown as FunctionConfig;
    const unchanged = await put(app('bakery', [{ ...fn('orders'), config: reversed }]));
    assert.equal(unchanged.functions[0]?.changed, false, 'the order of keys does not matter');
    assert.equal((await put(app('bakery', [fn('orders')]), B)).functions[0]?.version, 2);
    assert.equal(
      (await put(app('bakery', [fn('orders', [], { memoryMb: 512 })]), B)).functions[0]?.version,
      3,
    );
    assert.equal(await live('bakery-orders'), 3);
  });

  test('a version from before there was egress is public, and deployed again unchanged no new one', async () => {
    await put(app('bakery', [fn('orders')]));
    await sql.begin(async (tx) => {
      await tx`set local session_replication_role = replica`; // a version never changes otherwise
      await tx`update skein.versions set config = config - 'egress'`;
    });
    const [entry] = (await loadConfiguration(sql)).functions;
    assert.deepEqual(entry?.versions.get(1)?.config.egress, { mode: 'public' });
    assert.equal((await put(app('bakery', [fn('orders')]))).functions[0]?.changed, false);
    const closed = await put(app('bakery', [fn('orders', [], { egress: { mode: 'none' } })]));
    assert.equal(closed.functions[0]?.version, 2);
  });

  test('what the manifest no longer names is gone, and its version numbers are not used again', async () => {
    await put(app('bakery', [fn('orders', ['GET /a']), fn('cakes', ['GET /b'])]));
    await put(app('bakery', [fn('orders')]));
    const stored = await loadConfiguration(sql);
    assert.deepEqual(
      stored.functions.map((entry) => entry.name),
      ['bakery-orders'],
    );
    assert.deepEqual(stored.routes, []);
    assert.equal((await put(app('bakery', [fn('orders'), fn('cakes')]))).functions[1]?.version, 2);
  });

  test('one refused route changes nothing at all', async () => {
    await put(app('shop', [fn('front', ['GET /x/{id}'])], ['both.example']));
    const revision = await currentRevision(sql);
    const rival = app('rival', [fn('a', ['GET /fine']), fn('b', ['GET /x/{other}'])], ['both.example']);
    await assert.rejects(put(rival), {
      code: 'route-taken',
      message: /GET \/x\/\{other\}.*both\.example.*"shop-front" of app "shop"/s,
    });
    assert.equal(await currentRevision(sql), revision);
    assert.deepEqual(
      (await loadConfiguration(sql)).functions.map((entry) => entry.name),
      ['shop-front'],
    );
  });

  test('two apps share a host when their routes differ', async () => {
    await put(app('shop', [fn('front', ['GET /x'])], ['both.example']));
    await put(app('rival', [fn('front', ['POST /x', 'GET /x/y'])], ['both.example']));
    assert.equal(
      (await loadConfiguration(sql)).routes?.filter((route) => route.host === 'both.example').length,
      3,
    );
  });

  test('a name of another app, or the host label of an app, is refused with its owner', async () => {
    await put(app('a-b', [fn('c')]));
    await assert.rejects(put(app('a', [fn('b-c')])), { code: 'name-taken', message: /"a-b-c" of app "a-b"/ });
    await assert.rejects(put(app('a', [fn('b')])), { code: 'name-taken', message: /app "a-b" has it/ });
    await assert.rejects(put(app('a-b-c', [])), {
      code: 'name-taken',
      message: /function "a-b-c" of app "a-b"/,
    });
  });

  test('two long names with one host label cannot live in one app either', async () => {
    const [name, key] = ['p'.repeat(40), 'k'.repeat(39)];
    await assert.rejects(put(app(name, [fn(`${key}a`), fn(`${key}b`)])), { code: 'name-taken' });
  });

  test('a check says what a deploy would be refused for, and keeps nothing', async () => {
    await checkDeploy(sql, app('bakery', [fn('orders', ['GET /'])]));
    assert.deepEqual((await loadConfiguration(sql)).functions, []);
    await put(app('a-b', [fn('c')]));
    await assert.rejects(checkDeploy(sql, app('a', [fn('b-c')])), { code: 'name-taken' });
  });

  test('of two deploys at once both come through, one after the other', async () => {
    const both = await Promise.all([
      put(app('bakery', [fn('orders')]), A),
      put(app('bakery', [fn('orders')]), B),
    ]);
    const numbers = both.map((deployed) => deployed.functions[0]?.version).toSorted();
    assert.deepEqual(numbers, [1, 2]);
    assert.notEqual(both[0].revision, both[1].revision);
  });

  test('of eight apps that want one route at once exactly one gets it, and none hangs', async () => {
    const rivals = await Promise.allSettled(
      Array.from({ length: 8 }, (_, at) => put(app(`r${at}`, [fn('z', ['GET /one'])], ['one.example']))),
    );
    assert.equal(rivals.filter((outcome) => outcome.status === 'fulfilled').length, 1);
    for (const outcome of rivals) {
      if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'route-taken');
    }
  });

  test('a rollback goes to the version that was live before, and back again', async () => {
    await put(app('bakery', [fn('orders')]), A);
    await put(app('bakery', [fn('orders')]), B);
    assert.deepEqual(
      { ...(await rollback(sql, { name: 'bakery-orders', to: null })), revision: 0 },
      {
        revision: 0,
        from: 2,
        version: 1,
      },
    );
    assert.equal(await live('bakery-orders'), 1);
    assert.equal((await rollback(sql, { name: 'bakery-orders', to: null })).version, 2);
    assert.equal((await rollback(sql, { name: 'bakery-orders', to: 1 })).version, 1);
    assert.equal(
      (await put(app('bakery', [fn('orders')]), B)).functions[0]?.version,
      2,
      'the newest is reused',
    );
    assert.equal(await live('bakery-orders'), 2);
  });

  test('a rollback to what is not there says so', async () => {
    await assert.rejects(rollback(sql, { name: 'nobody', to: null }), { code: 'function-not-found' });
    await put(app('bakery', [fn('orders')]));
    await assert.rejects(rollback(sql, { name: 'bakery-orders', to: null }), { code: 'version-not-found' });
    await assert.rejects(rollback(sql, { name: 'bakery-orders', to: 7 }), {
      code: 'version-not-found',
      message: /no version 7/,
    });
  });

  test('versions are listed newest first, and only so many are kept', async () => {
    await put(app('bakery', [fn('orders')]));
    for (let at = 0; at < 104; at++) await put(app('bakery', [fn('orders')]), at % 2 === 0 ? B : A);
    const rows = await listVersions(sql, 'bakery-orders');
    assert.equal(rows.length, 100);
    assert.equal(rows[0]?.version, 105);
    assert.deepEqual(rows[0]?.aliases, ['live']);
    assert.deepEqual(rows[1]?.aliases, []);
  });

  test('a package that is not stored refuses the deploy', async () => {
    await assert.rejects(put(app('bakery', [fn('orders')]), 'c'.repeat(64)), { code: 'artifact-not-found' });
  });

  test('a version cannot be changed', async () => {
    await put(app('bakery', [fn('orders')]));
    await assert.rejects(sql`update skein.versions set artifact = ${B}`, /immutable/);
  });

  test('a destroyed app frees its names; destroying it again says it is not there', async () => {
    await put(app('a-b', [fn('c', ['GET /'])]));
    assert.deepEqual((await destroyApp(sql, 'a-b')).functions, ['a-b-c']);
    await assert.rejects(destroyApp(sql, 'a-b'), { code: 'app-not-found' });
    await put(app('a', [fn('b-c')]));
  });

  test('two nodes change one app one after the other, and two apps at once', async () => {
    const seen: string[] = [];
    const turn = (name: string) => async () => {
      seen.push(`${name} in`);
      for (let step = 0; step < 3; step++) await sql`select 1`;
      seen.push(`${name} out`);
    };
    await Promise.all([withAppLock(sql, 'bakery', turn('a')), withAppLock(sql, 'bakery', turn('b'))]);
    assert.match(seen.join(', '), /^(a in, a out, b in, b out|b in, b out, a in, a out)$/);
    await withAppLock(sql, 'bakery', () => withAppLock(sql, 'shop', turn('c')));
  });

  test('every change is announced when it is there to be read', async () => {
    const seen = Promise.withResolvers<number>();
    let listening = false;
    const unlisten = await listenConfiguration(sql, () => {
      if (listening) void loadConfiguration(sql).then((stored) => seen.resolve(stored.revision));
    });
    listening = true;
    const deployed = await put(app('bakery', [fn('orders')]));
    assert.equal(await seen.promise, deployed.revision);
    await unlisten();
  });
});

test('two paths are one route when only the names of their parameters differ', () => {
  assert.equal(normalisePath('/a/{b}/{c+}'), '/a/{}/{+}');
  assert.equal(normalisePath('/a/{x}/{proxy+}'), normalisePath('/a/{b}/{c+}'));
  assert.notEqual(normalisePath('/a/{x}'), normalisePath('/a/{x+}'));
});
