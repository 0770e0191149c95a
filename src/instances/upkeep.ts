/** When an unused instance is frozen, and when it is stopped, as arithmetic. The pool acts on it. */
import type { Life } from './life.ts';
import type { MemberKind } from './shelf.ts';

export interface Unused {
  readonly life: Life;
  readonly kind: MemberKind;
}

export interface UpkeepPolicy {
  readonly freezeAfterMs: number;
  readonly stopAfterMs: number;
}

/**
 * @param keepUntilMs it is not to be stopped before
 * @returns monotonic ms; infinity: never, as for a provisioned instance, which waits frozen
 */
export function stopDueMs({ life, kind }: Unused, policy: UpkeepPolicy, keepUntilMs: number): number {
  if (kind === 'provisioned' || !('sinceMs' in life)) return Number.POSITIVE_INFINITY;
  return Math.max(life.sinceMs + policy.stopAfterMs, keepUntilMs);
}

/** @returns monotonic ms; infinity: it is frozen, or cannot be */
export function freezeDueMs({ life }: Unused, policy: UpkeepPolicy): number {
  return life.at === 'idle' ? life.sinceMs + policy.freezeAfterMs : Number.POSITIVE_INFINITY;
}
