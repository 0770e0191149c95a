import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { CompiledFile } from './guest.ts';
import { boot, type Code, call, recordsOf, start } from './guest-fixture.ts';

/** What loads at once is not worth keeping: this takes its time. */
const SLOW = 'for (const end = performance.now() + 10; performance.now() < end; );\n';
const FILES = {
  'index.cjs': `${SLOW}const part = require('./part.cjs');
exports.handler = async () => part.say();`,
  'part.cjs': `exports.say = () => 'hello';`,
};
const CODE: Code = { files: FILES, blank: true };

async function record(code: Code = CODE): Promise<readonly CompiledFile[]> {
  await using running = await boot({ ...code, compileCache: { record: true } });
  return running.guest.notes.compiled;
}

async function folderOf(files: readonly CompiledFile[]) {
  const path = await mkdtemp(join(tmpdir(), 'compiled-test-'));
  for (const { name, bytes } of files) await writeFile(join(path, name), bytes, { mode: 0o444 });
  await chmod(path, 0o555);
  return {
    path,
    async [Symbol.asyncDispose]() {
      await chmod(path, 0o755);
      await rm(path, { recursive: true });
    },
  };
}

suite('compiled code of a Node.js function', () => {
  test('its first instance hands over what its init compiled, a file for each module', async () => {
    const files = await record();
    assert.equal(files.length, 2);
    assert.ok(files.every(({ bytes }) => bytes.length > 0));
  });

  test('what loads at once is not handed over', async () => {
    const files = { 'index.cjs': 'exports.handler = async () => 1;' };
    await using running = await boot({ files, blank: true, compileCache: { record: true } });
    const { loadMs, compiled } = running.guest.notes;
    // A machine may be too busy for anything to load at once.
    assert.ok(loadMs !== null && (loadMs >= 4 || compiled.length === 0));
  });

  test('ES modules are among it', async () => {
    const files = { 'index.mjs': `${SLOW}export const handler = async () => 'hello';` };
    assert.equal((await record({ files, blank: true })).length, 1);
  });

  test('a later instance takes it, although its process had booted before it was told', async () => {
    await using lib = await folderOf([]);
    await chmod(lib.path, 0o755);
    const part = join(lib.path, 'part.cjs');
    await writeFile(part, FILES['part.cjs']);
    const code = `const part = require(${JSON.stringify(part)});\nexports.handler = async () => part.say();`;
    const files = { 'index.cjs': SLOW + code };
    await using folder = await folderOf(await record({ files, blank: true }));

    // The engine tells what it took when it is asked to as its process starts.
    const environment = { NODE_DEBUG_NATIVE: 'COMPILE_CACHE' };
    const running = await boot({ files, environment, compileCache: { use: folder.path } });
    assert.equal(await call(running.guest, {}), 'hello');
    const { loadMs } = running.guest.notes;
    assert.ok(loadMs !== null && loadMs > 0);
    const said = recordsOf(await running.output()).map(({ text }) => text);
    assert.ok(said.some((text) => text.includes(`${part} was accepted`)));
    await running[Symbol.asyncDispose]();
  });

  test('nothing of it is left in /tmp once the handler is loaded', async () => {
    const look = `${SLOW}const fs = require('node:fs');
exports.handler = async () => fs.readdirSync(process.env.TMPDIR);`;
    await using recording = await boot({
      files: { 'index.cjs': look },
      blank: true,
      compileCache: { record: true },
    });
    assert.deepEqual(await call(recording.guest, {}), []);
  });

  test('a folder that is not there, or holds something else, only costs time', async () => {
    await using broken = await folderOf([{ name: '00000000', bytes: Buffer.from('no compiled code') }]);
    for (const use of ['/nowhere/at/all', broken.path]) {
      await using running = await boot({ ...CODE, compileCache: { use } });
      assert.equal(await call(running.guest, {}), 'hello');
    }
  });

  test('an entry that was changed is not run', async () => {
    await using first = await start(CODE);
    const recorded = await recordAt(first.setup.taskRoot);
    const damaged = recorded.map(({ name, bytes }) => ({ name, bytes: bytes.fill(0xff, bytes.length / 2) }));
    await using folder = await folderOf(damaged);
    await first.guest.booted();
    assert.equal(await first.guest.init({ ...first.setup, compileCache: { use: folder.path } }), null);
    assert.equal(await call(first.guest, {}), 'hello');
  });

  test('what a handler sends of it is refused, and ends its instance', async () => {
    const files = {
      'index.cjs': `exports.handler = async () => {
  const frame = Buffer.alloc(5 + 12);
  frame.writeUInt32BE(12, 0);
  frame[4] = 12;
  frame.write('00000000evil', 5);
  require('node:fs').writeSync(3, frame);
};`,
    };
    await using running = await boot({ files, blank: true, compileCache: { record: true } });
    const before = running.guest.notes.compiled.length;
    await assert.rejects(call(running.guest, {}), { name: 'GuestGone' });
    assert.equal(running.guest.notes.compiled.length, before);
  });

  test('it says nothing on its output', async () => {
    const running = await boot({ ...CODE, compileCache: { record: true } });
    assert.deepEqual(recordsOf(await running.output()), []);
    await running[Symbol.asyncDispose]();
  });
});

/** Records what lies in a folder already. */
async function recordAt(taskRoot: string): Promise<readonly CompiledFile[]> {
  await mkdir(taskRoot, { recursive: true });
  await using running = await start(CODE);
  await running.guest.booted();
  await running.guest.init({ ...running.setup, taskRoot, compileCache: { record: true } });
  return running.guest.notes.compiled;
}
