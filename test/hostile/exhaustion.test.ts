/** Attackers that take all they can get: processes, memory, processors, disk, the log. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type Arena, cannot, errorOf, KILLED, openArena } from './arena.ts';

const TIMED_OUT = ['Sandbox.Timedout', 'Task timed out after 3.00 seconds'];

suite('a function that takes all it can get', { skip: cannot ?? false }, () => {
  let arena: Arena;
  before(async () => {
    arena = await openArena({
      small: { runtime: 'node', memory: '128MB' },
      half: { runtime: 'node', memory: '512MB' },
      quick: { runtime: 'node', timeout: '3s' },
      python: { runtime: 'python', memory: '128MB', timeout: '3s' },
      disk: { runtime: 'node', memory: '128MB' },
      wide: { runtime: 'node', memory: '256MB', ephemeral: '1024MB' },
      fast: { runtime: 'node', memory: '1769MB' },
      loud: { runtime: 'node', memory: '1769MB' },
      large: { runtime: 'node', memory: '3008MB', timeout: '120s' },
    });
  });
  after(() => arena?.[Symbol.asyncDispose]());

  for (const fn of ['quick', 'python']) {
    test(`${fn}: a fork bomb runs into its limit of processes and then into its timeout`, async () => {
      assert.deepEqual(errorOf(await arena.attack(fn, 'fork bomb')), TIMED_OUT);
      await arena.nothingSurvives();
    });
  }

  test('a memory hog is killed at 128 MB, and at 512 MB where it has that', async () => {
    const small = await arena.attack('small', 'memory');
    assert.deepEqual(errorOf(small), KILLED);
    assert.ok(
      small.report.maxMemoryMb > 100 && small.report.maxMemoryMb <= 128,
      `${small.report.maxMemoryMb} MB`,
    );
    const half = await arena.attack('half', 'memory');
    assert.deepEqual(errorOf(half), KILLED);
    assert.ok(
      half.report.maxMemoryMb > 450 && half.report.maxMemoryMb <= 512,
      `${half.report.maxMemoryMb} MB`,
    );
    assert.deepEqual(errorOf(await arena.attack('python', 'memory')), KILLED);
    await arena.nothingSurvives();
  });

  test('memory of children counts too', async () => {
    const { functionError } = await arena.attack('quick', 'memory of children');
    assert.equal(functionError, 'Unhandled');
    await arena.nothingSurvives();
  });

  test('a gigabyte of garbage is no reason to be killed at 128 MB', async () => {
    const { payload } = await arena.attack('small', 'churn');
    assert.equal(payload, 1024 ** 3);
  });

  test('a heap of 2 GB has room at 3,008 MB', async () => {
    assert.equal((await arena.attack('large', 'heap', { mb: 2_048 })).payload, 2_048);
  });

  test('a spin gets its share of a processor and no more', async () => {
    const shareOf = async (fn: string) => (await arena.attack(fn, 'share', { ms: 2_000 })).payload as number;
    // Upper bounds only: a busy machine gives less. What one slice was overdrawn by is taken off the next.
    assert.ok((await shareOf('small')) < (128 / 1_769) * 1.2, 'at 128 MB');
    assert.ok((await shareOf('fast')) < 1.05, 'at 1,769 MB');
  });

  test('a spin ends at the timeout', async () => {
    assert.deepEqual(errorOf(await arena.attack('quick', 'spin')), TIMED_OUT);
    await arena.nothingSurvives();
  });

  test('400 MB in /tmp at a memory of 128 MB is no kill; 513 MB is ENOSPC', async () => {
    assert.deepEqual((await arena.attack('disk', 'fill tmp', { mb: 400 })).payload, {
      code: 'done',
      mb: 400,
    });
    assert.deepEqual((await arena.attack('disk', 'fill tmp', { mb: 513 })).payload, {
      code: 'ENOSPC',
      mb: 512,
    });
    assert.deepEqual(
      (await arena.attack('disk', 'fill tmp', { mb: 1 })).payload,
      { code: 'done', mb: 1 },
      'it lives on',
    );
  });

  test('as much of /tmp as the manifest says, and no more', async () => {
    assert.deepEqual((await arena.attack('wide', 'fill tmp', { mb: 1_030 })).payload, {
      code: 'ENOSPC',
      mb: 1_024,
    });
  });

  test('a million tiny files end with ENOSPC', async () => {
    const { payload } = await arena.attack('fast', 'tiny files', { count: 1_000_000 });
    const { code, made } = payload as { code: string; made: number };
    assert.equal(code, 'ENOSPC', JSON.stringify(payload));
    assert.ok(made > 100_000 && made < 262_144, `${made} files`);
    await arena.nothingSurvives();
  });

  test('a gigabyte of prints is bounded, and no failure of the function', async () => {
    const { payload } = await arena.attack('loud', 'print');
    assert.equal(payload, 'fine');
    await arena.nothingSurvives();
  });
});
