import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Fault } from '../base/index.ts';
import type { FunctionConfig } from '../model/index.ts';
import { runnableBy } from './programs.ts';

async function machine(driver: string) {
  const folder = await mkdtemp(join(tmpdir(), 'skein-programs-'));
  const describe = { entryPoint: ['/a'], command: [], workingDirectory: '/', environment: {} };
  const asked: string[] = [];
  const programOf = (runtime: string) => {
    asked.push(runtime);
    if (runtime !== 'python3.14') return { path: '/x', support: null };
    throw new Fault('runtime-unavailable', 'none');
  };
  return {
    asked,
    makeImage: () => writeFile(join(folder, 'image.json'), JSON.stringify(describe), { mode: 0o600 }),
    requireRunnable: runnableBy(programOf, { driver: { name: driver }, codeOf: async () => folder }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

const config = (runtime: FunctionConfig['runtime'], image: FunctionConfig['image'] = null) =>
  ({ runtime, image }) as FunctionConfig;
const refusedAs = (code: string) => (error: unknown) => error instanceof Fault && error.code === code;

suite('what this machine can run', () => {
  test('a runtime that it has; one that the package brings needs nothing', async () => {
    await using on = await machine('process');
    await on.requireRunnable(config('nodejs22.x'), 'a');
    await on.requireRunnable(config('provided.al2023'), 'a');
    assert.deepEqual(on.asked, ['nodejs22.x']);
    await assert.rejects(on.requireRunnable(config('python3.14'), 'a'), refusedAs('runtime-unavailable'));
  });

  test('images by the oci driver alone, and only where the package is one', async () => {
    await using process = await machine('process');
    await process.makeImage();
    const image = config('provided.al2023', {});
    await assert.rejects(process.requireRunnable(image, 'a'), refusedAs('runtime-unavailable'));
    await using oci = await machine('oci');
    await assert.rejects(oci.requireRunnable(image, 'a'), refusedAs('package-invalid'));
    await oci.makeImage();
    await oci.requireRunnable(image, 'a');
    await assert.rejects(oci.requireRunnable(config('nodejs24.x'), 'a'), refusedAs('package-invalid'));
  });
});
