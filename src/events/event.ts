/** What is taken in to be run later. */
import type { EventTerms } from '../store/index.ts';

export interface EventRequest {
  readonly functionName: string;
  /** An alias, a version number, `$LATEST`, or null for what `skein invoke` calls. Looked up anew at each attempt. */
  readonly qualifier: string | null;
  /** JSON text in UTF-8. */
  readonly event: string | Uint8Array;
  /** A UUID that nobody has had before: all attempts of the event have it. */
  readonly requestId: string;
  /** As the caller sent it; tells which chain of events this one belongs to. */
  readonly traceId: string | null;
  readonly clientContext: string | null;
  /** Events of one group are run one at a time, in the order in which they came. Absent: it is of none. */
  readonly group?: string;
  /** What holds for this event instead of what its function says. */
  readonly terms?: EventTerms;
  /** UUID of a delivery: one that was taken in within `LIMITS.deliveryWindowMs` is not taken again; default none. */
  readonly delivery?: string;
  /** Most bytes of the event; default as of an `Event` invocation. */
  readonly maxBytes?: number;
}

/** What waits or runs on all nodes. */
export interface EventVolume {
  readonly waiting: number;
  readonly bytes: number;
  /** When the oldest was accepted, wall-clock ms; null: none waits. */
  readonly oldestAtMs: number | null;
}
