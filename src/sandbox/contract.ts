/**
 * The suite that every driver passes, so that what stands above may rely on it. A driver brings its
 * own programs; the suite brings what they must do.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Fault } from '../base/index.ts';
import { openOutput } from './output-for-tests.ts';
import { safe } from './safe.ts';
import type { Sandbox, SandboxDriver, SandboxLimits, SandboxSpec } from './sandbox.ts';

export interface ContractPrograms {
  /** Runs until it is stopped. */
  readonly wait: readonly string[];
  /** Ends by itself with code 3. */
  readonly exit3: readonly string[];
  /** Uses more than 200 MB and then waits. */
  readonly grow: readonly string[];
  /** Cannot be started. */
  readonly missing: readonly string[];
}

export interface ContractDriver {
  readonly driver: SandboxDriver;
  [Symbol.asyncDispose](): Promise<void>;
}

const LIMITS: SandboxLimits = { memoryMb: 128, ephemeralMb: 512, egress: { mode: 'public' } };

let nextId = 0;

/** Starts one sandbox with its output thrown away. */
async function start(driver: SandboxDriver, argv: readonly string[], spec: Partial<SandboxSpec> = {}) {
  const { socket } = await openOutput();
  return await driver.start({
    id: `contract-${++nextId}`,
    argv,
    environment: {},
    ...LIMITS,
    codeDir: null,
    channel: false,
    output: socket,
    onAddress: () => {},
    ...spec,
  });
}

export function sandboxContract(
  name: string,
  open: () => Promise<ContractDriver>,
  programs: ContractPrograms,
): void {
  suite(`the sandbox contract, by the ${name} driver`, () => {
    test('a sandbox that ends by itself says how', async () => {
      await using opened = await open();
      const sandbox = await start(opened.driver, programs.exit3);
      assert.deepEqual(await sandbox.exited, { code: 3, signal: null, outOfMemory: false });
    });

    test('a stop ends the sandbox, once, and every stop gives the same answer', async () => {
      await using opened = await open();
      const sandbox = await start(safe(opened.driver), programs.wait);
      const exits = await Promise.all([sandbox.stop(0), sandbox.stop(0), sandbox.exited]);
      assert.equal(exits[0].signal, 'SIGKILL');
      assert.deepEqual(exits[1], exits[0]);
      assert.deepEqual(exits[2], exits[0]);
    });

    test('a frozen sandbox can be stopped, and freezing the dead does nothing', async () => {
      await using opened = await open();
      const sandbox = await start(safe(opened.driver), programs.wait);
      sandbox.freeze();
      sandbox.freeze();
      await sandbox.stop(1_000);
      sandbox.freeze();
      sandbox.thaw();
    });

    test('a sandbox over its memory limit is ended, and its exit says why', async () => {
      await using opened = await open();
      const sandbox = await start(opened.driver, programs.grow);
      const exit = await sandbox.exited;
      assert.equal(exit.outOfMemory, true);
      assert.equal(exit.signal, 'SIGKILL');
    });

    test('a limit that is raised after the start is the one that holds', async () => {
      await using opened = await open();
      const sandbox = await start(opened.driver, programs.grow, { memoryMb: 2_048 });
      await sandbox.limit({ ...LIMITS, memoryMb: 1_024 });
      await aliveWith(sandbox, 150);
      await sandbox.stop(0);
      assert.equal((await sandbox.exited).outOfMemory, false);
    });

    test('a program that cannot be started is a fault, and leaves nothing behind', async () => {
      await using opened = await open();
      await assert.rejects(
        start(opened.driver, programs.missing),
        (error) => error instanceof Fault && error.code === 'sandbox-failed',
      );
    });

    test('closing the driver ends every sandbox', async () => {
      await using opened = await open();
      const sandboxes = await Promise.all([1, 2, 3].map(() => start(opened.driver, programs.wait)));
      await opened.driver.close();
      for (const sandbox of sandboxes) assert.notEqual(await sandbox.exited, undefined);
    });
  });
}

/** Resolves when the sandbox has been seen to use that much. */
async function aliveWith(sandbox: Sandbox, peakMb: number): Promise<void> {
  let ended = false;
  sandbox.exited.then(() => {
    ended = true;
  });
  while (sandbox.peakMemoryMb() < peakMb) {
    assert.equal(ended, false, 'the sandbox ended');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
