import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import yauzl from 'yauzl';
import { Fault, type FaultCode } from '../../base/index.ts';
import type { RuntimeName } from '../../model/index.ts';
import { type Packed, packFunction } from './index.ts';

type Files = Readonly<Record<string, string>>;

/** A project folder; its functions' code is in `code`. */
async function project(files: Files) {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'skein-pack-')));
  await mkdir(join(root, 'code'));
  await write(root, files);
  const pack = (handler = 'index.handler', runtime: RuntimeName = 'nodejs24.x', code = './code') =>
    packFunction({ root, code, handler, runtime, key: 'orders' });
  return {
    root,
    at: (path: string) => join(root, path),
    pack,
    /** Packs, unpacks elsewhere and imports the module at `path`. */
    async load(path: string, handler?: string): Promise<Record<string, unknown>> {
      const packed = await pack(handler);
      const target = await mkdtemp(join(root, 'unpacked-'));
      for (const [name, { content }] of await entriesOf(packed))
        await write(target, { [name]: content.toString() });
      return import(pathToFileURL(join(target, path)).href);
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

async function write(root: string, files: Files): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
}

async function entriesOf({ zip }: Packed): Promise<Map<string, { content: Buffer; mode: number }>> {
  const found = new Map<string, { content: Buffer; mode: number }>();
  const file = await yauzl.fromBufferPromise(zip, {});
  for await (const entry of file.eachEntry()) {
    const chunks: Buffer[] = [];
    for await (const chunk of await file.openReadStreamPromise(entry)) chunks.push(chunk as Buffer);
    found.set(entry.fileName, { content: Buffer.concat(chunks), mode: entry.externalFileAttributes >>> 16 });
  }
  return found;
}

async function namesOf(packed: Packed): Promise<string[]> {
  return [...(await entriesOf(packed)).keys()];
}

function fault(code: FaultCode, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof Fault, String((error as Error).stack));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  };
}

suite('packing Node.js code', () => {
  test('TypeScript becomes one module at the handler’s place, whose map names the sources', async () => {
    await using at = await project({
      'code/src/index.ts': `import { double } from '../lib/math.ts';\nimport { three } from 'numbers';\nexport const handler = (n: number): number => double(n) + three;\n`,
      'code/lib/math.ts': 'export function double(n: number): number {\n  return n * 2;\n}\n',
      'code/lib/math.test.ts': 'throw new Error();',
      'code/templates/mail.html': '<p>',
      'code/data.json': '{}',
      'node_modules/numbers/package.json': '{"name":"numbers","main":"index.js"}',
      'node_modules/numbers/index.js': 'exports.three = 3;',
    });
    const packed = await at.pack('src/index.handler');
    assert.deepEqual(await namesOf(packed), [
      'data.json',
      'src/index.mjs',
      'src/index.mjs.map',
      'templates/mail.html',
    ]);
    assert.equal(packed.files, 4);
    const map = JSON.parse((await entriesOf(packed)).get('src/index.mjs.map')!.content.toString());
    assert.deepEqual(map.sources, ['../../node_modules/numbers/index.js', '../lib/math.ts', 'index.ts']);
    assert.match(map.sourcesContent[1], /function double\(n: number\)/);
    const { handler } = await at.load('src/index.mjs', 'src/index.handler');
    assert.equal((handler as (n: number) => number)(4), 11);
  });

  test('bundled CommonJS can require what Node.js has, beside a require of the user’s own', async () => {
    await using at = await project({
      'code/index.mjs': `import { createRequire } from 'node:module';\nimport old from 'old';\nconst require = createRequire(import.meta.url);\nconst __createRequire = 1;\nexport const handler = () => [old(), require('node:path').sep, __createRequire];`,
      'node_modules/old/package.json': '{"name":"old"}',
      'node_modules/old/index.js': `const os = require('os');\nmodule.exports = () => typeof os.cpus;`,
    });
    const { handler } = await at.load('index.mjs');
    assert.deepEqual((handler as () => unknown)(), ['function', '/', 1]);
  });

  test('__dirname works in a bundle, and one that is declared is left alone', async () => {
    await using at = await project({
      'code/index.ts': `import { own } from './own.ts';\nexport const handler = () => [__dirname === import.meta.dirname, own];`,
      'code/own.ts': `const __dirname = 'mine';\nexport const own = __dirname;`,
    });
    const { handler } = await at.load('index.mjs');
    assert.deepEqual((handler as () => unknown)(), [true, 'mine']);
  });

  test('TypeScript that exports the CommonJS way stays CommonJS', async () => {
    await using at = await project({ 'code/index.ts': 'export = { handler: (): number => 7 };\n' });
    assert.deepEqual(await namesOf(await at.pack()), ['index.cjs', 'index.cjs.map']);
    const module = (await at.load('index.cjs')) as { default: { handler: () => number } };
    assert.equal(module.default.handler(), 7);
  });

  test('a script built earlier does not hide its TypeScript', async () => {
    await using at = await project({
      'code/index.ts': 'export const handler = 1;',
      'code/index.js': 'old',
      'code/index.js.map': 'old',
    });
    assert.deepEqual(await namesOf(await at.pack()), ['index.mjs', 'index.mjs.map']);
  });

  test('CommonJS is taken as it is, with its node_modules and without litter', async () => {
    await using at = await project({
      'skein.yaml': '',
      'code/index.js': "exports.handler = require('dep');",
      'code/note.txt~': '',
      'code/.git/HEAD': '',
      'code/.DS_Store': '',
      'code/skein.yaml': '',
      'code/node_modules/dep/index.js': '',
      'code/node_modules/.bin/dep': '',
    });
    assert.deepEqual(await namesOf(await at.pack()), ['index.js', 'node_modules/dep/index.js']);
  });

  const modules: [string, Files][] = [
    [
      'package.json says so',
      { 'code/package.json': '{"type":"module"}', 'code/index.js': 'export const handler = 1' },
    ],
    [
      'a package.json above says so',
      { 'package.json': '{"type":"module"}', 'code/index.js': 'export const handler = 1' },
    ],
    ['its syntax says so', { 'code/index.js': '// hi\nexport const handler = 1' }],
    ['its name says so', { 'code/index.mjs': 'export const handler = 1' }],
  ];
  for (const [what, files] of modules) {
    test(`a script is bundled as an ES module when ${what}`, async () => {
      await using at = await project(files);
      const names = await namesOf(await at.pack());
      assert.ok(names.includes('index.mjs') && !names.includes('index.js'), names.join());
    });
  }

  test('CommonJS with a line that looks like a module is not harmed', async () => {
    const source = 'exports.handler = () => `\nexport of goods\n`;';
    await using at = await project({ 'code/index.js': source });
    assert.equal((await entriesOf(await at.pack())).get('index.js')?.content.toString(), source);
  });

  test('native packages stay outside and bring what they need, each in the right version', async () => {
    await using at = await project({
      'code/index.ts': `import native from 'native';\nimport late from '@scope/late/sub.js';\nexport const handler = [native, late];`,
      'node_modules/native/package.json':
        '{"name":"native","dependencies":{"helper":"1","nested":"1"},"optionalDependencies":{"@native/linux":"1","@native/absent":"1"}}',
      'node_modules/native/index.js': '',
      'node_modules/native/node_modules/nested/package.json':
        '{"name":"nested","dependencies":{"helper":"1"}}',
      'node_modules/@native/linux/package.json': '{"name":"@native/linux","os":["linux"]}',
      'node_modules/@native/linux/a.node': '',
      'node_modules/helper/package.json': '{"name":"helper","version":"1"}',
      'code/node_modules/helper/package.json': '{"name":"helper","version":"2"}',
      'code/node_modules/@scope/late/package.json': '{"name":"@scope/late","dependencies":{"helper":"2"}}',
      'code/node_modules/@scope/late/binding.gyp': '',
      'code/node_modules/@scope/late/sub.js': '',
    });
    const packed = await at.pack();
    const entries = await entriesOf(packed);
    assert.deepEqual(
      [...entries.keys()].filter((name) => name.endsWith('package.json')),
      [
        'node_modules/@native/linux/package.json',
        'node_modules/@scope/late/node_modules/helper/package.json',
        'node_modules/@scope/late/package.json',
        'node_modules/helper/package.json',
        'node_modules/native/node_modules/nested/package.json',
        'node_modules/native/package.json',
      ],
    );
    assert.match(entries.get('node_modules/helper/package.json')!.content.toString(), /"1"/);
    assert.match(
      entries.get('node_modules/@scope/late/node_modules/helper/package.json')!.content.toString(),
      /"2"/,
    );
    assert.deepEqual(packed.notes, ['native packages taken along: @scope/late, native']);
  });

  test('an export that is not there is noted', async () => {
    await using at = await project({ 'code/index.ts': 'export const handle = 1;' });
    assert.deepEqual((await at.pack()).notes, [
      'warning: index.ts does not export `handler`; it exports handle',
    ]);
  });

  test('a syntax error is told with file, line and column', async () => {
    await using at = await project({
      'code/index.ts': "import './other.ts';\n",
      'code/other.ts': '\nconst = 1;',
    });
    await assert.rejects(at.pack(), fault('package-invalid', /^other\.ts:2:7: /));
  });

  test('a package that is not installed, and a file that is not there, are named', async () => {
    await using at = await project({ 'code/index.ts': "import 'zodd';\nimport './gone.ts';" });
    await assert.rejects(
      at.pack(),
      fault(
        'package-invalid',
        /index\.ts:1:8: could not find "zodd".*`npm install zodd`\nindex\.ts:2:8: could not find "\.\/gone\.ts"/,
      ),
    );
  });

  test('a handler whose file is missing says what was looked for and what is there', async () => {
    await using at = await project({ 'code/src/index.ts': '', 'code/readme.md': '' });
    await assert.rejects(
      at.pack('src/indx.handler'),
      fault(
        'manifest-invalid',
        /functions\.orders\.handler: .*looked for src\/indx\.ts, .*there is src\/index\.ts\./,
      ),
    );
    await assert.rejects(at.pack('index'), fault('manifest-invalid', /"index" is not file\.export/));
    await assert.rejects(at.pack('../index.handler'), fault('manifest-invalid', /is not file\.export/));
  });
});

suite('packing other code', () => {
  test('Python is taken as it is; a module may be a file, a package or deeper', async () => {
    await using at = await project({
      'code/app.py': '',
      'code/pkg/__init__.py': '',
      'code/pkg/sub/mod.py': '',
      'code/__pycache__/a.pyc': '',
    });
    for (const handler of ['app.handler', 'pkg.handler', 'pkg.sub.mod.handler', 'pkg/sub/mod.handler']) {
      assert.deepEqual(await namesOf(await at.pack(handler, 'python3.11')), [
        'app.py',
        'pkg/__init__.py',
        'pkg/sub/mod.py',
      ]);
    }
    await assert.rejects(
      at.pack('ap.handler', 'python3.11'),
      fault('manifest-invalid', /looked for ap\.py, ap\/__init__\.py; there is app\.py/),
    );
  });

  test('a handler that is a program is taken as it is: a wrapper script starts it', async () => {
    const files = { 'code/run.sh': '#!/bin/sh\nexec node server.js\n', 'code/server.js': 'void 0;' };
    await using at = await project(files);
    await assert.rejects(at.pack('run.sh'), fault('manifest-invalid', /looked for run\.ts/));
    await chmod(at.at('code/run.sh'), 0o755);
    for (const runtime of ['nodejs24.x', 'python3.11'] as const) {
      const entries = await entriesOf(await at.pack('run.sh', runtime));
      assert.deepEqual([...entries.keys()], ['run.sh', 'server.js']);
      assert.equal((entries.get('run.sh')?.mode ?? 0) & 0o777, 0o755);
    }
  });

  test('a bootstrap has to be there and to be executable', async () => {
    await using at = await project({ 'code/data.txt': '' });
    const pack = () => at.pack('bootstrap', 'provided.al2023');
    await assert.rejects(pack(), fault('manifest-invalid', /there is no file `bootstrap`/));
    await write(at.root, { 'code/bootstrap': '#!/bin/sh\n' });
    await chmod(at.at('code/bootstrap'), 0o644);
    await assert.rejects(pack(), fault('manifest-invalid', /is not an executable file; run `chmod \+x/));
    await chmod(at.at('code/bootstrap'), 0o700);
    const entries = await entriesOf(await pack());
    assert.equal(entries.get('bootstrap')!.mode, 0o100755);
    assert.equal(entries.get('data.txt')!.mode, 0o100644);
  });

  test('the same files give the same zip, whatever their dates and the umask', async () => {
    await using one = await project({ 'code/index.js': '1', 'code/a/b.txt': 'b' });
    await using two = await project({ 'code/a/b.txt': 'b', 'code/index.js': '1' });
    await utimes(two.at('code/index.js'), 1, 1);
    await chmod(two.at('code/index.js'), 0o600);
    const [first, second] = [await one.pack(), await two.pack()];
    assert.equal(first.sha256, second.sha256);
    await write(two.root, { 'code/index.js': '2' });
    assert.notEqual((await two.pack()).sha256, first.sha256);
  });

  test('links inside are followed; links out, to nothing and in circles are refused', async () => {
    await using at = await project({ 'code/index.js': '1', 'code/lib/a.txt': 'a', 'secret.txt': 's' });
    await symlink('lib', at.at('code/also'));
    assert.deepEqual(await namesOf(await at.pack()), ['also/a.txt', 'index.js', 'lib/a.txt']);
    const links: [string, RegExp][] = [
      ['../secret.txt', /^link is a link to .*secret\.txt, outside/],
      ['gone', /^link is a link to nothing/],
      ['.', /^link is a link to a folder that it is in/],
    ];
    for (const [target, message] of links) {
      await symlink(target, at.at('code/link'));
      await assert.rejects(at.pack(), fault('package-invalid', message));
      await rm(at.at('code/link'));
    }
  });

  test('too much is refused by its size alone, naming the largest files', async () => {
    await using at = await project({ 'code/index.js': '1', 'code/big.bin': '', 'code/bigger.bin': '' });
    await truncate(at.at('code/big.bin'), 120 * 1024 * 1024);
    await truncate(at.at('code/bigger.bin'), 180 * 1024 * 1024);
    await assert.rejects(
      at.pack(),
      fault('package-too-large', /larger than 250 MB unpacked.*bigger\.bin \(180 MB\), big\.bin \(120 MB\)/),
    );
  });
});

suite('code that is named in a manifest', () => {
  test('a ready zip is taken as it is', async () => {
    await using at = await project({ 'code/index.js': '1' });
    const { zip, sha256 } = await at.pack();
    await writeFile(at.at('ready.zip'), zip);
    const ready = await at.pack('index.handler', 'nodejs24.x', 'ready.zip');
    assert.ok(ready.zip.equals(zip));
    assert.equal(ready.sha256, sha256);
  });

  test('a ready zip without what its handler names is refused, with what it holds', async () => {
    await using at = await project({ 'code/index.js': '1', 'code/lib/app.py': '' });
    await writeFile(at.at('ready.zip'), (await at.pack()).zip);
    const missing = (message: RegExp) => fault('manifest-invalid', message);
    await assert.rejects(
      at.pack('main.handler', 'nodejs24.x', 'ready.zip'),
      missing(/handler: .*"main\.handler".*main\.js.*it holds index\.js/),
    );
    await assert.rejects(
      at.pack('bootstrap', 'provided.al2023', 'ready.zip'),
      missing(/looked for bootstrap;/),
    );
    await at.pack('lib.app.handler', 'python3.11', 'ready.zip');
  });

  test('what is not there, is no folder, is no zip or is too long a zip is refused', async () => {
    await using at = await project({ 'file.txt': '', 'text.zip': 'hello', 'long.zip': '' });
    await truncate(at.at('long.zip'), 300 * 1024 * 1024);
    const cases: [string, FaultCode, RegExp][] = [
      ['gone', 'manifest-invalid', /functions\.orders\.code: .*gone does not exist/],
      ['file.txt/x', 'manifest-invalid', /does not exist/],
      ['file.txt', 'manifest-invalid', /is a file, but no \.zip/],
      ['text.zip', 'package-invalid', /is not a zip file/],
      ['long.zip', 'package-too-large', /a zip of 300 MB; at most 250 MB/],
      ['/dev/null', 'manifest-invalid', /neither a folder nor a \.zip/],
    ];
    for (const [code, expected, message] of cases) {
      await assert.rejects(at.pack('index.handler', 'nodejs24.x', code), fault(expected, message));
    }
  });
});
