import assert from 'node:assert/strict';
import { lstat, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Fault } from '../base/index.ts';
import { unpack } from './unpack.ts';
import { type HandMade, zipByHand } from './zip-by-hand.ts';

const LIMITS = { unpackedBytes: 4_000_000, packageFiles: 20 };
const LINK = 0o120777;

/** Unpacks into a folder of its own inside a folder that is otherwise empty. */
async function unpacked(
  zip: Buffer | readonly HandMade[],
  look: (folder: string) => Promise<void> = async () => {},
) {
  const around = await mkdtemp(join(tmpdir(), 'skein-unpack-'));
  try {
    const file = join(around, 'package.zip');
    await writeFile(file, Buffer.isBuffer(zip) ? zip : zipByHand(zip as HandMade[]));
    const folder = await mkdtemp(join(around, 'in-'));
    try {
      const result = await unpack(file, folder, LIMITS);
      await look(folder);
      return result;
    } finally {
      assert.deepEqual((await readdir(around)).length, 2, 'nothing was written beside the folder');
    }
  } finally {
    await rm(around, { recursive: true, force: true });
  }
}

suite('unpacking', () => {
  test('gives files, folders and executable bits, whatever the umask', async () => {
    const umask = process.umask(0o077);
    try {
      const zip = [
        { name: 'bootstrap', content: '#!/bin/sh\n', mode: 0o100700 },
        { name: 'lib/', mode: 0o040700 },
        { name: 'lib/deep/er/a.js', content: 'x'.repeat(5000), deflate: true, mode: 0o100600 },
        { name: './empty.txt' },
        { name: 'empty-deflated', deflate: true },
        { name: 'dos.txt', host: 0, mode: 0 },
      ];
      const result = await unpacked(zip, async (folder) => {
        const mode = async (path: string) => (await lstat(join(folder, path))).mode & 0o7777;
        assert.equal(await mode('bootstrap'), 0o755);
        assert.equal(await mode('lib'), 0o755);
        assert.equal(await mode('lib/deep/er'), 0o755);
        assert.equal(await mode('lib/deep/er/a.js'), 0o644);
        assert.equal(await readFile(join(folder, 'lib/deep/er/a.js'), 'utf8'), 'x'.repeat(5000));
        assert.equal(await readFile(join(folder, 'empty.txt'), 'utf8'), '');
        assert.equal(await readFile(join(folder, 'empty-deflated'), 'utf8'), '');
        assert.equal(await mode('dos.txt'), 0o644);
      });
      assert.deepEqual(result, { files: 5, bytes: 5010 });
    } finally {
      process.umask(umask);
    }
  });

  test('a large file comes through whole', async () => {
    const content = Buffer.alloc(3_000_000, 'abcdefg');
    await unpacked([{ name: 'big', content, deflate: true }], async (folder) => {
      assert.ok((await readFile(join(folder, 'big'))).equals(content));
    });
  });

  test('links that stay inside are kept, even to what comes later', async () => {
    const zip = [
      { name: 'bin/tool', content: '../lib/tool.js', mode: LINK },
      { name: 'lib/tool.js', content: 'ok' },
      { name: 'current', content: 'lib', mode: LINK },
    ];
    await unpacked(zip, async (folder) => {
      assert.equal(await readFile(join(folder, 'bin/tool'), 'utf8'), 'ok');
      assert.equal(await realpath(join(folder, 'current')), await realpath(join(folder, 'lib')));
    });
  });

  const refusals: [string, HandMade[], RegExp][] = [
    ['a path with ..', [{ name: '../evil' }], /\.\.\/evil/],
    ['a path with .. inside', [{ name: 'a/../../evil' }], /a\/\.\.\/\.\.\/evil/],
    ['an absolute path', [{ name: '/etc/evil' }], /\/etc\/evil/],
    ['a drive letter', [{ name: 'C:evil' }], /C:evil/],
    ['a backslash', [{ name: '..\\evil' }], /evil/],
    ['a control character', [{ name: 'a\nb' }], /control character/],
    ['a NUL', [{ name: 'a\0b' }], /control character/],
    ['no name', [{ name: './.' }], /has no name/],
    ['a name that no disk takes', [{ name: 'x'.repeat(300) }], /too long a name/],
    [
      'an absolute link',
      [{ name: 'l', content: '/etc/passwd', mode: LINK }],
      /"l" is a link to "\/etc\/passwd", outside/,
    ],
    ['a link out', [{ name: 'a/l', content: '../../up', mode: LINK }], /"a\/l" is a link/],
    [
      'a link to the folder above',
      [{ name: 'l', content: '..', mode: LINK }],
      /"l" is a link to "\.\.", outside/,
    ],
    [
      'a link out through another link',
      [
        { name: 'd/e/' },
        { name: 'd/e/k', content: '../..', mode: LINK },
        { name: 'd/e/m', content: 'k/..', mode: LINK },
      ],
      /"d\/e\/m" is a link to "k\/\.\.", outside/,
    ],
    ['a link to nothing', [{ name: 'l', content: 'gone', mode: LINK }], /where nothing is \(ENOENT\)/],
    ['a link to itself', [{ name: 'l', content: 'l', mode: LINK }], /where nothing is \(ELOOP\)/],
    [
      'a link that is huge',
      [{ name: 'l', content: 'x'.repeat(5000), mode: LINK }],
      /longer than the 1024 bytes/,
    ],
    [
      'a file below a link',
      [{ name: 'l', content: '/tmp', mode: LINK }, { name: 'l/evil' }],
      /lies below "l", which is a link/,
    ],
    ['a file below a file', [{ name: 'a' }, { name: 'a/b' }], /lies below "a", which is a file/],
    ['a file twice', [{ name: 'a' }, { name: './a' }], /is there twice/],
    ['a folder and a file of one name', [{ name: 'a/b' }, { name: 'a' }], /is there twice/],
    ['a device', [{ name: 'null', mode: 0o020666 }], /neither a file, a folder nor a link/],
    ['a pipe', [{ name: 'pipe', mode: 0o010666 }], /neither a file, a folder nor a link/],
    ['an encrypted entry', [{ name: 'a', content: 'x', deflate: true, flags: 0x801 }], /encrypted/],
    ['a strange compression', [{ name: 'a', content: 'x', method: 14 }], /compressed by method 14/],
    ['a wrong checksum', [{ name: 'a', content: 'x', claimedCrc: 1 }], /does not match its checksum/],
    [
      'a wrong checksum of a large file',
      [{ name: 'a', content: Buffer.alloc(2_000_000), deflate: true, claimedCrc: 1 }],
      /checksum/,
    ],
    [
      'a size that is a lie',
      [{ name: 'a', content: 'x'.repeat(5000), deflate: true, claimedBytes: 10 }],
      /"a" is damaged/,
    ],
    [
      'a size of zero that is a lie',
      [{ name: 'a', content: Buffer.alloc(9_000_000), deflate: true, claimedBytes: 0 }],
      /"a" is damaged/,
    ],
    [
      'a large size that is a lie',
      [{ name: 'a', content: Buffer.alloc(3_000_000), deflate: true, claimedBytes: 2_000_000 }],
      /"a" is damaged/,
    ],
    [
      'a size that is too small a lie',
      [{ name: 'a', content: 'abc', deflate: true, claimedBytes: 10 }],
      /another size/,
    ],
    ['data that is no deflate', [{ name: 'a', content: 'garbage', method: 8 }], /"a" is damaged/],
  ];
  for (const [what, entries, expected] of refusals) {
    test(`refuses ${what}, naming the entry`, async () => {
      await assert.rejects(unpacked(entries), (error) => {
        assert.ok(error instanceof Fault, String((error as Error).stack));
        assert.equal(error.code, 'package-invalid');
        assert.match(error.message, expected);
        return true;
      });
    });
  }

  test('refuses what is no zip, and half a zip', async () => {
    const whole = zipByHand([{ name: 'a', content: 'x'.repeat(1000) }]);
    const damaged = Buffer.from(whole);
    damaged.fill(0, whole.length - 60, whole.length - 30);
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from('PK but no'),
      whole.subarray(0, 500),
      whole.subarray(500),
      damaged,
    ]) {
      await assert.rejects(
        unpacked(bytes),
        (error) => error instanceof Fault && error.code === 'package-invalid',
      );
    }
  });

  test('refuses a bomb by what it unpacks to', async () => {
    const bomb = [1, 2].map((n) => ({ name: `zeros${n}`, content: Buffer.alloc(2_500_000), deflate: true }));
    await assert.rejects(
      unpacked(bomb),
      (error) => error instanceof Fault && error.code === 'package-too-large',
    );
  });

  test('refuses too many entries', async () => {
    const many = Array.from({ length: 21 }, (_, index) => ({ name: `f${index}` }));
    await assert.rejects(
      unpacked(many),
      (error) => error instanceof Fault && /21 entries; at most 20/.test(error.message),
    );
  });
});
