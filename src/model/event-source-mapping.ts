/** Which source's events a function is to be given, and in which portions; AWS's word for a trigger. */
export interface EventSourceMapping {
  /** UUID. */
  readonly id: string;
  /** The app whose manifest has it; null: an API made it. */
  readonly app: string | null;
  readonly functionName: string;
  /** An alias or a version; null: the function itself. */
  readonly qualifier: string | null;
  /** ARN; null where the source is not AWS's and `settings` say where it is. */
  readonly source: string | null;
  readonly enabled: boolean;
  /** Portions, filters, retries: what was asked for, with AWS's defaults filled in, under AWS's names. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly modifiedAtMs: number;
}
