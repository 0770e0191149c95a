import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Provisioning } from './provisioning.ts';

suite('provisioning', () => {
  test('replaces one that crashed at once, and the next that follows it with growing rests', () => {
    const provisioning = new Provisioning(0);
    provisioning.aim(1);
    const rests: number[] = [];
    let nowMs = 0;
    for (let crash = 0; crash < 9; crash++) {
      provisioning.began(nowMs);
      provisioning.crashed(5, nowMs);
      rests.push(provisioning.restMs(nowMs));
      nowMs += provisioning.restMs(nowMs);
    }
    assert.deepEqual(rests, [0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  });

  test('one that stood for long before it crashed is replaced at once, whatever was before', () => {
    const provisioning = new Provisioning(0);
    provisioning.aim(1);
    provisioning.failed(new Error('no'), 0);
    provisioning.began(1_000);
    provisioning.crashed(10_000, 11_000);
    assert.equal(provisioning.restMs(11_000), 0);
  });

  test('failures of the same stroke count as one', () => {
    const provisioning = new Provisioning(0);
    provisioning.aim(5);
    for (let n = 0; n < 5; n++) provisioning.failed(new Error('no'), 0);
    assert.equal(provisioning.restMs(0), 1_000);
  });

  test('is settled when all stand ready, or with the first problem', async () => {
    const provisioning = new Provisioning(0);
    assert.equal(await provisioning.settled(), null, 'none is wanted');
    provisioning.aim(2);
    const ready = provisioning.settled();
    provisioning.began(0);
    provisioning.began(0);
    assert.equal(await ready, null);
    provisioning.aim(3);
    const failed = provisioning.settled();
    const problem = new Error('no');
    provisioning.failed(problem, 0);
    assert.equal(await failed, problem);
  });

  test('measures instances × time, each moment once', () => {
    const provisioning = new Provisioning(0);
    provisioning.aim(2);
    provisioning.began(1_000);
    provisioning.began(2_000);
    assert.equal(provisioning.takeInstanceMs(3_000), 3_000);
    provisioning.ended(4_000);
    assert.equal(provisioning.takeInstanceMs(6_000), 4_000);
  });
});
