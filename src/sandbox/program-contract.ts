/**
 * The part of the contract that takes real programs: what every driver that starts processes gives
 * them, and, for one that isolates, what it holds them to.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { openOutput } from './output-for-tests.ts';
import type { Sandbox, SandboxDriver, SandboxSpec } from './sandbox.ts';

export interface ProgramDriver {
  readonly driver: SandboxDriver;
  /** A folder whose subfolders can be code. */
  readonly home: string;
  /** Another driver on the same home, as the next node would make it. */
  again(): SandboxDriver;
  [Symbol.asyncDispose](): Promise<void>;
}

const PLAIN = {
  ...{ memoryMb: 256, ephemeralMb: 512, egress: { mode: 'none' } as const },
  codeDir: null,
  channel: false,
  environment: { PATH: '/usr/bin:/bin' },
  onAddress: () => {},
};

let nextId = 0;

async function start(driver: SandboxDriver, script: string, more: Partial<SandboxSpec> = {}) {
  let soFar = '';
  let onText = () => {};
  const { socket, text } = await openOutput((piece) => {
    soFar += piece;
    onText();
  });
  const argv = ['/bin/sh', '-c', script];
  const id = `program-${process.pid}-${++nextId}`;
  const sandbox = await driver.start({ ...PLAIN, id, argv, output: socket, ...more });
  /** Resolves when the program has printed this. */
  const printed = (word: string) =>
    new Promise<void>((resolve) => {
      onText = () => soFar.includes(word) && resolve();
      onText();
    });
  return { sandbox, text, printed };
}

/** What a program said once it was over. */
async function said(driver: SandboxDriver, script: string, more: Partial<SandboxSpec> = {}): Promise<string> {
  const { sandbox, text } = await start(driver, script, more);
  await sandbox.gone;
  return await text;
}

/** Resolves when the program has said this on its channel. */
async function heard(sandbox: Sandbox, word: string): Promise<void> {
  let text = '';
  while (!text.includes(word)) {
    const [chunk] = await once(sandbox.channel as NonNullable<Sandbox['channel']>, 'data');
    text += chunk;
  }
}

const ENDINGS = [
  ['exit 0', { code: 0, signal: null }],
  ['exit 129', { code: 129, signal: null }],
  ['exit 137', { code: 137, signal: null }],
  ['kill -9 $$', { code: null, signal: 'SIGKILL' }],
  ['kill -TERM $$', { code: null, signal: 'SIGTERM' }],
  ['kill -SEGV $$', { code: null, signal: 'SIGSEGV' }],
  ['kill -ABRT $$', { code: null, signal: 'SIGABRT' }],
] as const;

export function programContract(name: string, open: () => Promise<ProgramDriver>): void {
  suite(`the sandbox contract for programs, by the ${name} driver`, () => {
    for (const [how, expected] of ENDINGS) {
      test(`\`${how}\` is told as what it is`, async () => {
        await using opened = await open();
        const { sandbox } = await start(opened.driver, how);
        assert.deepEqual(await sandbox.exited, { ...expected, outOfMemory: false });
      });
    }

    test('what is written last is not lost', async () => {
      await using opened = await open();
      const text = await said(opened.driver, 'head -c 300000 /dev/zero | tr "\\0" x; echo; echo the end');
      assert.equal(text.length, 300_009);
      assert.ok(text.endsWith('\nthe end\n'));
    });

    test('code that is there from the start, and code that is placed later, is found at its task root', async () => {
      await using opened = await open();
      const code = join(opened.home, 'code');
      mkdirSync(join(code, 'lib'), { recursive: true });
      writeFileSync(join(code, 'lib', 'word'), 'found');
      const root = opened.driver.taskRoot(code);
      const wait = `until [ -e ${root}/lib/word ]; do :; done; cat ${root}/lib/word`;
      assert.equal(await said(opened.driver, wait, { codeDir: code }), 'found');
      for (let n = 0; n < 3; n++) {
        const { sandbox, text } = await start(opened.driver, wait);
        await sandbox.place(code);
        await sandbox.gone;
        assert.equal(await text, 'found');
      }
    });

    test('compiled code that is placed is found at its root, beside code of either kind', async () => {
      await using opened = await open();
      const [code, compiled] = ['code', 'compiled'].map((name) => join(opened.home, name)) as [
        string,
        string,
      ];
      mkdirSync(code);
      mkdirSync(compiled);
      writeFileSync(join(compiled, 'word'), 'found', { mode: 0o444 });
      const root = opened.driver.compiledRoot(compiled);
      const wait = `until [ -e ${root}/word ]; do :; done; cat ${root}/word; { echo x >${root}/more; } 2>/dev/null && [ $(id -u) != 0 ] && echo written`;
      for (const codeDir of [code, null]) {
        const { sandbox, text } = await start(opened.driver, wait, { codeDir });
        if (codeDir === null) await sandbox.place(code);
        await sandbox.placeCompiled(compiled);
        await sandbox.gone;
        assert.equal(await text, 'found');
      }
    });

    test('SIGTERM comes first where there is time, and what hears it may end in order', async () => {
      await using opened = await open();
      const script = 'trap "echo in order; exit 4" TERM; echo up; while :; do sleep 0.01; done';
      const { sandbox, text, printed } = await start(opened.driver, script);
      await printed('up');
      assert.deepEqual(await sandbox.stop(60_000), { code: 4, signal: null, outOfMemory: false });
      assert.match(await text, /in order\n$/);
    });

    test('a limit that is lowered below what is used ends the sandbox', async () => {
      await using opened = await open();
      const script = 'x=$(head -c 100000000 /dev/zero | tr "\\0" x); echo full; sleep 600';
      const { sandbox, printed } = await start(opened.driver, script, { memoryMb: 1_024 });
      await printed('full');
      await sandbox.limit({ ...PLAIN, memoryMb: 64 });
      assert.deepEqual(await sandbox.exited, { code: null, signal: 'SIGKILL', outOfMemory: true });
    });

    test('the next driver on the same home ends what a killed one left', async () => {
      await using opened = await open();
      const left = await Promise.all([1, 2, 3].map(() => start(opened.driver, 'sleep 600 & exec sleep 600')));
      const next = opened.again();
      assert.ok((await next.sweep()) >= 3);
      for (const { sandbox } of left) assert.equal((await sandbox.exited).signal, 'SIGKILL');
      await Promise.all(left.map(({ sandbox }) => sandbox.gone));
      await next.close();
    });
  });
}

/** @param open a driver that `hasChannels` */
export function channelContract(name: string, open: () => Promise<ProgramDriver>): void {
  suite(`the channel of a program, by the ${name} driver`, () => {
    test('descriptor 3 is a channel, both ways, and ends with the program', async () => {
      await using opened = await open();
      const script = 'echo hello >&3; until read -r word <&3; do :; done; echo "heard $word" >&3';
      const { sandbox } = await start(opened.driver, script, { channel: true });
      await heard(sandbox, 'hello\n');
      const over = once(sandbox.channel as NonNullable<Sandbox['channel']>, 'end');
      const answer = heard(sandbox, 'heard you\n');
      sandbox.channel?.write('you\n');
      await answer;
      await over;
    });
  });
}

/** A folder of programs, as layers bring them. */
function optOf(home: string, programs: Readonly<Record<string, string>>): string {
  const opt = join(home, 'opt');
  mkdirSync(join(opt, 'extensions'), { recursive: true });
  chmodSync(home, 0o711);
  for (const [name, script] of Object.entries(programs))
    writeFileSync(join(opt, 'extensions', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return opt;
}

async function startWith(
  { driver, home }: ProgramDriver,
  programs: Readonly<Record<string, string>>,
  main: string,
) {
  const opt = optOf(home, programs);
  const output = await openOutput();
  const paths = Object.keys(programs).map((name) => join(driver.optRoot(opt), 'extensions', name));
  const companions = { programs: paths, hidden: ['SECRET'], output: output.socket };
  const environment = { PATH: '/usr/bin:/bin', SECRET: 'for the main program', SHARED: 'yes' };
  const { sandbox, text } = await start(driver, main, { opt, companions, environment });
  assert.ok(sandbox.companions !== null);
  return { sandbox, control: sandbox.companions, text, companionText: output.text };
}

export function companionContract(name: string, open: () => Promise<ProgramDriver>): void {
  suite(`companions of a main program, by the ${name} driver`, () => {
    test('they start first, in its environment but for what is hidden, and print elsewhere', async () => {
      await using opened = await open();
      const { sandbox, control, text, companionText } = await startWith(
        opened,
        { first: 'echo "first $SHARED-$SECRET"', second: 'exit 7' },
        'echo "main $SHARED-$SECRET"; exit 3',
      );
      const ends = new Map<number, number>();
      await new Promise<void>((resolve) => {
        control.onGone(({ index, status }) => {
          if (ends.set(index, status).size === 2) resolve();
        });
      });
      assert.deepEqual([ends.get(0), ends.get(1)], [0, 7]);
      control.begin();
      assert.deepEqual(await sandbox.exited, { code: 3, signal: null, outOfMemory: false });
      await sandbox.stop(0);
      assert.equal(await text, 'main yes-for the main program\n');
      assert.equal(await companionText, 'first yes-\n');
    });

    test('a signal is for the main program alone, and the sandbox lives until it is stopped', async () => {
      await using opened = await open();
      const { sandbox, control, companionText } = await startWith(
        opened,
        { loyal: 'trap "echo told; exit" TERM; while :; do sleep 0.05; done' },
        'while :; do sleep 0.05; done',
      );
      let gone = 0;
      control.onGone(() => {
        gone += 1;
      });
      control.begin();
      control.signal('SIGTERM');
      assert.deepEqual(await sandbox.exited, { code: null, signal: 'SIGTERM', outOfMemory: false });
      assert.equal(gone, 0);
      await sandbox.stop(0);
      assert.equal(await companionText, '', 'it was not asked to end');
    });

    test('a program that cannot be run has ended with 126', async () => {
      await using opened = await open();
      const opt = optOf(opened.home, { plain: 'exit 0' });
      chmodSync(join(opt, 'extensions/plain'), 0o644);
      const output = await openOutput();
      const programs = [join(opened.driver.optRoot(opt), 'extensions/plain')];
      const companions = { programs, hidden: [], output: output.socket };
      const { sandbox } = await start(opened.driver, 'sleep 600', { opt, companions });
      const status = await new Promise<number>((resolve) =>
        sandbox.companions?.onGone((end) => resolve(end.status)),
      );
      assert.equal(status, 126);
      await sandbox.stop(0);
      assert.equal((await sandbox.exited).signal, 'SIGKILL');
    });
  });
}

/** @param open a driver that isolates */
export function isolationContract(name: string, open: () => Promise<ProgramDriver>): void {
  suite(`what the ${name} driver holds programs to`, () => {
    test('a fork bomb ends at the limit of processes', async () => {
      await using opened = await open();
      const script = 'n=0; while [ $n -lt 2000 ]; do sleep 600 & n=$((n+1)); done; echo all of them';
      const { sandbox, text } = await start(opened.driver, script, { memoryMb: 2_048 });
      await sandbox.exited;
      await sandbox.gone;
      assert.doesNotMatch(await text, /all of them/);
    });

    test('what is frozen uses no processor', async () => {
      await using opened = await open();
      const { sandbox, printed } = await start(opened.driver, 'echo up; while :; do :; done');
      await printed('up');
      sandbox.freeze();
      const before = await settledTicks(sandbox);
      const others = spin();
      assert.equal(ticksOf(sandbox), before, `while this process used ${others} ms`);
      sandbox.thaw();
      while (ticksOf(sandbox) === before) await new Promise((resolve) => setImmediate(resolve));
      await sandbox.stop(0);
    });

    test('code cannot be written, and only the scratch folder can', async () => {
      await using opened = await open();
      const code = join(opened.home, 'code');
      mkdirSync(code);
      const tries = ['/var/task/x', '/var/x', '/x', '/usr/x', '/etc/x', '/dev/x', '/opt/x', '/tmp/x'];
      const script = `for f in ${tries.join(' ')}; do (echo x > $f) 2>/dev/null && echo $f; done`;
      assert.equal(await said(opened.driver, script, { codeDir: code }), '/tmp/x\n');
    });

    test('its network address is told before it starts, and is no other’s', async () => {
      await using opened = await open();
      const addresses: (string | null)[] = [];
      const onAddress = (address: string | null) => addresses.push(address);
      const some = await Promise.all([1, 2].map(() => start(opened.driver, 'sleep 600', { onAddress })));
      assert.equal(new Set(addresses).size, 2);
      for (const address of addresses) assert.match(String(address), /^\d+\.\d+\.\d+\.\d+$/);
      await Promise.all(some.map(({ sandbox }) => sandbox.stop(0)));
    });
  });
}

/** Processor time of the sandbox's processes, in the kernel's ticks. */
function ticksOf(sandbox: Sandbox): number {
  const children = readFileSync(`/proc/${sandbox.pid}/task/${sandbox.pid}/children`, 'latin1').trim();
  return children.split(' ').reduce((sum, pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
    return sum + Number(stat[11]) + Number(stat[12]);
  }, 0);
}

/** A freeze takes effect when the process next leaves the kernel: waits until its ticks stand still. */
async function settledTicks(sandbox: Sandbox): Promise<number> {
  for (let before = ticksOf(sandbox); ; ) {
    spin();
    const now = ticksOf(sandbox);
    if (now === before) return now;
    before = now;
  }
}

/** Uses this process's processor for a while: time in which an unfrozen one would have had some, too. */
function spin(): number {
  const from = process.cpuUsage().user;
  while (process.cpuUsage(undefined).user - from < 100_000);
  return 100;
}
