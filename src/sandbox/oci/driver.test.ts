import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { sandboxContract } from '../contract.ts';
import { openOutput } from '../output-for-tests.ts';
import {
  channelContract,
  companionContract,
  isolationContract,
  programContract,
} from '../program-contract.ts';
import type { SandboxSpec } from '../sandbox.ts';
import { type OpenDriver, openDriver, openStandardDriver, problem, sh } from './driver-fixture.ts';

const GROW = 'x=$(head -c 250000000 /dev/zero | tr "\\0" x); sleep 600';

if (problem === null) {
  const ways = [
    ['oci', () => openDriver()],
    ['oci (standard descriptors only)', openStandardDriver],
  ] as const;
  for (const [name, open] of ways) {
    sandboxContract(name, open, {
      wait: sh('sleep 600'),
      exit3: sh('exit 3'),
      grow: sh(GROW),
      missing: ['/nowhere/program'],
    });
    programContract(name, open);
    companionContract(name, open);
    isolationContract(name, open);
  }
  channelContract('oci', () => openDriver());
}

const PLAIN = {
  ...{ memoryMb: 128, ephemeralMb: 512, egress: { mode: 'none' } as const },
  codeDir: null,
  channel: false,
  environment: {},
  onAddress: () => {},
};

async function start(opened: OpenDriver, script: string, more: Partial<SandboxSpec> = {}) {
  const output = await openOutput();
  const sandbox = await opened.driver.start({
    ...{ ...PLAIN, id: 'one', argv: sh(script), output: output.socket },
    ...more,
  });
  return { sandbox, output };
}

async function run(script: string, more: Partial<SandboxSpec> = {}): Promise<string> {
  await using opened = await openDriver();
  const { sandbox, output } = await start(opened, script, more);
  await sandbox.gone;
  for (const folder of ['bundles', 'slots', 'state']) {
    assert.deepEqual(readdirSync(join(opened.home, 'oci', folder)), [], `${folder} is empty again`);
  }
  return await output.text;
}

suite('the oci driver', { skip: problem ?? false }, () => {
  test('nothing of the host environment leaks in', async () => {
    const names = (await run('env', { environment: { GREETING: 'hello' } }))
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0]);
    assert.deepEqual(names.sort(), ['GREETING', 'HOME', 'PWD', 'TMPDIR']);
  });

  test('code is an unprivileged user without capabilities', async () => {
    const text = await run('id -u; id -g; id -G; grep -E "CapEff|NoNewPrivs|Seccomp:" /proc/self/status');
    assert.deepEqual(text.trim().split(/\s+/), [
      ...['993', '990', '990'],
      ...['CapEff:', '0000000000000000', 'NoNewPrivs:', '1', 'Seccomp:', '2'],
    ]);
  });

  test('links of code go back when a sandbox is gone, and serve the next', async () => {
    await using opened = await openDriver();
    const code = join(opened.home, 'code');
    mkdirSync(code);
    writeFileSync(join(code, 'word'), 'hello');
    const trees = join(opened.home, 'oci', 'trees');
    for (let n = 0; n < 4; n++) {
      const { sandbox } = await start(opened, 'sleep 600');
      await sandbox.place(code);
      await sandbox.stop(0);
    }
    assert.ok(readdirSync(trees).length <= 2, 'the first, and one spare');
    assert.deepEqual(readdirSync(join(opened.home, 'oci', 'slots')), []);
  });
});
