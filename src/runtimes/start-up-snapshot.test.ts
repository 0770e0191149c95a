/**
 * Why there is no `snapshot: true`: what the start-up snapshots of the pinned Node.js do to a function. One
 * of these tests failing is good news; docs/decisions/0012-no-start-up-snapshots.md is then to be read again.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';

interface Ended {
  readonly ok: boolean;
  readonly output: string;
}

function node(args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ ok: error === null, output: error === null ? stdout.trim() : stderr });
    });
  });
}

/** Takes a snapshot after `init` has run. */
async function snapshot(init: string, handler = '0') {
  const folder = await mkdtemp(join(tmpdir(), 'snapshot-test-'));
  const [entry, blob] = [join(folder, 'entry.cjs'), join(folder, 'blob')] as const;
  const main = `require('node:v8').startupSnapshot.setDeserializeMainFunction(async () => console.log(${handler}));`;
  await writeFile(entry, `${init};\n${main}`);
  const built = await node(['--snapshot-blob', blob, '--build-snapshot', entry]);
  return {
    built,
    /** What the handler says in a process of its own. */
    run: () => node(['--snapshot-blob', blob]),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

/** A function's init, and what a request prints; two instances of it. */
async function twoInstances(init: string, handler: string): Promise<[string, string]> {
  await using taken = await snapshot(init, handler);
  assert.ok(taken.built.ok, taken.built.output);
  const [one, other] = await Promise.all([taken.run(), taken.run()]);
  assert.ok(one.ok && other.ok, one.output + other.output);
  return [one.output, other.output];
}

suite('a start-up snapshot of a function', () => {
  test('gives all instances the same "unique" ids, once one was drawn at init', async () => {
    const [one, other] = await twoInstances(
      `const { randomUUID } = require('node:crypto'); randomUUID()`,
      'randomUUID()',
    );
    assert.equal(one, other);
  });

  test('gives all instances the same pool of random bytes, as libraries for ids keep it', async () => {
    const init = `const pool = require('node:crypto').randomBytes(1024); let at = 0;
const nextId = () => pool.subarray(at, (at += 16)).toString('hex')`;
    const [one, other] = await twoInstances(init, 'nextId()');
    assert.equal(one, other);
  });

  test('draws Math.random anew', async () => {
    const [one, other] = await twoInstances('Math.random()', 'Math.random()');
    assert.notEqual(one, other);
  });

  for (const module of ['http', 'https', 'http2', 'tls']) {
    test(`cannot be taken of code that uses node:${module}: the process is aborted`, async () => {
      await using taken = await snapshot(`require('node:${module}')`);
      assert.equal(taken.built.ok, false);
    });
  }

  test('cannot be taken of code in more than one file', async () => {
    await using taken = await snapshot(`require(${JSON.stringify(import.meta.filename)})`);
    assert.match(taken.built.output, /Cannot find module/);
  });

  test('cannot import, then or later', async () => {
    await using taken = await snapshot('', `await import('node:fs')`);
    assert.ok(taken.built.ok, taken.built.output);
    assert.match((await taken.run()).output, /ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING/);
  });
});
