/**
 * Provisioned instances around a change of `live`: they stand ready before it moves, and the ones of
 * the version before end after it.
 */
import { type Clock, Fault } from '../base/index.ts';
import { InitFailure } from '../instances/index.ts';
import type { App, Version } from '../model/index.ts';
import { fullName, provisionedAt } from '../model/index.ts';
import type { Snapshot } from '../registry/index.ts';

/** The instances of this node, as far as a deploy needs them. */
export interface Provisioning {
  /** Starts instances of a version and keeps them. `problem` is null when all of them stand ready. */
  prepare(version: Version, count: number): Promise<Prepared>;
}

export interface Prepared {
  readonly problem: unknown;
  /** From now on they are kept only if an alias points at their version. */
  letGo(): void;
}

export interface Wanted {
  readonly name: string;
  readonly version: number;
  readonly provisioned: number;
}

interface Parts {
  readonly provisioning: Provisioning;
  readonly registry: { current(): Snapshot };
  readonly clock: Clock;
}

/** How long a deploy waits, ms: for any start at all, and for each instance. */
const WAIT_MS = 30_000;
const WAIT_EACH_MS = 500;

/**
 * Starts what is wanted, of all functions at once.
 *
 * @param outcome what to tell about what is deployed now if it fails
 * @returns lets all of it go
 * @throws {Fault} `provisioning-failed` when the code cannot initialise; `no-capacity`, `sandbox-failed`, …
 *   when the machine cannot; then nothing is kept
 */
export async function prepareAll(
  parts: Parts,
  wanted: readonly Wanted[],
  outcome: string,
): Promise<() => void> {
  const prepared = await Promise.all(
    wanted.map(async (one) => ({ one, ...(await prepareInTime(parts, one)) })),
  );
  const letGo = () => {
    for (const { letGo } of prepared) letGo();
  };
  const failed = prepared.find(({ problem }) => problem !== null);
  if (failed === undefined) return letGo;
  letGo();
  throw failure(failed.one, failed.problem, outcome);
}

/** The app as it is to stand ready at a moment: of a plan, what counts then. @param nowMs wall ms */
export function readyAt(app: App, nowMs: number): App {
  const functions = app.functions.map((fn) => ({ ...fn, provisioned: provisionedAt(fn, nowMs).count }));
  return { ...app, functions };
}

/** What is wanted of functions that are live by now. */
export function wantedOf(app: App, snapshot: Snapshot, alias: string): Wanted[] {
  return app.functions.flatMap(({ key, provisioned }) => {
    const name = fullName(app.app, key);
    const version = snapshot.functions.get(name)?.aliases.get(alias)?.version;
    return provisioned === 0 || version === undefined ? [] : [{ name, version, provisioned }];
  });
}

async function prepareInTime({ provisioning, registry, clock }: Parts, one: Wanted): Promise<Prepared> {
  const version = registry.current().functions.get(one.name)?.versions.get(one.version);
  if (version === undefined) throw new Error(`version ${one.version} of ${one.name} is not in the snapshot`);
  const preparing = provisioning.prepare(version, one.provisioned);
  const late = Promise.withResolvers<Prepared>();
  const afterMs = WAIT_MS + WAIT_EACH_MS * one.provisioned;
  const timer = clock.after(afterMs, () => {
    // What comes later is let go as soon as it is there.
    late.resolve({ problem: tooSlow(afterMs), letGo: () => void preparing.then(({ letGo }) => letGo()) });
  });
  try {
    return await Promise.race([preparing, late.promise]);
  } finally {
    timer.cancel();
  }
}

function tooSlow(afterMs: number): Fault {
  return new Fault('no-capacity', `They were not ready within ${afterMs / 1_000} s.`);
}

function failure({ name, provisioned }: Wanted, problem: unknown, outcome: string): unknown {
  const facts = { functionName: name, provisioned };
  const what = `The ${provisioned} provisioned instances of ${name} could not be started.`;
  if (problem instanceof InitFailure) {
    const message = `${what} ${reasonOf(problem)} ${outcome}`;
    return new Fault('provisioning-failed', message, { facts, cause: problem });
  }
  if (!(problem instanceof Fault)) return problem;
  return new Fault(problem.code, `${what} ${problem.message} ${outcome}`, {
    facts: { ...problem.facts, ...facts },
    cause: problem,
  });
}

function reasonOf({ why }: InitFailure): string {
  if (why.kind === 'timeout')
    return `The code outside the handler took longer than ${why.afterMs / 1_000} s.`;
  if (why.kind === 'exit') {
    const { code, signal } = why.exit;
    return `The process ended while the code outside the handler ran (${signal ?? `exit status ${code}`}).`;
  }
  if (why.kind === 'extension')
    return `Its extension ${why.failure.name} failed: ${why.failure.errorType}, ${why.failure.reason}.`;
  return `The code outside the handler failed: ${why.error.errorType}; "skein logs" has its message.`;
}
