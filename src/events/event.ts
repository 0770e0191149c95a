/** What is taken in to be run later. */

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
}

/** What waits or runs on all nodes. */
export interface EventVolume {
  readonly waiting: number;
  readonly bytes: number;
  /** When the oldest was accepted, wall-clock ms; null: none waits. */
  readonly oldestAtMs: number | null;
}
