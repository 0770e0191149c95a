import assert from 'node:assert/strict';
import { after, before, beforeEach, suite, test } from 'node:test';
import { type FakeClock, fakeClock } from '../base/fake-clock.ts';
import { Fault } from '../base/index.ts';
import { type App, type FunctionConfig, functionArn, type LayerWish, queueArn } from '../model/index.ts';
import { configByHand } from '../model/testing.ts';
import { createRegistry, type Registry } from '../registry/index.ts';
import { listenConfiguration, loadConfiguration } from '../store/index.ts';
import { testDatabase } from '../store/testing.ts';
import { type Control, createControl } from './control.ts';
import { functionUrls } from './urls.ts';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);

const LETTERS = {
  ...{ key: 'letters', fifo: true, delayMs: 0, retentionMs: 60_000, receiveWaitMs: 0 },
  ...{ visibilityTimeoutMs: 30_000, deadLetter: null, maxReceiveCount: 3 },
  ...{ contentBasedDeduplication: false, highThroughput: false },
};

function bakery(over: Partial<App> = {}): App {
  const config = configByHand({ database: 'main' });
  const routes = [{ method: 'POST', path: '/orders' }];
  return {
    app: 'bakery',
    hosts: [],
    databases: ['main'],
    functions: [{ key: 'orders', config, reserved: null, provisioned: 0, routes }],
    ...over,
  };
}

suite('the control plane', () => {
  let database: Awaited<ReturnType<typeof testDatabase>>;
  let registry: Registry;
  let control: Control;
  /** What happened outside the store, in order. */
  let done: string[];
  let packages: Set<string>;
  let clock: FakeClock;
  /** Awaited before a database is dropped. */
  let beforeDrop: () => Promise<void>;
  /** What comes of provisioned instances. */
  let startProblem: unknown;
  /** Called while they start. */
  let startedWhile: () => void;

  before(async () => {
    database = await testDatabase();
    await database.sql`insert into skein.artifacts (digest, bytes, chunks) select unnest(${[A, B]}::text[]), 0, 0`;
  });
  after(() => database[Symbol.asyncDispose]());
  beforeEach(async () => {
    const { sql } = database;
    await sql`truncate skein.apps, skein.version_counters, skein.databases, skein.queues cascade`;
    clock = fakeClock();
    beforeDrop = async () => {};
    startProblem = null;
    startedWhile = () => {};
    registry = createRegistry({
      load: (since) => loadConfiguration(sql, since),
      listen: (poke) => listenConfiguration(sql, poke),
      clock,
    });
    await registry.start();
    done = [];
    packages = new Set([A, B]);
    control = createControl({
      sql,
      clock,
      registry,
      artifacts: {
        has: async (digest) => packages.has(digest),
        ensure: async (digest) => done.push(`unpack ${digest[0]}`),
      },
      machine: { requireRunnable: async () => {} },
      databases: {
        async ensure({ app, key }) {
          done.push(`make ${key}`);
          await sql`insert into skein.databases (app, key, database_name, role_name, password)
            values (${app}, ${key}, 'd', 'r', 'p') on conflict do nothing`;
        },
        async drop({ app, key }) {
          await beforeDrop();
          done.push(`drop ${key}`);
          await sql`delete from skein.databases where app = ${app} and key = ${key}`;
        },
      },
      secrets: {
        missing: ({ names }) => names.filter((name) => name !== 'KNOWN'),
        removeOf: async (app) => void done.push(`forget secrets of ${app}`),
      },
      roles: { requireAssumable: ({ nameOrArn }) => nameOrArn, roleAllows: () => true },
      domain: 'localhost',
      accountConcurrency: 1_000,
      urlOf: functionUrls('http://127.0.0.1:8080', 'localhost'),
      instancesOf: () => ({ instances: 2, provisioned: { wanted: 0, ready: 0 } }),
      provisioning: {
        async prepare({ functionName, version }, count) {
          done.push(`start ${count} of ${functionName}:${version}`);
          startedWhile();
          return { problem: startProblem, letGo: () => done.push('let go') };
        },
      },
    });
  });
  const stopRegistry = () => registry.stop();

  test('a deploy answers when this node serves it, with what to call', async (t) => {
    t.after(stopRegistry);
    assert.deepEqual(await control.deploy(bakery(), { orders: A }), {
      app: 'bakery',
      url: 'http://bakery.localhost:8080/',
      functions: [
        { name: 'bakery-orders', version: '1', changed: true, url: 'http://bakery-orders.localhost:8080/' },
      ],
    });
    assert.equal(registry.current().functions.get('bakery-orders')?.aliases.get('live')?.version, 1);
    assert.ok(registry.current().databases.has('bakery/main'));
    assert.deepEqual(done, ['make main', 'unpack a']);
    assert.deepEqual(control.list().functions, [
      {
        provisioned: { wanted: 0, ready: 0 },
        name: 'bakery-orders',
        shape: 'function',
        version: '1',
        url: 'http://bakery-orders.localhost:8080/',
        instances: 2,
      },
    ]);
  });

  const provisioned = (count: number): App => {
    const app = bakery();
    return { ...app, functions: app.functions.map((fn) => ({ ...fn, provisioned: count })) };
  };
  const live = () => registry.current().functions.get('bakery-orders')?.aliases.get('live')?.version;

  test('what is provisioned stands ready before live moves, and is let go after it', async (t) => {
    t.after(stopRegistry);
    await control.deploy(provisioned(2), { orders: A });
    assert.deepEqual(done.slice(2), ['start 2 of bakery-orders:1', 'let go']);
    done = [];
    startedWhile = () => done.push(`live is ${live()}`);
    await control.deploy(provisioned(2), { orders: B });
    assert.deepEqual(done.slice(2), [
      'start 2 of bakery-orders:2',
      'live is 1',
      'start 2 of bakery-orders:2',
      'live is 2',
      'let go',
      'let go',
    ]);
    done = [];
    await control.rollback({ name: 'bakery-orders', to: null });
    assert.deepEqual(done, ['start 2 of bakery-orders:1', 'live is 2', 'let go']);
  });

  test('of what is provisioned by time, what counts at the time of a deploy stands ready', async (t) => {
    t.after(stopRegistry);
    const steps = [{ expression: 'cron(0 1 * * *)', timezone: 'UTC', count: 4, forMs: 3_600_000 }];
    const app = bakery();
    const provisionedPlan = { base: 0, steps };
    const plan = {
      ...app,
      functions: app.functions.map((fn) => ({ ...fn, provisioned: 4, provisionedPlan })),
    };
    await control.deploy(plan, { orders: A });
    assert.deepEqual(done.slice(2), [], 'a quarter past midnight');
    done = [];
    await clock.advance(3_600_000);
    await control.deploy(plan, { orders: B });
    assert.deepEqual(new Set(done.slice(2)), new Set(['start 4 of bakery-orders:2', 'let go']));
    done = [];
    await control.rollback({ name: 'bakery-orders', to: null });
    assert.deepEqual(done, ['start 4 of bakery-orders:1', 'let go']);
  });

  test('more cannot be reserved than there is', async (t) => {
    t.after(stopRegistry);
    const reserving = (app: string, reserved: number): App => {
      const plan = bakery({ app });
      return { ...plan, functions: plan.functions.map((fn) => ({ ...fn, reserved, routes: [] })) };
    };
    await control.deploy(reserving('bakery', 600), { orders: A });
    const refused = { code: 'manifest-invalid', message: /reserves 401.*other apps 600.*1000/ };
    await assert.rejects(control.deploy(reserving('cafe', 401), { orders: A }), refused);
    await control.deploy(reserving('cafe', 400), { orders: A });
    await control.deploy(reserving('bakery', 500), { orders: A });
  });

  test('what cannot stand ready keeps live where it is; a new function is deployed all the same', async (t) => {
    t.after(stopRegistry);
    startProblem = new Fault('no-capacity', 'This machine is full.');
    const failed = { code: 'no-capacity', message: /2 provisioned.*full.*is deployed.*on demand/ };
    await assert.rejects(control.deploy(provisioned(2), { orders: A }), failed);
    assert.equal(live(), 1);
    await assert.rejects(control.deploy(provisioned(2), { orders: B }), { message: /Nothing was changed/ });
    assert.equal(live(), 1);
    startProblem = null;
    const { functions } = await control.deploy(provisioned(2), { orders: B });
    assert.equal(functions[0]?.version, '2', 'the version that was made for the failed one');
  });

  test('a rollback is held up by nothing that cannot be started', async (t) => {
    t.after(stopRegistry);
    await control.deploy(provisioned(1), { orders: A });
    await control.deploy(provisioned(1), { orders: B });
    startProblem = new Error('broken');
    await control.rollback({ name: 'bakery-orders', to: null });
    assert.equal(live(), 1);
  });

  test('a deploy that will be refused makes nothing beforehand', async (t) => {
    t.after(stopRegistry);
    packages.delete(A);
    await assert.rejects(control.deploy(bakery(), { orders: A }), { code: 'artifact-not-found' });
    await assert.rejects(control.deploy(bakery(), {}), { code: 'bad-request', message: /bakery-orders/ });
    await assert.rejects(control.deploy(bakery(), { orders: B, cakes: B }), { message: /"cakes"/ });
    await assert.rejects(control.deploy(bakery({ hosts: ['Other.Localhost'] }), { orders: B }), {
      code: 'manifest-invalid',
      message: /other\.localhost/,
    });
    await control.deploy(bakery({ hosts: ['shop.example'] }), { orders: B });
    done.length = 0;
    await assert.rejects(control.deploy(bakery({ app: 'rival', hosts: ['shop.example'] }), { orders: B }), {
      code: 'route-taken',
    });
    assert.deepEqual(done, []);
  });

  test('a rollback is served when it answers', async (t) => {
    t.after(stopRegistry);
    await control.deploy(bakery(), { orders: A });
    await control.deploy(bakery(), { orders: B });
    assert.deepEqual(await control.rollback({ name: 'bakery-orders', to: null }), {
      name: 'bakery-orders',
      from: '2',
      version: '1',
    });
    assert.equal(registry.current().functions.get('bakery-orders')?.aliases.get('live')?.version, 1);
    const { versions } = await control.versions('bakery-orders');
    assert.deepEqual(
      versions.map(({ version, live }) => [version, live]),
      [
        ['2', false],
        ['1', true],
      ],
    );
  });

  test('destroy keeps the data until it is asked for, also when the app is gone already', async (t) => {
    t.after(stopRegistry);
    await control.deploy(bakery(), { orders: A });
    assert.deepEqual(await control.destroy({ app: 'bakery', data: false }), {
      app: 'bakery',
      functions: ['bakery-orders'],
      databases: [],
      queues: [],
    });
    assert.equal(registry.current().functions.size, 0);
    assert.deepEqual((await control.destroy({ app: 'bakery', data: true })).databases, ['main']);
    assert.deepEqual(done.slice(-2), ['drop main', 'forget secrets of bakery']);
    await assert.rejects(control.destroy({ app: 'bakery', data: true }), { code: 'app-not-found' });
  });

  test('a deploy is refused for a secret, role, layer or function that is not there, and changes nothing', async (t) => {
    t.after(stopRegistry);
    const deploy = (over: Partial<FunctionConfig>, layers: readonly LayerWish[] = []) => {
      const functions = [
        { ...bakery().functions[0]!, config: configByHand({ database: 'main', ...over }), layers },
      ];
      return control.deploy(bakery({ functions }), { orders: A });
    };
    await assert.rejects(deploy({ secrets: ['KNOWN', 'STRIPE_KEY'] }), {
      code: 'secret-not-found',
      message: /secret "STRIPE_KEY" of bakery-orders \("skein secret set STRIPE_KEY"\)/,
    });
    const uses = [{ function: 'shop-price', allow: ['invoke'] as const }];
    await assert.rejects(deploy({ uses }), { code: 'function-not-found', message: /uses "shop-price"/ });
    const arn = 'arn:aws:lambda:us-east-1:000000000000:layer:none:1';
    await assert.rejects(deploy({}, [{ arn }]), { code: 'resource-not-found' });
    await assert.rejects(deploy({}, [{ name: 'x', artifact: 'c'.repeat(64) }]), {
      code: 'artifact-not-found',
    });
    assert.deepEqual(done, []);
    await deploy({ secrets: ['KNOWN'], uses: [{ function: 'bakery-orders', allow: ['invoke'] }] });
    assert.equal(registry.current().functions.size, 1);
  });

  test('a layer of an app is published once, and again when it is another one', async (t) => {
    t.after(stopRegistry);
    const layersAfter = async (artifact: string) => {
      const functions = [{ ...bakery().functions[0]!, layers: [{ name: 'common', artifact }] }];
      await control.deploy(bakery({ functions }), { orders: A });
      const entry = registry.current().functions.get('bakery-orders');
      return entry?.versions.get(entry.aliases.get('live')?.version ?? 0)?.config.layers;
    };
    const arn = 'arn:aws:lambda:us-east-1:000000000000:layer:bakery-common';
    assert.deepEqual(await layersAfter(B), [{ arn: `${arn}:1`, artifact: B }]);
    assert.deepEqual(await layersAfter(B), [{ arn: `${arn}:1`, artifact: B }]);
    assert.deepEqual(await layersAfter(A), [{ arn: `${arn}:2`, artifact: A }]);
  });

  test('who is told of events must be there, or come with the deploy', async (t) => {
    t.after(stopRegistry);
    const told = (over: object, rest: Partial<App> = {}) => {
      const events = {
        ...{ retries: null, maxAgeMs: null, onSuccess: null, onFailure: null },
        deadLetter: null,
        ...over,
      };
      const app = bakery();
      const functions = app.functions.map((fn) => ({ ...fn, config: { ...fn.config, events } }));
      return control.deploy({ ...app, functions, ...rest }, { orders: A });
    };
    const deadLetter = queueArn('bakery-letters');
    await assert.rejects(told({ deadLetter }), { code: 'queue-not-found' });
    await assert.rejects(told({ onFailure: functionArn('none') }), { code: 'function-not-found' });
    assert.equal(registry.current().functions.size, 0);
    const own = { ...LETTERS, fifo: false };
    await assert.rejects(told({ deadLetter }, { queues: [LETTERS] }), { code: 'queue-not-found' });
    await told({ deadLetter, onSuccess: functionArn('bakery-orders') }, { queues: [own] });
    assert.ok(registry.current().queues.has('bakery-letters'));
  });

  test('a deploy makes queues; those it names no more stay, and go with the data', async (t) => {
    t.after(stopRegistry);
    const [failed, jobs] = [
      { ...LETTERS, key: 'failed' },
      { ...LETTERS, key: 'jobs', deadLetter: 'failed' },
    ];
    const settingsOf = (name: string) => registry.current().queues.get(name)?.settings;
    await control.deploy(bakery({ queues: [failed, jobs] }), { orders: A });
    assert.deepEqual(settingsOf('bakery-jobs.fifo')?.redrive, {
      deadLetter: 'bakery-failed.fifo',
      maxReceiveCount: 3,
    });
    const known = registry.current().queues.get('bakery-failed.fifo');
    await control.deploy(bakery({ queues: [{ ...jobs, deadLetter: null, delayMs: 5_000 }] }), { orders: A });
    assert.equal(settingsOf('bakery-jobs.fifo')?.delayMs, 5_000);
    assert.equal(registry.current().queues.get('bakery-failed.fifo'), known);
    const other = { ...bakery({ queues: [{ ...jobs, key: 'y' }] }), app: 'x' };
    await database.sql`update skein.queues set name = 'x-y.fifo' where name = 'bakery-failed.fifo'`;
    await assert.rejects(control.deploy(other, { orders: A }), {
      code: 'queue-exists',
      facts: { queue: 'x-y.fifo', app: 'bakery' },
    });
    assert.ok(!registry.current().functions.has('x-orders'));
    assert.deepEqual((await control.destroy({ app: 'bakery', data: false })).queues, []);
    assert.deepEqual((await control.destroy({ app: 'bakery', data: true })).queues, [
      'bakery-jobs.fifo',
      'x-y.fifo',
    ]);
    assert.deepEqual(
      [...registry.current().queues.keys()].filter((name) => name.startsWith('bakery-jobs.')),
      [],
    );
  });

  test('a deploy waits for a destroy to end, data and all, and not for ever', async (t) => {
    t.after(stopRegistry);
    await control.deploy(bakery(), { orders: A });
    const [dropping, mayDrop] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    beforeDrop = () => {
      dropping.resolve();
      return mayDrop.promise;
    };
    const destroying = control.destroy({ app: 'bakery', data: true });
    await dropping.promise;
    const early = assert.rejects(control.deploy(bakery(), { orders: A }), { code: 'deploy-in-progress' });
    await clock.advance(30_000);
    await early;
    const late = control.deploy(bakery(), { orders: A });
    mayDrop.resolve();
    assert.deepEqual((await destroying).databases, ['main']);
    assert.equal((await late).functions[0]?.changed, true);
    assert.deepEqual(done, [
      ...['make main', 'unpack a', 'drop main', 'forget secrets of bakery'],
      ...['make main', 'unpack a'],
    ]);
    assert.ok(registry.current().databases.has('bakery/main'));
  });
});

test('URLs leave out the port that the scheme has anyway', () => {
  assert.equal(functionUrls('https://0.0.0.0', 'fn.example')('a-b'), 'https://a-b.fn.example/');
});
