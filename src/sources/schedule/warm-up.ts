/**
 * Warm-up: a function that a schedule is about to call has an instance when its time comes.
 *
 * Owns   a look at what is due soon, every few seconds.
 * Asks   the store which schedules those are, the registry which version their functions mean.
 * Never  fires anything, and keeps nothing: a look that fails costs a cold start.
 *
 * Each node does so, since any of them may be the one that runs it.
 */
import { type Clock, periodically } from '../../base/index.ts';
import {
  type FunctionReference,
  LATEST,
  LIVE,
  parseFunctionReference,
  type Version,
} from '../../model/index.ts';
import type { Snapshot } from '../../registry/index.ts';

export interface WarmUpParts {
  readonly clock: Clock;
  /** What schedules call within so many ms. */
  readonly dueSoon: (withinMs: number) => Promise<readonly DueSoon[]>;
  readonly registry: { current(): Pick<Snapshot, 'functions'> };
  /** Sees to it that the version has a free instance until then, monotonic ms. */
  readonly expect: (version: Version, untilMs: number) => unknown;
  readonly onProblem: (problem: unknown) => void;
}

interface DueSoon {
  /** A function's ARN, perhaps with a qualifier; what is none needs no instance. */
  readonly target: { readonly arn: string };
  readonly inMs: number;
}

const LOOK_EVERY_MS = 5_000;
/** Twice as far: so that whatever is due is seen a look before, if not two. */
const AHEAD_MS = 2 * LOOK_EVERY_MS;
/** What fires late finds its instance all the same, in ms. */
const GRACE_MS = 5_000;

/** @returns ends it */
export function startWarmUp(parts: WarmUpParts): () => void {
  const { clock, onProblem } = parts;
  return periodically(clock, { everyMs: LOOK_EVERY_MS, onProblem, task: () => warmUp(parts) });
}

async function warmUp({ clock, dueSoon, registry, expect }: WarmUpParts): Promise<void> {
  for (const { target, inMs } of await dueSoon(AHEAD_MS)) {
    const called = target.arn.includes(':lambda:') ? parseFunctionReference(target.arn) : null;
    const version = called === null ? null : versionOf(registry.current(), called);
    if (version !== null) expect(version, clock.nowMs() + inMs + GRACE_MS);
  }
}

/** Of an alias with two versions, the one that gets the larger share. */
function versionOf(
  { functions }: Pick<Snapshot, 'functions'>,
  { name, qualifier }: Pick<FunctionReference, 'name' | 'qualifier'>,
): Version | null {
  const entry = functions.get(name);
  if (entry === undefined) return null;
  const wanted = qualifier ?? (entry.aliases.has(LIVE) ? LIVE : LATEST);
  const alias = entry.aliases.get(wanted);
  if (alias === undefined)
    return wanted === LATEST ? entry.latest : (entry.versions.get(Number(wanted)) ?? null);
  const { version, second } = alias;
  const number = second !== null && second.weight > 0.5 ? second.version : version;
  return number === 0 ? entry.latest : (entry.versions.get(number) ?? null);
}
