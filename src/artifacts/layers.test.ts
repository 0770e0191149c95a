import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { Fault } from '../base/index.ts';
import { LIMITS } from '../model/index.ts';
import { configByHand, versionByHand } from '../model/testing.ts';
import { createLayers } from './layers.ts';

type Files = Readonly<Record<string, string | { readonly program: string } | { readonly linkTo: string }>>;

/** Packages by name, unpacked by hand. */
async function open(packages: Readonly<Record<string, Files>>) {
  const home = mkdtempSync(join(tmpdir(), 'skein-layers-'));
  let ensured = 0;
  for (const [name, files] of Object.entries(packages)) {
    mkdirSync(join(home, name));
    for (const [path, content] of Object.entries(files)) {
      const target = join(home, name, path);
      mkdirSync(dirname(target), { recursive: true });
      if (typeof content === 'string') writeFileSync(target, content, { mode: 0o644 });
      else if ('program' in content) writeFileSync(target, content.program, { mode: 0o755 });
      else symlinkSync(content.linkTo, target);
    }
  }
  const folder = join(home, '.layers');
  const ensure = async (digest: string) => {
    ensured += 1;
    return join(home, digest);
  };
  const layers = createLayers({ folder, ensure });
  await layers.start();
  return {
    home,
    folder,
    layers,
    again: () => createLayers({ folder, ensure }),
    ensured: () => ensured,
    [Symbol.dispose]: () => rmSync(home, { recursive: true }),
  };
}

function versionWith(...artifacts: string[]) {
  return versionByHand({
    config: configByHand({ layers: artifacts.map((artifact) => ({ arn: '', artifact })) }),
  });
}

suite('layers', () => {
  test('the later lies over the earlier: folders join, files take the place of what was there', async () => {
    using opened = await open({
      code: { index: '' },
      one: {
        'lib/a': 'one',
        'lib/b': 'one',
        'bin/tool': { program: 'one' },
        was: 'a file',
        'turns/into': 'a file',
      },
      two: { 'lib/b': 'two', 'lib/c': 'two', 'was/now': 'a folder', turns: { linkTo: 'lib/c' } },
    });
    const placed = await opened.layers.place(['one', 'two'], 'code');
    assert.ok(placed !== null);
    const read = (path: string) => readFileSync(join(placed.folder, path), 'utf8');
    assert.deepEqual(['lib/a', 'lib/b', 'lib/c', 'was/now', 'turns'].map(read), [
      'one',
      'two',
      'two',
      'a folder',
      'two',
    ]);
    assert.equal(statSync(join(placed.folder, 'bin/tool')).mode & 0o777, 0o755);
    assert.equal(read('bin/tool'), 'one');
    const other = await opened.layers.place(['two', 'one'], 'code');
    assert.equal(readFileSync(join(other?.folder ?? '', 'lib/b'), 'utf8'), 'one', 'the order counts');
  });

  test('one folder serves all with the same layers, also those of the next node', async () => {
    using opened = await open({ code: {}, one: { a: '1' } });
    const [first, second] = await Promise.all([1, 2].map(() => opened.layers.place(['one'], 'code')));
    assert.equal(first, second);
    const ensured = opened.ensured();
    await opened.layers.place(['one'], 'code');
    assert.equal(opened.ensured(), ensured);
    const next = await opened.again().place(['one'], 'code');
    assert.equal(next?.folder, first?.folder);
    assert.equal(await opened.layers.place([], 'code'), null);
  });

  test('extensions are the files of a folder, in order, and whether they may be run', async () => {
    using opened = await open({
      code: {},
      one: {
        'extensions/watch': { program: '#!/bin/sh' },
        'extensions/plain': 'text',
        'extensions/support/library': 'no extension',
      },
    });
    const placed = await opened.layers.place(['one'], 'code');
    assert.deepEqual(placed?.extensions, [
      { name: 'plain', executable: false },
      { name: 'watch', executable: true },
    ]);
  });

  test('nothing is written through a link, wherever the layers together make it lead', async () => {
    using opened = await open({
      code: {},
      // inside its own package, by way of a folder that the next layer makes a link
      one: { 'a/s/f': '', 'a/way': { linkTo: 's/../../out' }, 'out/f': '' },
      two: { 't/f': '', 'a/s': { linkTo: '../t' } },
      three: { 'a/way/evil': 'evil' },
    });
    mkdirSync(join(opened.folder, 'out'));
    const placed = await opened.layers.place(['one', 'two', 'three'], 'code');
    assert.deepEqual(readdirSync(join(opened.folder, 'out')), []);
    assert.equal(readFileSync(join(placed?.folder ?? '', 'a/way/evil'), 'utf8'), 'evil');
  });

  test('extensions are looked for inside of the layers only', async () => {
    using opened = await open({
      code: {},
      one: { 'a/s/f': '', extensions: { linkTo: 'a/s/../../out' }, 'out/f': '' },
      two: { 'a/s': { linkTo: '..' } },
      three: { 'tool/run': { program: '' }, 'extensions/run': { linkTo: '../tool/run' } },
    });
    mkdirSync(join(opened.folder, 'out'));
    writeFileSync(join(opened.folder, 'out/theirs'), '', { mode: 0o755 });
    const outside = await opened.layers.place(['one', 'two'], 'code');
    assert.deepEqual(outside?.extensions, []);
    const inside = await opened.layers.place(['three'], 'code');
    assert.deepEqual(inside?.extensions, [{ name: 'run', executable: true }]);
  });

  test('what could not be put together leaves nothing behind', async () => {
    using opened = await open({ code: {}, one: { a: '1' } });
    await assert.rejects(opened.layers.place(['one', 'gone'], 'code'), { code: 'ENOENT' });
    assert.deepEqual(readdirSync(opened.folder), []);
  });

  test('code and layers together have a limit', async () => {
    const half = 'x'.repeat(1024);
    using opened = await open({ code: { a: half }, one: { b: half } });
    const { bytes } = (await opened.layers.place(['one'], 'code'))!;
    assert.equal(bytes, 1024);
    mkdirSync(join(opened.home, 'large'));
    writeFileSync(join(opened.home, 'large/file'), '');
    truncateSync(join(opened.home, 'large/file'), LIMITS.unpackedBytes); // a hole: it takes no disk
    await assert.rejects(
      opened.layers.place(['one'], 'large'),
      (error) => error instanceof Fault && error.code === 'package-too-large',
    );
  });

  test('what no version has is forgotten', async () => {
    using opened = await open({ code: {}, one: { a: '1' }, two: { a: '2' } });
    const kept = await opened.layers.place(['one', 'two'], 'code');
    await opened.layers.place(['two'], 'code');
    assert.equal(readdirSync(opened.folder).length, 2);
    await opened.layers.forgetAllBut([versionWith('one', 'two'), versionWith()]);
    assert.deepEqual(
      readdirSync(opened.folder).map((name) => join(opened.folder, name)),
      [kept?.folder],
    );
    assert.ok(await opened.layers.place(['two'], 'code'), 'and is made again when it is wanted');
  });
});
