import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { CompiledFile } from './guest.ts';
import { boot, type Code, call, PYTHON, type Running, start } from './guest-fixture.ts';

/** What loads at once is not worth keeping: this takes its time. */
const INDEX = `import time
end = time.perf_counter() + 0.01
while time.perf_counter() < end: pass
import part
def handler(event, context):
    return part.WORD
`;
const CODE: Code = {
  runtime: 'python3.11',
  blank: true,
  files: { 'index.py': INDEX, 'part.py': "WORD = 'one'\n" },
};

/** Records what lies in another one's folder: entries are known by the paths of their files. */
async function recordFor({ setup }: Running): Promise<readonly CompiledFile[]> {
  await using running = await start(CODE);
  const error = await running.guest.init({
    ...{ ...running.setup, taskRoot: setup.taskRoot },
    compileCache: { record: true },
  });
  assert.equal(error, null);
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

const missing = existsSync(PYTHON) ? false : `needs ${PYTHON}`;

suite('compiled code of a Python function', { skip: missing }, () => {
  test('its first instance hands it over, a file for each module; a later one reads it', async () => {
    await using running = await start(CODE);
    const recorded = await recordFor(running);
    assert.equal(recorded.length, 2);

    // The source now says something else, which shows where the word comes from.
    const part = join(running.setup.taskRoot, 'part.py');
    const { atime, mtime } = await stat(part);
    await writeFile(part, "WORD = 'two'\n");
    await utimes(part, atime, mtime);
    await using folder = await folderOf(recorded);
    assert.equal(await running.guest.init({ ...running.setup, compileCache: { use: folder.path } }), null);
    assert.equal(await call(running.guest, {}), 'one');
  });

  test('what was compiled from another state of a file is not run', async () => {
    await using running = await start(CODE);
    const recorded = await recordFor(running);
    await writeFile(join(running.setup.taskRoot, 'part.py'), "WORD = 'another'\n");
    await using folder = await folderOf(recorded);
    assert.equal(await running.guest.init({ ...running.setup, compileCache: { use: folder.path } }), null);
    assert.equal(await call(running.guest, {}), 'another');
  });

  test('a folder that is not there only costs time', async () => {
    await using running = await boot({ ...CODE, compileCache: { use: '/nowhere/at/all' } });
    assert.equal(await call(running.guest, {}), 'one');
  });

  test('what a handler sends of it is refused', async () => {
    const index = `import os, urllib.request, urllib.error, time
time.sleep(0.01)
def handler(event, context):
    url = 'http://' + os.environ['AWS_LAMBDA_RUNTIME_API'] + '/guest/compiled'
    headers = {'Authorization': os.environ['AWS_CONTAINER_AUTHORIZATION_TOKEN']}
    try:
        urllib.request.urlopen(urllib.request.Request(url, b'0' * 20, headers))
    except urllib.error.HTTPError as error:
        return error.code
`;
    await using running = await boot({
      ...CODE,
      files: { 'index.py': index },
      compileCache: { record: true },
    });
    const before = running.guest.notes.compiled.length;
    assert.equal(await call(running.guest, {}), 404);
    assert.equal(running.guest.notes.compiled.length, before);
  });
});
