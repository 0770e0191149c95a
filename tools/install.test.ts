import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { suite, test } from 'node:test';
import { runCommand } from '../test/support/command.ts';

const ROOT = join(import.meta.dirname, '..');
const { installed } = createRequire(import.meta.url)('../bin/install.js') as {
  installed(root: string): boolean;
};

const LOCK = {
  packages: {
    '': {},
    'node_modules/a': { version: '1.0.0' },
    'node_modules/b': { version: '2.0.0', optional: true },
  },
};

function clone(present: Record<string, { version: string }> | null): string {
  const root = mkdtempSync(join(tmpdir(), 'clone-'));
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify(LOCK));
  if (present === null) return root;
  mkdirSync(join(root, 'node_modules/.bin'), { recursive: true });
  writeFileSync(join(root, 'node_modules/.bin/node'), '');
  writeFileSync(join(root, 'node_modules/.package-lock.json'), JSON.stringify({ packages: present }));
  return root;
}

suite('whether a clone is installed', () => {
  test('a fresh clone is not', () => {
    assert.equal(installed(clone(null)), false);
  });
  test('one that npm installed by itself is, without what is optional', () => {
    assert.equal(installed(clone({ 'node_modules/a': { version: '1.0.0' } })), true);
  });
  test('one with another version is not', () => {
    assert.equal(installed(clone({ 'node_modules/a': { version: '1.0.1' } })), false);
  });
  test('one whose lock file has changed since is not', () => {
    const root = clone({ 'node_modules/a': { version: '1.0.0' } });
    assert.equal(installed(root), true);
    const more = { packages: { ...LOCK.packages, 'node_modules/c': { version: '3.0.0' } } };
    writeFileSync(join(root, 'package-lock.json'), JSON.stringify(more));
    assert.equal(installed(root), false);
  });
});

suite('the launcher', () => {
  test('runs a file under Node.js 24 or newer, with its arguments and its exit code', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'launch-'));
    const program = join(folder, 'program.mjs');
    writeFileSync(
      program,
      'console.log(process.versions.node, ...process.argv.slice(2)); process.exitCode = 7;',
    );
    const path = relative(ROOT, program);
    const result = await runCommand('node', [join(ROOT, 'bin/run'), path, 'a', 'b c'], { cwd: folder });
    assert.equal(result.code, 7, result.stderr);
    assert.match(result.stdout, /^(2[4-9]|[3-9]\d)\..* a b c\n$/);
  });

  test('keeps what was made of TypeScript for the next start', async () => {
    const kept = join(mkdtempSync(join(tmpdir(), 'launch-')), 'compiled');
    const env = { ...process.env, NODE_COMPILE_CACHE: kept };
    const result = await runCommand('node', [join(ROOT, 'bin/run'), 'tools/node-version.ts'], { env });
    assert.equal(result.code, 0, result.stderr);
    assert.notEqual(readdirSync(kept, { recursive: true }).length, 0);
  });

  test('passes a signal on, and ends as the program ends', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'launch-'));
    const program = join(folder, 'program.mjs');
    writeFileSync(
      program,
      "process.on('SIGTERM', () => process.exit(6)); setInterval(() => {}, 1e6); console.log('up');",
    );
    const path = relative(ROOT, program);
    const launcher = spawn('node', [join(ROOT, 'bin/run'), path], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(launcher.stdout, 'data');
    launcher.kill('SIGTERM');
    assert.deepEqual(await once(launcher, 'exit'), [6, null]);
  });
});
