import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { findProgram, runtimeFolder } from './programs.ts';

/** A machine with these files; programs are those below a `bin`. Versions are such as no real machine has. */
function machine(files: Readonly<Record<string, string>>) {
  const root = mkdtempSync(join(tmpdir(), 'skein-programs-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text, { mode: name.includes('bin/') ? 0o755 : 0o644 });
  }
  const places = (searchPath: string) => ({
    home: join(root, 'home'),
    searchPath: join(root, searchPath),
    own: { path: '/own/node', version: 'v24.1.0' },
  });
  return { root, places, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}

suite('programs that run functions', () => {
  test('Node.js: the node’s own, one that was added, one on PATH by its headers', () => {
    const header = '#define NODE_MAJOR_VERSION 22\n';
    using on = machine({ 'usr/bin/node': '', 'usr/include/node/node_version.h': header });
    const places = on.places('usr/bin');
    assert.deepEqual(findProgram('nodejs24.x', places), {
      path: '/own/node',
      prefix: '/own/node',
      support: null,
    });
    const path = join(on.root, 'usr/bin/node');
    assert.deepEqual(findProgram('nodejs22.x', places), { path, prefix: path, support: null });
    const added = runtimeFolder(places.home, 'nodejs22.x');
    mkdirSync(join(added, 'bin'), { recursive: true });
    writeFileSync(join(added, 'bin/node'), '', { mode: 0o755 });
    const found = findProgram('nodejs22.x', places);
    assert.deepEqual(found, { path: join(added, 'bin/node'), prefix: added, support: null });
  });

  test('Python: behind a version manager’s shims, with libraries of its own', () => {
    using on = machine({
      'pyenv/shims/x': '',
      'pyenv/versions/3.14.9/bin/python3.14': '',
      'pyenv/versions/3.14.9/lib/libpython3.14.so.1.0': '',
    });
    const prefix = join(on.root, 'pyenv/versions/3.14.9');
    const found = findProgram('python3.14', on.places('pyenv/shims'));
    assert.deepEqual(found, {
      path: join(prefix, 'bin/python3.14'),
      prefix,
      support: null,
      ownLibraries: true,
    });
  });

  test('Java: by its release file, and only with AWS’s client', () => {
    using on = machine({ 'jdk/bin/java': '', 'jdk/release': 'JAVA_VERSION="21.0.4"\n', 'bin/x': '' });
    symlinkSync(join(on.root, 'jdk/bin/java'), join(on.root, 'bin/java'));
    const places = on.places('bin');
    const missing = findProgram('java21', places);
    assert.match(JSON.stringify(missing), /skein runtime add java21/);
    const support = join(runtimeFolder(places.home, 'java21'), 'lib');
    mkdirSync(support, { recursive: true });
    writeFileSync(join(support, 'aws-lambda-java-runtime-interface-client-9.jar'), '');
    const found = findProgram('java21', places);
    assert.ok(found !== null && 'support' in found);
    assert.equal(found.support, support);
    assert.match(found.path, /bin\/java$/);
  });

  test('one that is missing comes with the way to have it; a bootstrap needs none', () => {
    using on = machine({ 'bin/x': '' });
    const fix = (runtime: 'nodejs22.x' | 'python3.14') =>
      JSON.stringify(findProgram(runtime, on.places('bin')));
    assert.match(fix('python3.14'), /apt-get install python3\.14/);
    assert.equal(findProgram('provided.al2023', on.places('bin')), null);
  });
});
