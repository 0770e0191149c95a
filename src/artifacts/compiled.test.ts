import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { Version } from '../model/index.ts';
import { type CompiledOrder, createCompiledCode } from './compiled.ts';

const ENOUGH = Buffer.alloc(40 * 1024, 1);

function version(number: number, more: Partial<Version> = {}): Version {
  return {
    functionName: 'shop-hello',
    version: number,
    artifact: 'a'.repeat(64),
    createdAtMs: 1,
    ...more,
  } as Version;
}

async function open(options: { engine?: string; folder?: string; maxBytes?: number } = {}) {
  const home = options.folder ?? (await mkdtemp(join(tmpdir(), 'compiled-test-')));
  const folder = join(home, 'compiled');
  const problems: unknown[] = [];
  const onProblem = (problem: unknown) => void problems.push(problem);
  const { engine = 'v24-x64', maxBytes = 1e9 } = options;
  const compiled = createCompiledCode({ folder, engine, onProblem, maxBytes });
  await compiled.start();
  return {
    home,
    folder,
    compiled,
    problems,
    async keep(of: Version, files = [{ name: '0123abcd', bytes: ENOUGH }]) {
      recording(compiled.orderFor(of)).done(files);
      await compiled.stop();
    },
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}

function recording(order: CompiledOrder | null) {
  assert.equal(order?.kind, 'record');
  return order as Extract<CompiledOrder, { kind: 'record' }>;
}

function used(order: CompiledOrder | null): string {
  assert.equal(order?.kind, 'use');
  return (order as Extract<CompiledOrder, { kind: 'use' }>).folder;
}

suite('compiled code of versions', () => {
  test('the first start records, those beside it go without, later ones read what it handed over', async () => {
    await using store = await open();
    const order = recording(store.compiled.orderFor(version(1)));
    assert.equal(store.compiled.orderFor(version(1)), null);
    order.done([{ name: '0123abcd', bytes: ENOUGH }]);
    assert.equal(store.compiled.orderFor(version(1)), null);
    await store.compiled.stop();
    const folder = used(store.compiled.orderFor(version(1)));
    assert.deepEqual(await readFile(join(folder, '0123abcd')), ENOUGH);
    assert.equal((await stat(folder)).mode & 0o777, 0o755);
    assert.equal((await stat(join(folder, '0123abcd'))).mode & 0o777, 0o444);
  });

  test('an init that failed hands over nothing, and the next start records', async () => {
    await using store = await open();
    recording(store.compiled.orderFor(version(1))).done(null);
    recording(store.compiled.orderFor(version(1)));
  });

  test('no other version, function of that name or engine reads it', async () => {
    await using store = await open();
    await store.keep(version(1));
    used(store.compiled.orderFor(version(1)));
    recording(store.compiled.orderFor(version(2)));
    recording(store.compiled.orderFor(version(1, { functionName: 'shop-other' })));
    recording(store.compiled.orderFor(version(1, { createdAtMs: 2 }))); // deleted and made again
    await using other = await open({ engine: 'v26-x64', folder: store.home });
    recording(other.compiled.orderFor(version(1)));
  });

  test('it outlives the node, but not what it did not finish', async () => {
    await using store = await open();
    await store.keep(version(1));
    await store.keep(version(2), [{ name: '0123abcd', bytes: Buffer.alloc(10) }]);
    await mkdir(join(store.folder, '.incoming', 'new-1'));
    await using again = await open({ folder: store.home });
    used(again.compiled.orderFor(version(1)));
    assert.equal(again.compiled.orderFor(version(2)), null);
    assert.deepEqual(await readdir(join(store.folder, '.incoming')), []);
  });

  test('too little to be worth it is not kept, and not recorded again', async () => {
    await using store = await open();
    await store.keep(version(1), [{ name: '0123abcd', bytes: Buffer.alloc(100) }]);
    assert.equal(store.compiled.orderFor(version(1)), null);
  });

  test('names that could lead elsewhere are not written', async () => {
    await using store = await open();
    const bytes = ENOUGH;
    await store.keep(version(1), [
      { name: '../evil00', bytes },
      { name: '0123abcd', bytes },
      { name: '0123ABCD', bytes },
    ]);
    assert.deepEqual(await readdir(used(store.compiled.orderFor(version(1)))), ['0123abcd']);
    assert.deepEqual(await readdir(store.home), ['compiled']);
  });

  test('only a few record at once', async () => {
    await using store = await open();
    const orders = [1, 2, 3, 4].map((number) => recording(store.compiled.orderFor(version(number))));
    assert.equal(store.compiled.orderFor(version(5)), null);
    orders[0]?.done(null);
    recording(store.compiled.orderFor(version(5)));
  });

  test('where there is too much of it, what was unused for longest goes', async () => {
    await using store = await open({ maxBytes: 2.5 * ENOUGH.length });
    await store.keep(version(1));
    await store.keep(version(2));
    used(store.compiled.orderFor(version(1)));
    await store.keep(version(3));
    used(store.compiled.orderFor(version(1)));
    used(store.compiled.orderFor(version(3)));
    recording(store.compiled.orderFor(version(2)));
  });

  test('what belongs to no version any more goes', async () => {
    await using store = await open();
    await store.keep(version(1));
    await store.keep(version(2));
    const gone = used(store.compiled.orderFor(version(1)));
    const late = recording(store.compiled.orderFor(version(3)));
    await store.compiled.forgetAllBut([version(2)]);
    await assert.rejects(stat(gone), { code: 'ENOENT' });
    used(store.compiled.orderFor(version(2)));
    late.done([{ name: '0123abcd', bytes: ENOUGH }]); // its function was deleted while it started
    await store.compiled.stop();
    recording(store.compiled.orderFor(version(3)));
  });

  test('a disk that takes nothing costs the cache, and is said', async () => {
    await using store = await open();
    await rm(join(store.folder, '.incoming'), { recursive: true });
    await writeFile(join(store.folder, '.incoming'), '');
    await store.keep(version(1));
    assert.equal(store.problems.length, 1);
    assert.equal(store.compiled.orderFor(version(1)), null);
  });
});
