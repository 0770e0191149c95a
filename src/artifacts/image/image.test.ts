import assert from 'node:assert/strict';
import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { Fault } from '../../base/index.ts';
import { openArchive } from './archive.ts';
import { imageIn, unpackImage } from './image.ts';
import { dockerSave, type Entry, type ImageByHand, ociFiles, tarOf } from './image-by-hand.ts';

/** A folder with the archive unpacked in it. */
async function unpacked(archive: Buffer) {
  const folder = await mkdtemp(join(tmpdir(), 'skein-image-'));
  const target = join(folder, 'target');
  await writeFile(join(folder, 'image.tar'), archive);
  await mkdir(target);
  const clean = () => rm(folder, { recursive: true, force: true });
  try {
    await unpackImage(join(folder, 'image.tar'), target);
    assert.deepEqual((await readdir(folder)).sort(), ['image.tar', 'target']);
  } catch (error) {
    await clean();
    throw error;
  }
  const at = (path: string) => join(target, 'root', path);
  return { target, at, text: (path: string) => readFileSync(at(path), 'utf8'), [Symbol.asyncDispose]: clean };
}

const missing = (path: string) => lstatSync(path, { throwIfNoEntry: false }) === undefined;
const layersOf = (...layers: Entry[][]): ImageByHand => ({ layers });
const folder = (path: string, mode = 0o755): Entry => ({ path, type: 'Directory', mode });
const link = (path: string, target: string): Entry => ({ path, type: 'SymbolicLink', target });

suite('the layers of an image', () => {
  test('lie over each other: replaced, added to, taken away', async () => {
    await using image = await unpacked(
      dockerSave(
        layersOf(
          [
            folder('app'),
            { path: 'app/a', content: 'old' },
            { path: 'app/b', content: 'b' },
            { path: 'c', content: 'c' },
          ],
          [{ path: './app/a', content: 'new', mode: 0o755 }, { path: 'app/.wh.b' }, { path: '.wh.c' }],
        ),
      ),
    );
    assert.equal(image.text('app/a'), 'new');
    assert.equal(lstatSync(image.at('app/a')).mode & 0o777, 0o755);
    assert.ok(missing(image.at('app/b')));
    assert.ok(missing(image.at('c')));
    assert.ok(missing(image.at('app/.wh.b')));
  });

  test('an opaque folder hides what lower layers had, and nothing of its own', async () => {
    await using image = await unpacked(
      dockerSave(
        layersOf(
          [
            folder('d'),
            { path: 'd/low', content: '1' },
            folder('d/sub'),
            { path: 'd/sub/low', content: '1' },
          ],
          [
            folder('d/sub'),
            { path: 'd/sub/high', content: '2' },
            { path: 'd/.wh..wh..opq' },
            { path: 'd/high', content: '2' },
          ],
        ),
      ),
    );
    assert.deepEqual((await readdir(image.at('d'))).sort(), ['high', 'sub']);
    assert.deepEqual(await readdir(image.at('d/sub')), ['high']);
  });

  test('a folder where a file was, a file where a folder was, hard links', async () => {
    await using image = await unpacked(
      dockerSave(
        layersOf(
          [
            { path: 'x', content: 'file' },
            folder('y'),
            { path: 'y/z', content: 'z' },
            { path: 'one', content: 'same' },
          ],
          [
            folder('x'),
            { path: 'x/in', content: 'in' },
            { path: 'y', content: 'file' },
            { path: 'two', type: 'Link', target: '/one' },
          ],
        ),
      ),
    );
    assert.equal(image.text('x/in'), 'in');
    assert.equal(image.text('y'), 'file');
    assert.equal(image.text('two'), 'same');
    assert.equal(lstatSync(image.at('one')).ino, lstatSync(image.at('two')).ino);
  });

  test('links stay as they are, and lead nowhere outside while layers are written', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'skein-outside-'));
    try {
      await using image = await unpacked(
        dockerSave(
          layersOf(
            [
              folder('usr'),
              folder('usr/lib'),
              link('lib', 'usr/lib'),
              link('out', outside),
              link('up', '../../../../..'),
              link('etc', '/somewhere'),
            ],
            [
              { path: 'lib/real', content: 'through a link' },
              { path: `out/escaped`, content: 'inside' },
              { path: 'up/tmp/climbed', content: 'inside' },
              { path: 'out2', type: 'Link', target: 'out/escaped' },
            ],
          ),
        ),
      );
      assert.equal(image.text('usr/lib/real'), 'through a link');
      assert.deepEqual(await readdir(outside), []);
      assert.equal(image.text(join(outside, 'escaped')), 'inside');
      assert.equal(image.text('tmp/climbed'), 'inside');
      assert.equal(image.text('out2'), 'inside');
      assert.equal(readlinkSync(image.at('out')), outside);
      // What is mounted over is a folder of the image, whatever it was.
      assert.ok(lstatSync(image.at('etc')).isDirectory());
    } finally {
      await rm(outside, { recursive: true });
    }
  });

  test('no file keeps rights to give away, and devices below /dev are left out', async () => {
    await using image = await unpacked(
      dockerSave(
        layersOf([
          { path: 'su', content: '#', mode: 0o6755 },
          folder('open', 0o1777),
          { path: 'dev/null', type: 'CharacterDevice' },
        ]),
      ),
    );
    assert.equal(lstatSync(image.at('su')).mode & 0o7777, 0o755);
    assert.equal(lstatSync(image.at('open')).mode & 0o7777, 0o777);
    assert.ok(missing(image.at('dev/null')));
  });
});

suite('an image', () => {
  const hello = layersOf([{ path: 'hello', content: 'hi' }]);

  test('says how its program is started', async () => {
    const config = {
      Entrypoint: ['/hello'],
      Cmd: ['a', 'b'],
      Env: ['A=1', 'PATH=/x=y'],
      WorkingDir: '/work',
    };
    await using image = await unpacked(dockerSave({ ...hello, config }));
    const found = imageIn(image.target);
    assert.deepEqual(found?.config, {
      entryPoint: ['/hello'],
      command: ['a', 'b'],
      workingDirectory: '/work',
      environment: { A: '1', PATH: '/x=y' },
    });
    assert.ok(lstatSync(image.at('work')).isDirectory());
  });

  test('with a layer that changes nothing', async () => {
    await using image = await unpacked(dockerSave(layersOf([{ path: 'hello', content: 'hi' }], [])));
    assert.equal(image.text('hello'), 'hi');
  });

  for (const [name, pack] of Object.entries({
    gzip: gzipSync,
    zstd: zstdCompressSync,
    plain: (tar: Buffer) => tar,
  })) {
    test(`as an OCI layout with layers in ${name}`, async () => {
      await using image = await unpacked(tarOf(ociFiles(hello, pack)));
      assert.equal(image.text('hello'), 'hi');
    });
  }

  test('an archive that is itself compressed', async () => {
    await using image = await unpacked(gzipSync(dockerSave(hello)));
    assert.equal(image.text('hello'), 'hi');
  });

  test('a file of a zip is never taken for the description of an image', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'skein-image-'));
    await writeFile(join(folder, 'image.json'), '{}', { mode: 0o644 });
    assert.equal(imageIn(folder), null);
    await rm(folder, { recursive: true });
  });

  const damaged = () => {
    const files = ociFiles(hello);
    const layer = files.find(({ path }) => path.startsWith('blobs/'));
    return tarOf(files.map((file) => (file === layer ? { ...file, content: gzipSync(tarOf([])) } : file)));
  };
  const many = (count: number): Entry[] =>
    Array.from({ length: count }, (_, index) => link(`l${index}`, `l${index + 1}`));
  const refusals: [string, () => Buffer, RegExp][] = [
    [
      'for another machine',
      () => dockerSave({ ...hello, architecture: 's390x' }),
      /linux\/s390x, this machine is/,
    ],
    [
      'whose layer is not what was announced',
      () => dockerSave({ ...hello, diffIds: ['0'.repeat(64)] }),
      /SHA-256 is/,
    ],
    ['with a damaged layer', damaged, /a layer is damaged/],
    ['with a path that leaves it', () => dockerSave(layersOf([{ path: 'a/../../b' }])), /leaves the image/],
    ['with a device', () => dockerSave(layersOf([{ path: 'disk', type: 'CharacterDevice' }])), /is a device/],
    [
      'with a pipe',
      () => dockerSave(layersOf([{ path: 'pipe', type: 'FIFO' }])),
      /neither a file, a folder nor a link/,
    ],
    [
      'with a hard link to nothing',
      () => dockerSave(layersOf([{ path: 'a', type: 'Link', target: '../../etc/passwd' }])),
      /leaves the image|no file of the image/,
    ],
    [
      'with a file below a file',
      () => dockerSave(layersOf([{ path: 'a' }, { path: 'a/b' }])),
      /which is a file/,
    ],
    [
      'with links in a circle',
      () => dockerSave(layersOf([...many(60), link('l60', 'l0'), { path: 'l0/x' }])),
      /in a circle/,
    ],
    ['that is cut off', () => dockerSave(hello).subarray(0, 700), /cannot be read as a tar|missing/],
    ['that is something else', () => tarOf([{ path: 'readme' }]), /neither what "docker save" writes/],
    ['that is no tar', () => Buffer.alloc(2_000, 'x'), /cannot be read as a tar/],
    ['with two images', () => tarOf([{ path: 'manifest.json', content: '[{},{}]' }]), /has 2 images/],
  ];
  for (const [name, archive, why] of refusals) {
    test(`${name} is refused`, async () => {
      await assert.rejects(unpacked(archive()), (error) => {
        assert.ok(error instanceof Fault, String(error));
        assert.equal(error.code, 'package-invalid');
        assert.match(error.message, why);
        return true;
      });
    });
  }
});

test('an archive is not unpacked without end, whatever is in it', async () => {
  const into = await mkdtemp(join(tmpdir(), 'skein-archive-'));
  try {
    const file = join(into, 'image.tar');
    await writeFile(file, gzipSync(Buffer.alloc(100_000)));
    await assert.rejects(openArchive(file, { into, platform: { architecture: 'amd64' }, maxBytes: 50_000 }), {
      code: 'package-too-large',
    });
  } finally {
    await rm(into, { recursive: true });
  }
});
