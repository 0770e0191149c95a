/** Chooses the driver that a node runs: the strongest that is asked for and can run here. */
import { dirname, join, relative } from 'node:path';
import { type Clock, Fault, type Random } from '../base/index.ts';
import { type GuestPorts, openOci, sweepOci } from './oci/open.ts';
import { type ProcessDriverOptions, processDriver } from './process/driver.ts';
import type { SandboxFolder } from './process/reach.ts';
import { safe } from './safe.ts';
import type { SandboxDriver } from './sandbox.ts';

export interface OpenDriverOptions {
  /** `auto`: oci where it can run, else process. */
  readonly choice: 'auto' | 'oci' | 'process';
  /** As `--oci-runtime` names it. */
  readonly ociRuntime: string;
  readonly searchPath: string | undefined;
  readonly folder: SandboxFolder;
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
  /** @returns where sandboxed code finds an interpreter of this machine, the libraries beside it included */
  interpreter(path: string | null): string | null;
  /** Processes of an earlier node that were ended. */
  readonly swept: number;
}

function exposed(driver: SandboxDriver, path: string): string {
  const prefix = dirname(dirname(path));
  return join(driver.expose(prefix, 'lang/python'), relative(prefix, path));
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
      const interpreter = (path: string | null) => (path === null ? null : exposed(driver, path));
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
  const interpreter = (path: string | null) => path; // every user of the machine can run it
  return { driver, ports: null, isolation, interpreter, swept: swept + (await driver.sweep()) };
}
