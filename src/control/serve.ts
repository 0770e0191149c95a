import { Fault } from '../base/index.ts';
import type { ControlOptions } from './answers.ts';

/** How long a change may take to be served after it was stored, ms. Normally a few. */
const SERVE_WITHIN_MS = 10_000;

/**
 * Waits until this node serves a stored change.
 *
 * @throws {Fault} `database-unavailable` after 10 s: the change is stored and will be served, only later
 */
export async function serve(
  { registry, clock }: Pick<ControlOptions, 'registry' | 'clock'>,
  revision: number,
): Promise<void> {
  const abort = new AbortController();
  const timer = clock.after(SERVE_WITHIN_MS, () =>
    abort.abort(
      new Fault(
        'database-unavailable',
        `The change is stored (revision ${revision}), but this node could not load it within ${SERVE_WITHIN_MS / 1_000} s. It serves the change as soon as the database answers; nothing needs to be repeated.`,
        { facts: { revision, waitedMs: SERVE_WITHIN_MS } },
      ),
    ),
  );
  try {
    await registry.reach(revision, abort.signal);
  } finally {
    timer.cancel();
  }
}
