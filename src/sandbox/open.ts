/** Chooses the driver that a node runs: the strongest that is asked for and can run here. */
import { basename, join, relative } from 'node:path';
import { type Clock, Fault, type Random } from '../base/index.ts';
import { type GuestPorts, openOci, sweepOci } from './oci/open.ts';
import { type ProcessDriverOptions, processDriver } from './process/driver.ts';
import { othersMayPass, type SandboxFolder } from './process/reach.ts';
import { safe } from './safe.ts';
import type { SandboxDriver } from './sandbox.ts';

export interface OpenDriverOptions {
  /** `auto`: oci where it can run, else process. */
  readonly choice: 'auto' | 'oci' | 'process';
  /** As `--oci-runtime` names it. */
  readonly ociRuntime: string;
  readonly searchPath: string | undefined;
  readonly folder: SandboxFolder;
  /** The node's home: what lies in it may be lent to sandboxes. */
  readonly home: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly onProblem: (problem: unknown) => void;
}

export interface OpenedDriver {
  readonly driver: SandboxDriver;
  /** Null where instances share the host's network and each has a listener of its own. */
  readonly ports: GuestPorts | null;
  /** How functions are kept apart, and if they are not, why: one line. */
  readonly isolation: string;
  /**
   * Makes a program of this machine one that sandboxed code can run, from the next sandbox on.
   *
   * @param program.prefix the folder that it was installed as, or the program itself where it needs no other
   * @param name of it in the sandboxes: `python3.11`
   * @returns where sandboxed code finds it; null: sandboxes' users cannot reach it
   */
  interpreter(program: { readonly path: string; readonly prefix: string }, name: string): string | null;
  /** Processes of an earlier node that were ended. */
  readonly swept: number;
}

type Interpreter = Parameters<OpenedDriver['interpreter']>;

function exposed(driver: SandboxDriver, ...[{ path, prefix }, name]: Interpreter): string {
  const where = path === prefix ? `lang/${name}/bin/${basename(path)}` : `lang/${name}`;
  return join(driver.expose(prefix, where), relative(prefix, path));
}

/** What a node with the `process` driver left, where this one runs another. */
async function sweepProcesses(parts: ProcessDriverOptions): Promise<number> {
  const other = processDriver(parts);
  try {
    return await other.sweep();
  } finally {
    await other.close();
  }
}

/** @throws {Fault} `isolation-unavailable` when `oci` was asked for and cannot run here */
export async function openDriver(options: OpenDriverOptions): Promise<OpenedDriver> {
  const { choice, folder, clock, random, onProblem, searchPath } = options;
  let missing: string | null = null;
  if (choice !== 'process') {
    const opened = await openOci({
      ...{ runtimeName: options.ociRuntime, searchPath },
      ...{ folder: folder.path, clock, random, onProblem },
    });
    if (opened.driver !== null) {
      const { driver, ports } = opened;
      const left = await sweepProcesses({ folder, clock, random });
      const interpreter = (...program: Interpreter) => exposed(driver, ...program);
      return { driver, ports, isolation: driver.promise, interpreter, swept: opened.swept + left };
    }
    missing = opened.missing;
  }
  if (choice === 'oci') {
    throw new Fault(
      'isolation-unavailable',
      `Functions cannot be isolated here: ${missing}. "skein doctor --driver oci" shows how to change that; "--driver process" runs them without isolation.`,
      { facts: { missing: missing ?? '' } },
    );
  }
  const swept = await sweepOci(folder.path, clock);
  const driver = safe(processDriver({ folder, clock, random }));
  const isolation =
    missing === null ? driver.promise : `${driver.promise} Missing for isolation: ${missing}.`;
  // Lent where it is ours to lend; a program of the machine is where it is, or out of reach.
  const interpreter = (...[program, name]: Interpreter) => {
    if (program.path.startsWith(`${options.home}/`) || program.path === process.execPath)
      return exposed(driver, program, name);
    return process.getuid?.() === 0 && !othersMayPass(program.path) ? null : program.path;
  };
  return { driver, ports: null, isolation, interpreter, swept: swept + (await driver.sweep()) };
}
