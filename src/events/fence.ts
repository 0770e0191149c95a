/**
 * The fence around lanes that keep order: what runs of them here is ended before its lease can end, so that no other
 * node runs the same event, or the next one, beside it.
 *
 * Counts a lease from before it was asked for, by this node's own clock, and ends what runs some seconds early.
 */
const EARLY_MS = 5_000;

interface Run {
  untilMs: number;
  readonly cut: AbortController;
}

export class Fence {
  readonly #runs = new Map<string, Run>();

  /** @param untilMs when its lease ends, monotonic. @returns aborts when it may run no longer */
  hold(id: string, untilMs: number): AbortSignal {
    const cut = new AbortController();
    this.#runs.set(id, { untilMs, cut });
    return cut.signal;
  }

  renewed(ids: readonly string[], untilMs: number): void {
    for (const id of ids) {
      const run = this.#runs.get(id);
      if (run !== undefined) run.untilMs = untilMs;
    }
  }

  release(id: string): void {
    this.#runs.delete(id);
  }

  /** Ends what runs too close to the end of its lease. */
  cutLate(nowMs: number): void {
    for (const { untilMs, cut } of this.#runs.values())
      if (nowMs >= untilMs - EARLY_MS) cut.abort(new Error('its lease could not be renewed'));
  }

  /** Ends all that runs: the leases are given back. */
  cutAll(): void {
    this.cutLate(Number.POSITIVE_INFINITY);
  }
}
