/** What a parser finds in the bytes of one instance. */
export interface ParsedLine {
  readonly requestId: string | null;
  readonly level: string | null;
  readonly atMs: number;
  readonly text: string;
  /** Bytes of it beyond the longest line that is kept. */
  readonly cutBytes: number;
}
