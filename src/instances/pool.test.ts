import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Fault, seededRandom } from '../base/index.ts';
import { testSeed } from '../base/testing.ts';
import type { Lease } from './pool.ts';
import { openPool } from './pool-fixture.ts';

/** Lets what has been resolved run on. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
const withCode = (code: string) => (error: unknown) => error instanceof Fault && error.code === code;

suite('a pool', () => {
  test('serves the next request with the instance that was used last', async () => {
    const { pool, instances } = openPool();
    const [first, second] = await Promise.all([pool.lease(null), pool.lease(null)]);
    second.release('reuse');
    first.release('reuse');
    const third = await pool.lease(null);
    assert.equal(third.instance, first.instance);
    assert.equal(instances.length, 2);
  });

  test('tells how an instance was started to its first lease only', async () => {
    const { pool } = openPool();
    const first = await pool.lease(null);
    assert.notEqual(first.coldStart, null);
    first.release('reuse');
    assert.equal((await pool.lease(null)).coldStart, null);
  });

  test('gives every waiting request an instance of its own', async () => {
    const { pool, instances } = openPool({ options: { queueLength: 500 } });
    const leases = await Promise.all(Array.from({ length: 200 }, () => pool.lease(null)));
    assert.equal(new Set(leases.map((lease) => lease.instance)).size, 200);
    assert.equal(instances.length, 200);
  });

  test('serves with whatever is free first, and calls off a start that is no longer needed', async () => {
    const { pool, instances, starting } = openPool({ byHand: true, slots: 1 });
    const first = pool.lease(null);
    await settle();
    const second = pool.lease(null); // its start waits for the only slot
    starting[0]!.finish();
    const held = await first;
    held.release('reuse');
    assert.equal((await second).instance, held.instance);
    await settle();
    assert.equal(starting.length, 1, 'the second start never began');
    assert.equal(instances.length, 1);
  });

  test('freezes an idle instance at freezeAfterMs, and not a millisecond before', async () => {
    const { pool, clock, instances } = openPool({ options: { freezeAfterMs: 50 } });
    (await pool.lease(null)).release('reuse');
    await clock.advance(49);
    assert.deepEqual(pool.states(), ['idle']);
    await clock.advance(1);
    assert.deepEqual(pool.states(), ['frozen']);
    assert.equal(instances[0]!.frozen, true);
    await pool.lease(null);
    assert.equal(instances[0]!.frozen, false);
  });

  test('stops an instance that has been unused for stopAfter, frozen or not', async () => {
    const { pool, clock, instances } = openPool();
    (await pool.lease(null)).release('reuse');
    await clock.advance(59_999);
    assert.deepEqual(pool.states(), ['frozen']);
    await clock.advance(1);
    assert.deepEqual(pool.states(), []);
    assert.equal(instances[0]!.stopped, true);
    assert.equal(pool.empty, true);
  });

  test('does not serve with an instance that crashed while idle', async () => {
    const { pool, instances } = openPool();
    (await pool.lease(null)).release('reuse');
    instances[0]!.crash();
    await settle();
    const lease = await pool.lease(null);
    assert.equal(lease.instance, instances[1]);
  });

  test('does not serve with an instance that has hung up, before its exit is known', async () => {
    const { pool, instances } = openPool();
    const first = await pool.lease(null);
    instances[0]!.open = false;
    first.release('reuse');
    assert.equal(instances[0]!.stopped, true);
    const second = await pool.lease(null);
    second.release('reuse');
    instances[1]!.open = false; // while it is idle
    assert.equal((await pool.lease(null)).instance, instances[2]);
    assert.equal(instances[1]!.stopped, true);
  });

  test('ends an instance that is of no more use, and starts another for who waits', async () => {
    const { pool, instances } = openPool();
    const lease = await pool.lease(null);
    lease.release('discard');
    await settle();
    assert.equal(instances[0]!.stopped, true);
    assert.equal((await pool.lease(null)).instance, instances[1]);
  });

  test('refuses at once when as many wait as may', async () => {
    const { pool } = openPool({ byHand: true, options: { queueLength: 2 } });
    const waiting = [pool.lease(null), pool.lease(null)];
    await assert.rejects(pool.lease(null), withCode('no-capacity'));
    pool.close();
    for (const lease of waiting) await assert.rejects(lease, withCode('shutting-down'));
  });

  test('refuses a request that has waited for queueTimeout', async () => {
    const { pool, clock } = openPool({ byHand: true });
    const late = assert.rejects(pool.lease(null), withCode('queue-timeout'));
    await clock.advance(30_000);
    await late;
  });

  test('forgets a request whose caller has gone, and keeps the instance it would have had', async () => {
    const { pool, starting } = openPool({ byHand: true });
    const caller = new AbortController();
    const left = assert.rejects(pool.lease(caller.signal), /gone/);
    await settle();
    caller.abort(new Error('gone'));
    await left;
    starting[0]!.finish();
    await settle();
    assert.deepEqual(pool.states(), ['idle']);
  });

  test('refuses when more instances were started lately than a burst may have', async () => {
    const { pool, clock } = openPool({ options: { burst: { count: 3, windowMs: 10_000 } } });
    await Promise.all([pool.lease(null), pool.lease(null), pool.lease(null)]);
    await assert.rejects(pool.lease(null), withCode('start-rate-exceeded'));
    await clock.advance(10_000);
    await pool.lease(null);
  });

  test('a start that fails is told to the longest waiter; the others go on waiting', async () => {
    const { pool, starting } = openPool({ byHand: true });
    const first = pool.lease(null);
    const second = pool.lease(null);
    await settle();
    starting[0]!.fail(new Error('no luck'));
    await assert.rejects(first, /no luck/);
    starting[1]!.finish();
    assert.notEqual(await second, undefined);
  });

  test('draining ends the idle at once and the busy when they are done', async () => {
    const { pool, instances } = openPool();
    const [busy, idle] = await Promise.all([pool.lease(null), pool.lease(null)]);
    idle.release('reuse');
    pool.drain();
    await settle();
    assert.deepEqual(pool.states(), ['draining']);
    busy.release('reuse');
    await settle();
    assert.deepEqual(pool.states(), []);
    assert.ok(instances.every((instance) => instance.stopped));
  });

  test('an instance of a superseded version that was still starting ends when nobody waits for it', async () => {
    const { pool, starting } = openPool({ byHand: true });
    const caller = new AbortController();
    const left = assert.rejects(pool.lease(caller.signal), /gone/);
    await settle();
    pool.drain();
    caller.abort(new Error('gone'));
    await left;
    starting[0]!.finish();
    await settle();
    assert.deepEqual(pool.states(), []);
  });

  test('when the node is full a request waits until an instance is free', async () => {
    let room = 1;
    const { pool } = openPool({ admitStart: () => (room-- > 0 ? 'start' : 'wait') });
    const first = await pool.lease(null);
    const second = pool.lease(null);
    await settle();
    first.release('reuse');
    assert.equal((await second).instance, first.instance);
  });

  test('never runs two leases on one instance, and loses none, whatever happens', async (t) => {
    const seed = testSeed();
    t.diagnostic(`seed ${seed}`);
    const random = seededRandom(seed);
    const { pool, clock, instances, bugs } = openPool({ options: { queueLength: 1_000 } });
    const held = new Set<Lease>();
    let asked = 0;
    let answered = 0;
    for (let step = 0; step < 2_000; step++) {
      const dice = random();
      const [any] = held;
      if (dice < 0.45) {
        asked += 1;
        pool.lease(null).then((lease) => {
          answered += 1;
          for (const other of held) assert.notEqual(other.instance, lease.instance);
          held.add(lease);
        });
      } else if (dice < 0.85 && any !== undefined) {
        held.delete(any);
        any.release(random() < 0.9 ? 'reuse' : 'discard');
      } else if (dice < 0.9) {
        instances[Math.floor(random() * instances.length)]?.crash();
      } else await clock.advance(random() * 100);
      await settle();
    }
    await clock.advance(1);
    assert.equal(answered, asked);
    assert.deepEqual(bugs, []);
  });
});
