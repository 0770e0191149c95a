/**
 * Idempotency keys on this node: takes them, keeps them while what they are for runs, and ends them.
 *
 * Owns   which keys this node has, and the renewal of their leases.
 * Never  runs anything, and waits for nobody else's run: that one is running is an answer.
 *
 * What is asked in the same moment shares a statement.
 */
import { type Clock, Group, periodically } from '../../base/index.ts';
import type { EndedKey, FoundKey, RecordedAnswer, WantedKey } from '../../store/index.ts';
import type { EventStore } from '../event-store.ts';

export interface KeysParts {
  readonly store: Pick<EventStore, 'takeKeys' | 'endKeys' | 'renewKeys' | 'releaseKeys'>;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly onProblem: (problem: unknown) => void;
}

/** A key, and what became of asking for it. */
export type Begun =
  /** To be run now. `end` with what it answered makes that the answer to all who come with the key; with null frees it. */
  | { readonly kind: 'mine'; readonly end: (answer: RecordedAnswer | null) => Promise<void> }
  /** Somebody else runs it at this moment. */
  | { readonly kind: 'running' }
  /** It was run. */
  | { readonly kind: 'done'; readonly answer: RecordedAnswer };

export interface KeyRequest {
  readonly functionName: string;
  readonly key: string;
  readonly windowMs: number;
}

const LEASE_MS = 30_000;
const TIMEOUT_MS = 5_000;
const MB = 1024 * 1024;

export class Keys {
  readonly #parts: KeysParts;
  readonly #taking: Group<WantedKey, readonly FoundKey[]>;
  readonly #ending: Group<EndedKey, void>;
  readonly #held = new Set<string>();
  #released: Promise<void> | null = null;
  #endRenewing: (() => void) | null = null;

  constructor(parts: KeysParts) {
    this.#parts = parts;
    const { clock, store } = parts;
    const bounds = { clock, writers: 2, maxItems: 200, maxBytes: 4 * MB, timeoutMs: TIMEOUT_MS };
    this.#taking = new Group({
      ...{ ...bounds, maxWaitingBytes: 64 * MB, bytesOf: ({ key }) => key.length + 200 },
      write: (wanted) => store.takeKeys({ wanted, leaseMs: LEASE_MS }),
    });
    this.#ending = new Group({
      ...{ ...bounds, maxWaitingBytes: 64 * MB },
      bytesOf: ({ answer }) => 2 * (answer?.body?.byteLength ?? 0) + 200,
      write: (ended) => store.endKeys(ended),
    });
  }

  /** @throws {Fault} `database-unavailable` */
  async begin({ functionName, key, windowMs }: KeyRequest): Promise<Begun> {
    const { store, newId } = this.#parts;
    // Before the first one: whatever an earlier life of this node was running runs no more.
    this.#released ??= store.releaseKeys().catch((problem) => {
      this.#released = null;
      throw problem;
    });
    await this.#released;
    const lease = newId();
    const all = await this.#taking.add({ functionName, key, lease, windowMs });
    const found = all.find((one) => one.lease === lease);
    if (found?.state === 'done' && found.answer !== null) return { kind: 'done', answer: found.answer };
    if (found?.state !== 'mine') return { kind: 'running' };
    this.#hold(lease);
    return { kind: 'mine', end: (answer) => this.#end({ lease, functionName, key, windowMs, answer }) };
  }

  stop(): void {
    this.#endRenewing?.();
    this.#endRenewing = null;
  }

  #hold(lease: string): void {
    this.#held.add(lease);
    const { clock, onProblem, store } = this.#parts;
    this.#endRenewing ??= periodically(clock, {
      ...{ everyMs: LEASE_MS / 3, onProblem },
      task: async () => {
        if (this.#held.size > 0) await store.renewKeys({ leases: [...this.#held], leaseMs: LEASE_MS });
      },
    });
  }

  /** Never rejects: what ran has run. A key that could not be ended is free when its lease ends. */
  async #end(ended: EndedKey): Promise<void> {
    try {
      await this.#ending.add(ended);
    } catch (problem) {
      this.#parts.onProblem(problem);
    } finally {
      this.#held.delete(ended.lease);
    }
  }
}
