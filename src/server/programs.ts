/**
 * The programs that run functions, as sandboxed code finds them.
 *
 * Each is looked for when its runtime is first wanted, and again while it is missing: what is installed
 * while the node runs counts from then on. What was found stays until the node ends.
 */
import { dirname, join } from 'node:path';
import { Fault } from '../base/index.ts';
import { findProgram, type Options, type Program } from '../config/index.ts';
import { imageStartOf } from '../instances/index.ts';
import { type FunctionConfig, type RuntimeName, runtimeParts } from '../model/index.ts';
import type { GuestProgram } from '../runtimes/index.ts';
import type { OpenedDriver, SandboxDriver } from '../sandbox/index.ts';

/** @returns gives the program of a runtime; throws {Fault} `runtime-unavailable` when there is none */
export function programsOf(
  { home, searchPath }: Options,
  sandboxes: Pick<OpenedDriver, 'driver' | 'interpreter'>,
): (runtime: RuntimeName) => GuestProgram {
  const own = { path: process.execPath, version: process.version };
  const known = new Map<RuntimeName, GuestProgram>();

  function expose(runtime: RuntimeName, program: Program): GuestProgram {
    const path = sandboxes.interpreter(program, runtime);
    if (path === null) {
      const fix = 'install it where every user of the machine may run it, or use the oci driver';
      throw unavailable(runtime, { missing: `${program.path} is out of reach of sandboxes’ users`, fix });
    }
    const { support, ownLibraries = false } = program;
    const libraries = ownLibraries ? join(dirname(dirname(path)), 'lib') : null;
    return { path, libraries, support: support && sandboxes.driver.expose(support, `lang/${runtime}-lib`) };
  }

  return (runtime) => {
    const before = known.get(runtime);
    if (before !== undefined) return before;
    const found = findProgram(runtime, { home, searchPath, own });
    if (found === null) throw new Error(`${runtime} has no program of its own`);
    if ('missing' in found) throw unavailable(runtime, found);
    const program = expose(runtime, found);
    known.set(runtime, program);
    return program;
  };
}

/**
 * @returns throws {Fault} `runtime-unavailable` or `package-invalid` for a function that this machine could
 *   never run: told when it is deployed, not to the first who calls it
 */
export function runnableBy(
  programOf: (runtime: RuntimeName) => GuestProgram,
  parts: { readonly driver: Pick<SandboxDriver, 'name'>; codeOf(artifact: string): Promise<string> },
): (config: FunctionConfig, artifact: string) => Promise<void> {
  return async (config, artifact) => {
    if (config.image !== null && parts.driver.name !== 'oci') {
      const message = `Container images need the oci driver; this node runs functions by the ${parts.driver.name} driver, with the machine’s own files. "skein doctor --driver oci" shows how to change that.`;
      throw new Fault('runtime-unavailable', message, { facts: { driver: parts.driver.name } });
    }
    const isImage = imageStartOf(config, await parts.codeOf(artifact)) !== null;
    if (!isImage && runtimeParts(config.runtime).family !== 'provided') programOf(config.runtime);
  };
}

function unavailable(runtime: RuntimeName, { missing, fix }: { missing: string; fix: string }): Fault {
  const message = `Functions with runtime ${runtime} cannot run here: ${missing}. To change that: ${fix}.`;
  return new Fault('runtime-unavailable', message, { facts: { runtime } });
}
