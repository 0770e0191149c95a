import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fakeClock } from '../base/fake-clock.ts';
import type { Version } from '../model/index.ts';
import { Fleet, type FleetOptions } from './fleet.ts';
import { type CountedInstance, countedInstance, POOL_OPTIONS, testVersion } from './pool-fixture.ts';

const MINUTE = 60_000;

function openFleet(options: Partial<FleetOptions> = {}) {
  const clock = fakeClock();
  const machine = { availableMb: 10_000 };
  const instances: CountedInstance[] = [];
  const problems: unknown[] = [];
  const starter = {
    canBeBlank: () => false,
    boot: () => Promise.reject(new Error('no blanks here')),
    discard: async () => {},
    async start(version: Version) {
      const instance = countedInstance(version);
      const stop = instance.stop;
      instance.stop = async () => {
        if (!instance.stopped) machine.availableMb += 40;
        await stop();
      };
      machine.availableMb -= 40;
      instances.push(instance);
      return instance;
    },
  };
  const fleet = new Fleet(
    {
      starter,
      clock,
      memory: { read: async () => ({ availableMb: machine.availableMb }) },
      onProblem: (problem) => problems.push(problem),
    },
    {
      ...POOL_OPTIONS,
      ...{ blanks: { min: 0, max: 0 }, startSlots: 4, maxInstances: 1_000 },
      ...{ memoryReserveMb: 1_000, prewarm: true },
      ...options,
    },
  );
  const use = async (version: Version) => (await fleet.lease(version, null)).release('reuse');
  return { fleet, clock, machine, instances, problems, use };
}

const follow = (fleet: Fleet, versions: readonly Version[], provisioned = 0) =>
  fleet.follow(versions.map((version) => ({ version, provisioned })));

suite('the fleet', () => {
  test('keeps what is provisioned of what is current, and drains the rest', async () => {
    const { fleet, clock } = openFleet();
    const [one, two] = [testVersion('shop-orders', 1), testVersion('shop-orders', 2)];
    follow(fleet, [one], 3);
    await fleet.provisioned();
    assert.deepEqual(fleet.provisionedCounts(), { wanted: 3, ready: 3 });

    const { problem, letGo } = await fleet.prepare(two, 3);
    assert.equal(problem, null);
    assert.equal(fleet.countOf('shop-orders').instances, 6, 'both stand ready while live moves');
    follow(fleet, [two], 3);
    letGo();
    await clock.advance(0);
    assert.equal(fleet.countOf('shop-orders').instances, 3);
    assert.deepEqual(fleet.countOf('shop-orders').provisioned, { wanted: 3, ready: 3 });
    assert.deepEqual(fleet.versions(), [two]);
    await fleet.stop();
  });

  test('a change of something else leaves what is being prepared alone; let go, it ends', async () => {
    const { fleet, clock } = openFleet();
    const [one, two] = [testVersion('shop-orders', 1), testVersion('shop-orders', 2)];
    follow(fleet, [one], 1);
    const { letGo } = await fleet.prepare(two, 2);
    follow(fleet, [one, testVersion('shop-other', 1)], 1);
    await clock.advance(0);
    assert.equal(fleet.countOf('shop-orders').instances, 3);
    letGo();
    await clock.advance(0);
    assert.equal(fleet.countOf('shop-orders').instances, 1);
    await fleet.stop();
  });

  test('a change of one function concerns no other; a version called by its number ends when it is unused', async () => {
    const { fleet, clock, use } = openFleet();
    const [one, two, other] = [
      testVersion('shop-orders', 1),
      testVersion('shop-orders', 2),
      testVersion('shop-other'),
    ];
    follow(fleet, [one, other], 1);
    await fleet.provisioned();
    await use(two);
    fleet.followSome([['shop-orders', [{ version: testVersion('shop-orders', 3), provisioned: 2 }]]]);
    await fleet.provisioned();
    await clock.advance(0);
    const numbers = fleet.versions().map(({ functionName, version }) => `${functionName}:${version}`);
    assert.deepEqual(numbers.toSorted(), ['shop-orders:2', 'shop-orders:3', 'shop-other:1']);
    assert.deepEqual(fleet.countOf('shop-orders').provisioned, { wanted: 2, ready: 2 });
    fleet.followSome([['shop-orders', []]]);
    await clock.advance(60_001);
    assert.deepEqual(fleet.versions(), [other]);
    await fleet.stop();
  });

  test('loses no provisioned time, also of what is gone', async () => {
    const { fleet, clock } = openFleet();
    const one = testVersion('shop-orders', 1);
    follow(fleet, [one], 2);
    await fleet.provisioned();
    await clock.advance(1_000);
    follow(fleet, []);
    await clock.advance(1_000);
    assert.deepEqual(fleet.takeProvisionedTime(), [{ version: one, instanceMs: 2_000 }]);
    assert.deepEqual(fleet.takeProvisionedTime(), []);
    await fleet.stop();
  });

  test('with memory full of the unused instances of 200 functions, a new one still starts', async () => {
    const { fleet, clock, machine, use } = openFleet();
    const versions = Array.from({ length: 200 }, (_, n) => testVersion(`shop-f${n}`));
    follow(fleet, versions);
    machine.availableMb = 9_500;
    for (const version of versions) {
      const used = use(version);
      await clock.advance(100);
      await used;
    }
    assert.equal(fleet.countOf('shop-f0').instances, 1);
    machine.availableMb = 1_005;
    const used = use(testVersion('shop-new'));
    await clock.advance(600);
    await used;
    assert.equal(fleet.countOf('shop-f0').instances, 0, 'the oldest went');
    assert.equal(fleet.countOf('shop-f199').instances, 1, 'the newest stayed');
    await fleet.stop();
  });

  test('short of memory and all busy, it refuses; with room again, it starts', async () => {
    const { fleet, clock, machine } = openFleet();
    await clock.advance(0);
    const busy = await fleet.lease(testVersion('shop-busy'), null);
    machine.availableMb = 1_010;
    await clock.advance(500);
    const refused = assert.rejects(fleet.lease(testVersion('shop-new'), null), { code: 'no-capacity' });
    await clock.advance(0);
    await refused;
    busy.release('discard');
    await clock.advance(500);
    const lease = await fleet.lease(testVersion('shop-new'), null);
    lease.release('reuse');
    await fleet.stop();
  });

  test('has an instance for whoever is known to come, also of what was never called, unless turned off', async () => {
    for (const prewarm of [true, false]) {
      const { fleet, clock, instances } = openFleet({ prewarm });
      const version = testVersion();
      follow(fleet, [version]);
      assert.equal(fleet.expect(version, clock.nowMs() + 5_000), prewarm);
      await clock.advance(5_000);
      assert.equal(instances.length, prewarm ? 1 : 0);
      const lease = await fleet.lease(version, null);
      assert.equal(lease.coldStart === null, prewarm);
      lease.release('reuse');
      await fleet.stop();
    }
  });

  test('starts a function with a steady rhythm before it is due, unless that is turned off', async () => {
    for (const prewarm of [true, false]) {
      const { fleet, clock, instances, use } = openFleet({ prewarm });
      const version = testVersion();
      follow(fleet, [version]);
      for (let n = 0; n < 6; n++) {
        await use(version);
        await clock.advance(10 * MINUTE - 1_000);
        if (n < 5) await clock.advance(1_000);
      }
      assert.equal(fleet.countOf(version.functionName).instances, prewarm ? 1 : 0);
      const lease = await fleet.lease(version, null);
      assert.equal(lease.coldStart === null, prewarm);
      lease.release('reuse');
      assert.equal(instances.length, 7);
      await fleet.stop();
    }
  });
});
