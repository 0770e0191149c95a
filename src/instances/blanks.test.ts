import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fakeClock } from '../base/fake-clock.ts';
import type { RuntimeName } from '../model/index.ts';
import type { Exit } from '../sandbox/index.ts';
import { Blanks } from './blanks.ts';
import { testVersion } from './pool-fixture.ts';
import { StartSlots } from './start-slots.ts';
import type { Booted } from './starter.ts';

const settle = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
};

function openBlanks({ min = 3, max = 8, failing = false } = {}) {
  const clock = fakeClock();
  const exits: ((exit: Exit) => void)[] = [];
  const discarded: Booted[] = [];
  const problems: unknown[] = [];
  const state = { boots: 0, failing, room: true };
  const starter = {
    canBeBlank: (version: ReturnType<typeof testVersion>) => version.config.runtime !== 'provided.al2023',
    async boot(_runtime: RuntimeName, _memoryMb: number): Promise<Booted> {
      state.boots += 1;
      if (state.failing) throw new Error('no memory');
      const { promise, resolve } = Promise.withResolvers<Exit>();
      exits.push(resolve);
      return { sandbox: { exited: promise } } as unknown as Booted;
    },
    discard: async (booted: Booted) => void discarded.push(booted),
  };
  const slots = new StartSlots(4, () => clock.nowMs());
  const onProblem = (problem: unknown) => void problems.push(problem);
  const blanks = new Blanks({ starter, clock, onProblem, hasRoom: () => state.room, slots }, { min, max });
  return { blanks, clock, exits, discarded, problems, state };
}

suite('blank sandboxes', () => {
  test('are booted ahead for versions in use, and topped up when one is taken', async () => {
    const { blanks, clock, state } = openBlanks();
    blanks.stock([testVersion()]);
    await settle();
    assert.equal(blanks.ready, 3);
    assert.notEqual(blanks.take(testVersion(), true), null);
    await settle();
    assert.equal(state.boots, 3, 'not at once: what was taken has the processor to itself first');
    await clock.advance(100);
    await settle();
    assert.equal(blanks.ready, 3);
    assert.equal(state.boots, 4);
  });

  test('grow with what was taken lately, up to their maximum, and no further', async () => {
    const { blanks, clock } = openBlanks({ max: 5 });
    blanks.stock([testVersion()]);
    await settle();
    for (let taken = 0; taken < 20; taken++) {
      blanks.take(testVersion(), true);
      await clock.advance(100);
      await settle();
    }
    assert.equal(blanks.ready, 5);
  });

  test('keep the last ones for functions that have no instance yet', async () => {
    const { blanks } = openBlanks();
    blanks.stock([testVersion()]);
    await settle();
    assert.notEqual(blanks.take(testVersion(), false), null);
    assert.equal(blanks.ready, 2);
    assert.equal(blanks.take(testVersion(), false), null, 'one function storm may not empty the shelf');
    assert.notEqual(blanks.take(testVersion('shop-other'), true), null);
  });

  test('that nobody would use any more are ended', async () => {
    const { blanks, discarded } = openBlanks();
    blanks.stock([testVersion()]);
    await settle();
    blanks.stock([]);
    assert.equal(discarded.length, 3);
    assert.equal(blanks.ready, 0);
    assert.equal(blanks.take(testVersion(), true), null);
  });

  test('that died are not given away, and are replaced after a rest', async () => {
    const { blanks, clock, exits } = openBlanks({ min: 1 });
    blanks.stock([testVersion()]);
    await settle();
    exits[0]!({ code: 1, signal: null, outOfMemory: false });
    await settle();
    assert.equal(blanks.ready, 0);
    await clock.advance(5_000);
    await settle();
    assert.equal(blanks.ready, 1);
  });

  test('a machine that cannot boot one is told about, and is given a rest', async () => {
    const { blanks, clock, problems, state } = openBlanks({ failing: true });
    blanks.stock([testVersion()]);
    await settle();
    assert.equal(state.boots, 1);
    assert.equal(problems.length, 1);
    state.failing = false;
    await clock.advance(5_000);
    await settle();
    assert.equal(blanks.ready, 3);
  });

  test('are refilled at once, two at a time, when fewer than the reserved ones are left', async () => {
    const { blanks, state } = openBlanks();
    blanks.stock([testVersion()]);
    await settle();
    for (const name of ['shop-a', 'shop-b', 'shop-c']) blanks.take(testVersion(name), true);
    await settle();
    assert.equal(state.boots, 5, 'the third has the processor to itself first');
    assert.equal(blanks.ready, 2);
  });

  test('count first starts, and those that found none', async () => {
    const { blanks } = openBlanks({ min: 1 });
    blanks.stock([testVersion()]);
    await settle();
    blanks.take(testVersion('shop-a'), true);
    blanks.take(testVersion('shop-b'), true);
    blanks.take(testVersion('shop-b'), false);
    assert.deepEqual(blanks.firsts, { asked: 2, missed: 1 });
  });

  test('go when memory is short, and come back when there is some', async () => {
    const { blanks, clock, discarded, state } = openBlanks();
    blanks.stock([testVersion()]);
    await settle();
    state.room = false;
    assert.equal(blanks.giveUp(), true);
    assert.equal(discarded.length, 3);
    assert.equal(blanks.giveUp(), false, 'there are none left');
    blanks.stock([testVersion()]);
    await clock.advance(20_000);
    assert.equal(blanks.ready, 0);
    state.room = true;
    await clock.advance(5_000);
    await settle();
    assert.equal(blanks.ready, 3);
  });

  test('are none when they are turned off', async () => {
    const { blanks, state } = openBlanks({ min: 0, max: 0 });
    blanks.stock([testVersion()]);
    await settle();
    assert.equal(state.boots, 0);
  });
});
