import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Fault } from '../base/index.ts';
import { openPool } from './pool-fixture.ts';

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

suite('a pool with provisioned instances', () => {
  test('starts them before anybody asks, and no request pays for their start', async () => {
    const { pool, kinds } = openPool();
    pool.provision(3);
    assert.equal(await pool.provisionSettled(), null);
    assert.deepEqual(kinds, ['provisioned', 'provisioned', 'provisioned']);
    const leases = await Promise.all([pool.lease(null), pool.lease(null), pool.lease(null)]);
    assert.deepEqual(
      leases.map(({ coldStart }) => coldStart),
      [null, null, null],
    );
  });

  test('starts more on demand when all of them are busy, which are stopped in time while they stay', async () => {
    const { pool, clock, kinds } = openPool();
    pool.provision(1);
    await pool.provisionSettled();
    const leases = [await pool.lease(null), await pool.lease(null)];
    assert.notEqual(leases[1]!.coldStart, null, 'spilled over');
    for (const lease of leases) lease.release('reuse');
    await clock.advance(60_000);
    assert.deepEqual(kinds, ['provisioned', 'on-demand']);
    assert.deepEqual(pool.states(), ['frozen'], 'the provisioned one is frozen, and never stopped');
  });

  test('serves with them first, so that what was started on demand grows old', async () => {
    const { pool, instances } = openPool();
    pool.provision(1);
    await pool.provisionSettled();
    const [first, second] = [await pool.lease(null), await pool.lease(null)];
    first.release('reuse');
    second.release('reuse');
    assert.equal((await pool.lease(null)).instance, instances[0]);
  });

  test('replaces one that crashes at once', async () => {
    const { pool, instances } = openPool();
    pool.provision(2);
    await pool.provisionSettled();
    instances[0]!.crash();
    await settle();
    assert.equal(instances.length, 3);
    assert.deepEqual(pool.provisioned, { wanted: 2, ready: 2 });
  });

  test('tries again at its pace when its code cannot initialise, and tells who waits for it', async () => {
    const { pool, clock, starting, instances } = openPool({ byHand: true });
    pool.provision(1);
    const settled = pool.provisionSettled();
    await settle();
    const problem = new Fault('sandbox-failed', 'no');
    starting[0]!.fail(problem);
    assert.equal(await settled, problem);
    await clock.advance(999);
    assert.equal(starting.length, 1);
    await clock.advance(1);
    assert.equal(starting.length, 2);
    starting[1]!.finish();
    await settle();
    assert.equal(instances.length, 1);
    assert.deepEqual(pool.provisioned, { wanted: 1, ready: 1 });
  });

  test('of fewer than before the surplus serves on like all others', async () => {
    const { pool, clock } = openPool();
    pool.provision(3);
    await pool.provisionSettled();
    pool.provision(1);
    assert.deepEqual(pool.provisioned, { wanted: 1, ready: 1 });
    assert.equal(pool.size, 3);
    await clock.advance(60_000);
    assert.equal(pool.size, 1);
  });

  test('spares them when the node needs room', async () => {
    const { pool } = openPool();
    pool.provision(1);
    await pool.provisionSettled();
    assert.equal(pool.oldestIdleMs(), null);
    pool.evictOldest();
    assert.deepEqual(pool.states(), ['idle']);
  });

  test('drains them with all others, and starts no more', async () => {
    const { pool, clock } = openPool();
    pool.provision(2);
    await pool.provisionSettled();
    const lease = await pool.lease(null);
    pool.drain();
    await settle();
    assert.equal(pool.size, 1, 'the busy one finishes');
    lease.release('reuse');
    await clock.advance(60_000);
    assert.equal(pool.size, 0);
    assert.ok(pool.empty);
  });

  test('measures what they have stood ready for, and only that', async () => {
    const { pool, clock } = openPool();
    pool.provision(2);
    await pool.provisionSettled();
    await clock.advance(1_500);
    assert.equal(pool.takeProvisionedMs(), 3_000);
    pool.provision(0);
    await clock.advance(1_000);
    assert.equal(pool.takeProvisionedMs(), 0);
  });
});

suite('a pool that expects somebody', () => {
  test('starts an instance, and whoever comes does not pay for it', async () => {
    const { pool } = openPool();
    assert.equal(pool.prewarm(2_000_000), true);
    await settle();
    assert.equal((await pool.lease(null)).coldStart, null);
  });

  test('starts none where there is one, and keeps that until then', async () => {
    const { pool, clock } = openPool();
    (await pool.lease(null)).release('reuse');
    assert.equal(pool.prewarm(clock.nowMs() + 90_000), false);
    await clock.advance(89_999);
    assert.deepEqual(pool.states(), ['frozen']);
    await clock.advance(1);
    assert.deepEqual(pool.states(), []);
  });

  test('starts one more where all are busy, if a free one is wanted, and not a second one', async () => {
    const { pool, clock } = openPool();
    const busy = await pool.lease(null);
    assert.equal(pool.prewarm(clock.nowMs() + 10_000), false);
    assert.equal(pool.prewarm(clock.nowMs() + 10_000, { free: true }), true);
    assert.equal(pool.prewarm(clock.nowMs() + 10_000, { free: true }), false);
    await settle();
    assert.equal(pool.prewarm(clock.nowMs() + 10_000, { free: true }), false);
    const lease = await pool.lease(null);
    assert.equal(lease.coldStart, null);
    for (const one of [busy, lease]) one.release('reuse');
  });

  test('ends what nobody used, and nothing else', async () => {
    const { pool } = openPool();
    pool.prewarm(2_000_000);
    await settle();
    pool.endUnused();
    await settle();
    assert.equal(pool.size, 0);
    pool.prewarm(2_000_000);
    await settle();
    (await pool.lease(null)).release('reuse');
    pool.endUnused();
    assert.equal(pool.size, 1);
  });
});

suite('a pool on a machine that is short', () => {
  const short = new Fault('no-capacity', 'short of memory');

  test('refuses at once where no instance could become free', async () => {
    const { pool, clock } = openPool({ admitStart: () => short });
    const refused = assert.rejects(pool.lease(null), short);
    await clock.advance(0);
    await refused;
  });

  test('waits a second for a busy instance, and then refuses', async () => {
    let room = 1;
    const { pool, clock } = openPool({ admitStart: () => (room-- > 0 ? 'start' : short) });
    const busy = await pool.lease(null);
    const served = pool.lease(null);
    await clock.advance(500);
    busy.release('reuse');
    const held = await served;
    const refused = assert.rejects(pool.lease(null), short);
    await clock.advance(1_000);
    await refused;
    held.release('reuse');
  });

  test('refuses a start that the processors would come to far too late', async () => {
    const { pool } = openPool({ slotWaitMs: () => 60_001 });
    await assert.rejects(pool.lease(null), { code: 'no-capacity', message: /processors are busy/ });
  });
});
