/** Which runtimes this machine can run functions of. */
import { type Environment, findProgram } from '../config/index.ts';
import { RUNTIMES, type RuntimeName } from '../model/index.ts';

export interface MachineRuntime {
  readonly runtime: RuntimeName;
  /** Of the program that runs it; null: there is none. */
  readonly path: string | null;
  /** What is missing, and the way to have it; null: nothing. */
  readonly missing: string | null;
  readonly fix: string | null;
}

/** @param home whose own runtimes count, too; it need not exist */
export function machineRuntimes(home: string, env: Environment): MachineRuntime[] {
  const own = { path: process.execPath, version: process.version };
  const places = { home, searchPath: env.PATH ?? '', own };
  return RUNTIMES.map((runtime) => {
    const found = findProgram(runtime, places);
    if (found === null) return { runtime, path: 'bootstrap, in the package', missing: null, fix: null };
    if ('missing' in found) return { runtime, path: null, ...found };
    return { runtime, path: found.path, missing: null, fix: null };
  });
}
