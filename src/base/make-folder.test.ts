import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Fault } from './fault.ts';
import { makeFolder } from './make-folder.ts';

const HOME = { mode: 0o711, what: 'The home', wayOut: 'Choose another.' };

suite('a folder that is wanted', () => {
  test('is made with all that is missing above it, and may be there already', () => {
    const root = mkdtempSync(join(tmpdir(), 'skein-folder-'));
    makeFolder(join(root, 'a/b'), HOME);
    makeFolder(join(root, 'a/b'), HOME);
    assert.equal(statSync(join(root, 'a/b')).mode & 0o777, 0o711);
    rmSync(root, { recursive: true });
  });

  test('is refused below a file, naming both', () => {
    const root = mkdtempSync(join(tmpdir(), 'skein-folder-'));
    writeFileSync(join(root, 'file'), '');
    assert.throws(
      () => makeFolder(join(root, 'file/home'), HOME),
      (error) =>
        error instanceof Fault &&
        error.code === 'option-invalid' &&
        /The home .*file.* cannot be made/.test(error.message),
    );
    rmSync(root, { recursive: true });
  });

  test('is refused where the kernel lets nobody make one', (t) => {
    if (!existsSync('/proc/self')) return t.skip('needs /proc');
    assert.throws(
      () => makeFolder('/proc/skein/home', HOME),
      (error) => error instanceof Fault && /\/proc\/skein is refused/.test(error.message),
    );
  });
});
