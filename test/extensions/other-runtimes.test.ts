/**
 * Functions in sandboxes of an OCI runtime that passes on the standard descriptors only, as runsc does: runc
 * by a name that nobody knows, of which no more is expected.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { pythonExtension, SAY_ALL, SHELL_EXTENSION } from './programs.ts';
import { openRig, type RigFunction, withoutOci } from './rig.ts';

const folder = mkdtempSync(join(tmpdir(), 'skein-runtime-'));
after(() => rmSync(folder, { recursive: true }));

function open(given: RigFunction) {
  const ociRuntime = join(folder, 'another-runtime');
  rmSync(ociRuntime, { force: true });
  symlinkSync(
    execFileSync('/bin/sh', ['-c', 'PATH=$PATH:/usr/sbin; command -v runc'], { encoding: 'utf8' }).trim(),
    ociRuntime,
  );
  return openRig('oci', { ...given, ociRuntime });
}

const CODE = {
  'index.js': `exports.handler = async (event) => {
  console.log('asked for', event.n);
  if (event.exit) process.exit(event.exit);
  if (event.late) { setTimeout(() => { throw new Error('thrown late'); }); await new Promise(() => setTimeout(() => {}, 60000)); }
  if (event.grow) { const all = []; for (;;) all.push(Buffer.alloc(1e7, 1)); }
  return { n: event.n, ours: Object.keys(process.env).filter((name) => name.startsWith('SKEIN')) };
};`,
};

suite('an OCI runtime that passes on the standard descriptors only', { skip: withoutOci }, () => {
  test('runs functions in Node.js, which call for their channel', async () => {
    await using rig = await open({ code: CODE });
    for (const n of [1, 2, 3]) assert.deepEqual((await rig.invoke({ n })).payload, { n, ours: [] });
    await rig.end();
    assert.match(rig.printed.function.text, /asked for 1\n(.*\n)*.*asked for 3\n/);
  });

  test('tells how they end', async () => {
    await using rig = await open({ code: CODE });
    const errors: unknown[] = [];
    for (const event of [{ exit: 3 }, { late: true }, { grow: true }])
      errors.push((await rig.invoke(event)).payload);
    const types = errors.map((error) => (error as { errorType?: string }).errorType);
    assert.deepEqual(types, ['Runtime.ExitError', 'Error', 'Runtime.ExitError'], JSON.stringify(errors));
    assert.match(String((errors[2] as { errorMessage?: string }).errorMessage), /signal: killed$/);
    assert.deepEqual((await rig.invoke({ n: 1 })).payload, { n: 1, ours: [] });
  });

  test('runs extensions beside them', async () => {
    await using rig = await open({
      code: CODE,
      layers: [{ 'extensions/watcher': pythonExtension(SAY_ALL), 'extensions/shell': SHELL_EXTENSION }],
    });
    assert.deepEqual((await rig.invoke({ n: 1 })).payload, { n: 1, ours: [] });
    await rig.end();
    assert.match(rig.printed.extensions.text, /"eventType": "INVOKE"/);
    assert.match(rig.printed.extensions.text, /shell got .*"shutdownReason":"spindown"/);
    assert.doesNotMatch(rig.printed.extensions.text, /asked for/);
    assert.match(rig.printed.function.text, /asked for 1/);
  });
});
