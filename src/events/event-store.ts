/** What events need of whoever keeps them. In a node it is a thread with connections of its own: see store-thread.ts. */
import type {
  Claim,
  ClaimedEvent,
  DueLane,
  EndedKey,
  FoundKey,
  Held,
  LaneVolume,
  NewEvent,
  SeenShape,
  Settlement,
  WantedKey,
} from '../store/index.ts';

export interface EventStore {
  /** Resolves when all of them are committed. @throws {Fault} `database-unavailable` */
  insert(events: readonly NewEvent[]): Promise<readonly LaneVolume[]>;
  dueLanes(): Promise<readonly DueLane[]>;
  claim(claim: Omit<Claim, 'lease' | 'holder'>): Promise<readonly ClaimedEvent[]>;
  /** @returns ids of those that are still held */
  renew(renewal: { readonly held: readonly Held[]; readonly leaseMs: number }): Promise<readonly string[]>;
  /** Tries until it is done or the store is closed. @returns ids of those that were still held */
  settle(settlements: readonly Settlement[]): Promise<readonly string[]>;
  /** Gives back whatever this node, or an earlier one of its home, has claimed. */
  release(): Promise<number>;
  volumes(): Promise<readonly LaneVolume[]>;
  /** Wall-clock ms; null: nothing waits. */
  oldestAtMs(): Promise<number | null>;
  /** Idempotency keys: see store/idempotency.ts. */
  takeKeys(taking: {
    readonly wanted: readonly WantedKey[];
    readonly leaseMs: number;
  }): Promise<readonly FoundKey[]>;
  endKeys(ended: readonly EndedKey[]): Promise<void>;
  renewKeys(renewal: { readonly leases: readonly string[]; readonly leaseMs: number }): Promise<void>;
  releaseKeys(): Promise<void>;
  /** Forms of payloads that were handled. */
  keepShapes(seen: readonly SeenShape[]): Promise<void>;
  /** Calls back when another node has stored events. */
  onNews(listener: () => void): void;
  /** Idempotent. */
  close(): Promise<void>;
}
