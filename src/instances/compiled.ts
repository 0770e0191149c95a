/**
 * What a start does about compiled code: its instance reads what an earlier one of the version compiled,
 * or hands over its own, or does without. Nothing here can make a start fail.
 *
 * Only what init compiles is handed over, and only before the instance is anybody's: its code has seen no
 * request then, so no request can leave anything behind for the instances of others.
 */
import type { Version } from '../model/index.ts';
import type { CompileCache, CompiledFile, Runtimes } from '../runtimes/index.ts';
import type { Sandbox, SandboxDriver } from '../sandbox/index.ts';

/** What the starter needs of whoever keeps compiled code. */
export interface CompiledSource {
  /** @returns null: go without */
  orderFor(
    version: Version,
  ):
    | { readonly kind: 'use'; readonly folder: string }
    | { readonly kind: 'record'; done(files: readonly CompiledFile[] | null): void }
    | null;
}

export interface CompiledUse {
  /** What the instance is told. */
  readonly compileCache: CompileCache | null;
  /** Whether it reads what an earlier one compiled. */
  readonly reads: boolean;
  /** To be called once its init is over. @param files what it handed over; null: it failed */
  settle(files: readonly CompiledFile[] | null): void;
}

const NONE: CompiledUse = { compileCache: null, reads: false, settle: () => {} };

/** @param parts a sandbox that waits for this version's code */
export async function prepareCompiled(
  parts: { compiled: CompiledSource; driver: SandboxDriver; runtimes: Runtimes },
  version: Version,
  sandbox: Sandbox,
): Promise<CompiledUse> {
  const { runtime, environment } = version.config;
  // Who sets variables of the engine's own (NODE_COMPILE_CACHE, PYTHONPYCACHEPREFIX) is left alone, and was
  // launched with its code; so is what has no engine of ours.
  if (!parts.runtimes.canBeBlank(runtime, environment)) return NONE;
  const order = parts.compiled.orderFor(version);
  if (order === null) return NONE;
  if (order.kind === 'record') return { compileCache: { record: true }, reads: false, settle: order.done };
  try {
    await sandbox.placeCompiled(order.folder);
    return { ...NONE, reads: true, compileCache: { use: parts.driver.compiledRoot(order.folder) } };
  } catch {
    return NONE; // it was removed a moment ago, to make room
  }
}
