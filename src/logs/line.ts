/** A line that a function wrote, on its way to the store. */
export interface LogLine {
  readonly functionName: string;
  readonly version: number;
  readonly instanceId: string;
  /** The invocation it was written in; null when nobody can say (yet). */
  readonly requestId: string | null;
  /** TRACE … FATAL where the runtime knows it; null for plain prints. */
  readonly level: string | null;
  readonly atMs: number;
  readonly message: string;
  /** On a notice that lines are missing: how many. */
  readonly dropped: number | null;
}

/** What a parser finds in the bytes of one instance. */
export interface ParsedLine {
  readonly requestId: string | null;
  readonly level: string | null;
  readonly atMs: number;
  readonly text: string;
  /** Bytes of it beyond the longest line that is kept. */
  readonly cutBytes: number;
}
