/** What layers bring to a function, in real sandboxes: libraries, modules, programs, a wrapper script. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { openRig, PYTHON, withoutOci } from './rig.ts';

const withoutPython = existsSync(PYTHON) ? false : `${PYTHON} is missing: install python3.11`;
const withoutCompiler = existsSync('/usr/bin/gcc') ? false : 'needs a C compiler';

/** A shared library with one function, compiled here and now. */
function sharedLibrary(body: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'skein-library-'));
  try {
    writeFileSync(join(folder, 'library.c'), body);
    execFileSync('gcc', ['-shared', '-fPIC', '-o', 'library.so', 'library.c'], { cwd: folder });
    return readFileSync(join(folder, 'library.so'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const driver of ['process', 'oci'] as const) {
  const skip = driver === 'oci' && withoutOci;
  suite(`layers, by the ${driver} driver`, { skip }, () => {
    test('a shared library of a layer is found by its name', {
      skip: withoutPython || withoutCompiler,
    }, async () => {
      const answer = (number: number) => ({
        program: sharedLibrary(`int answer(int of) { return of * ${number}; }`),
      });
      await using rig = await openRig(driver, {
        code: {
          'app.py':
            'import ctypes\nlibrary = ctypes.CDLL("libanswer.so")\ndef handler(event, context):\n    return library.answer(event)\n',
        },
        layers: [{ 'lib/libanswer.so': answer(2) }, { 'lib/libanswer.so': answer(3) }],
        config: { runtime: 'python3.11', handler: 'app.handler' },
      });
      assert.equal((await rig.invoke(14)).payload, 42);
    });

    test('modules of layers are found, and the function’s own come first', {
      skip: withoutPython,
    }, async () => {
      const py = (value: string) => `value = ${JSON.stringify(value)}\n`;
      await using python = await openRig(driver, {
        code: {
          'own.py': py('the function’s'),
          'app.py':
            'import own, shared, packaged\ndef handler(event, context):\n    return [own.value, shared.value, packaged.value]\n',
        },
        layers: [
          { 'python/shared.py': py('below'), 'python/own.py': py('the layer’s') },
          {
            'python/shared.py': py('above'),
            'python/lib/python3.11/site-packages/packaged.py': py('a site package'),
          },
        ],
        config: { runtime: 'python3.11', handler: 'app.handler' },
      });
      assert.deepEqual((await python.invoke({})).payload, ['the function’s', 'above', 'a site package']);
      const js = (value: string) => `module.exports = ${JSON.stringify(value)};`;
      await using node = await openRig(driver, {
        code: {
          'node_modules/own/index.js': js('the function’s'),
          'index.js':
            'exports.handler = async () => ["own", "shared", "versioned"].map((name) => require(name));',
        },
        layers: [
          {
            'nodejs/node_modules/shared/index.js': js('a layer’s'),
            'nodejs/node_modules/own/index.js': js('a layer’s'),
            'nodejs/node24/node_modules/versioned/index.js': js('of this version'),
          },
        ],
      });
      const expected = ['the function’s', 'a layer’s', 'of this version'];
      assert.deepEqual((await node.invoke({})).payload, expected);
    });

    test('programs of layers are on the path, and nobody can write in a layer', async () => {
      await using rig = await openRig(driver, {
        code: {
          'index.js': `const { execFileSync } = require('node:child_process');
            const { writeFileSync } = require('node:fs');
            const { dirname } = require('node:path');
            exports.handler = async () => {
              const [word, path] = execFileSync('greet', { encoding: 'utf8' }).trim().split(' ');
              let refused = null;
              try { writeFileSync(dirname(path) + '/new', ''); } catch (error) { refused = error.code; }
              return { word, path, refused };
            };`,
        },
        layers: [{ 'bin/greet': { program: '#!/bin/sh\necho "hello $0"\n' } }],
      });
      const { word, path, refused } = (await rig.invoke({})).payload as Record<string, string>;
      assert.equal(word, 'hello');
      if (driver === 'oci') assert.equal(path, '/opt/bin/greet');
      if (driver === 'oci') assert.equal(refused, 'EROFS');
    });

    test('a wrapper script starts the runtime its own way', async () => {
      const wrapper = {
        program: '#!/bin/sh\nexport WRAPPED="by $0"\nexec "$@"\n',
      };
      for (const runtime of ['nodejs24.x', 'python3.11'] as const) {
        if (runtime === 'python3.11' && withoutPython) continue;
        await using rig = await openRig(driver, {
          code: {
            'index.js': 'exports.handler = async () => process.env.WRAPPED;',
            'index.py': 'import os\ndef handler(event, context):\n    return os.environ["WRAPPED"]\n',
          },
          layers: [{ wrapper }],
          config: { runtime, environment: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/wrapper' } },
        });
        assert.match((await rig.invoke({})).payload as string, /^by \/.*\/wrapper$/);
      }
    });

    test('a wrapper script that is not there is the function’s mistake', async () => {
      await using rig = await openRig(driver, {
        code: { 'index.js': 'exports.handler = async () => 1;' },
        config: { environment: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/nowhere' } },
      });
      const { payload } = await rig.invoke({}, { requestId: 'request-1' });
      assert.deepEqual(payload, {
        errorType: 'Runtime.ExitError',
        errorMessage: 'RequestId: request-1 Error: Runtime exited with error: exit status 127',
      });
    });
  });
}
