/**
 * What becomes of received messages: deleted, given back, put aside. Until then they are kept out of others' sight.
 *
 * Each is tried until it has worked: a function that has succeeded is not run again because the database was away
 * for a moment. Where a message is somebody else's by then, nothing happens.
 */
import { type Clock, Fault, sleep } from '../../base/index.ts';
import type { Queues } from '../../resources/index.ts';
import { Holds } from './holds.ts';

/** A message in hand. */
export interface InHand {
  readonly receipt: string;
  /** Monotonic. */
  readonly receivedAtMs: number;
}

export interface SettlingParts {
  readonly queues: Pick<Queues, 'delete' | 'changeVisibility'>;
  readonly clock: Clock;
  readonly onProblem: (problem: unknown) => void;
}

/** However short a queue hides its messages, they are hidden for this long while they are in hand: time to renew. */
const SHORTEST_HOLD_MS = 10_000;
/** Between tries while the database is away. */
const AGAIN_MS = 1_000;

export class Settling {
  readonly #parts: SettlingParts;
  readonly #queue: string;
  readonly #holds: Holds;
  #abandoned = false;

  constructor(parts: SettlingParts, queue: string) {
    this.#parts = parts;
    this.#queue = queue;
    const { clock, onProblem } = parts;
    this.#holds = new Holds({
      ...{ clock, onProblem },
      renew: (receipts, forMs) => this.#hide(receipts, { forMs }),
    });
  }

  /** How long messages are to be hidden when they are received, for a queue that hides them for so long. */
  holdMs(visibilityTimeoutMs: number): number {
    return Math.max(visibilityTimeoutMs, SHORTEST_HOLD_MS);
  }

  /** They have been received, hidden for so long. */
  hold(taken: readonly InHand[], holdMs: number): void {
    this.#holds.add(taken, holdMs);
  }

  /** They are done. */
  async remove(gone: readonly InHand[]): Promise<void> {
    if (gone.length === 0) return;
    await this.#insist(() => this.#parts.queues.delete(this.#queue, receiptsOf(gone)));
    this.#holds.release(gone);
  }

  /** They come again when the time is over for which their queue hides them, as on SQS. */
  async retry(failed: readonly InHand[], visibilityTimeoutMs: number): Promise<void> {
    const renewed = this.#holds.release(failed);
    const shortened = visibilityTimeoutMs < SHORTEST_HOLD_MS;
    const nowMs = this.#parts.clock.nowMs();
    const changed = failed.filter(({ receipt }) => shortened || renewed.has(receipt));
    const byRest = Map.groupBy(changed, ({ receivedAtMs }) =>
      Math.max(0, Math.ceil(visibilityTimeoutMs - (nowMs - receivedAtMs))),
    );
    for (const [forMs, group] of byRest) await this.#insist(() => this.#hide(receiptsOf(group), { forMs }));
  }

  /** They come again in a while, as if they had never been received. */
  async putBack(batch: readonly InHand[], forMs: number): Promise<void> {
    if (batch.length === 0) return;
    this.#holds.release(batch);
    const how = { forMs: Math.ceil(forMs), uncounted: true };
    await this.#insist(() => this.#hide(receiptsOf(batch), how));
  }

  /** @param keep stores it elsewhere; when it rejects for good, the message comes again */
  async putAside(taken: InHand, keep: () => Promise<void>): Promise<void> {
    if (await this.#insist(keep)) return await this.remove([taken]);
    this.#holds.release([taken]);
  }

  /** Tries nothing again from now on: what is not settled comes again by itself. */
  abandon(): void {
    this.#abandoned = true;
  }

  /** @returns whether it worked */
  async #insist(work: () => Promise<unknown>): Promise<boolean> {
    const { clock, onProblem } = this.#parts;
    for (;;) {
      try {
        await work();
        return true;
      } catch (problem) {
        if (isOver(problem)) return false;
        const again = problem instanceof Fault && problem.retry && !this.#abandoned;
        if (!again) {
          onProblem(problem);
          return false;
        }
        await sleep(clock, AGAIN_MS);
      }
    }
  }

  async #hide(
    receipts: readonly string[],
    { forMs, uncounted = false }: { readonly forMs: number; readonly uncounted?: boolean },
  ): Promise<void> {
    const changes = receipts.map((receipt) => ({ receipt, visibilityTimeoutMs: forMs, uncounted }));
    await this.#parts.queues.changeVisibility(this.#queue, changes);
  }
}

/** The queue was deleted with all that was in it, or the node's queues have stopped. */
function isOver(problem: unknown): boolean {
  return problem instanceof Fault && ['queue-not-found', 'shutting-down'].includes(problem.code);
}

function receiptsOf(taken: readonly InHand[]): string[] {
  return taken.map(({ receipt }) => receipt);
}
