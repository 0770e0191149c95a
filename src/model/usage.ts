/** How long instances of a version stood ready as provisioned ones, as one node measured it. */
export interface ProvisionedSpan {
  /** A UUID. Unique: writing a span twice counts once. */
  readonly id: string;
  readonly functionName: string;
  readonly version: number;
  readonly memoryMb: number;
  /** Wall-clock ms. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Instances × time: two instances for a second are 2,000. */
  readonly instanceMs: number;
}

/** How an attempt ended. Everything but `ok` counts as an error, `throttled` on its own. */
export type OutcomeKind =
  | 'ok'
  | 'error' // the handler threw, rejected, or answered with what cannot be sent
  | 'timeout'
  | 'crash' // the process ended, by itself or for its memory
  | 'init-error'
  | 'cancelled' // the caller went away
  | 'throttled' // refused by a configured limit; nothing ran
  | 'unavailable'; // no instance could be had; nothing ran

/**
 * What one attempt used: the record that bills are made of and that START, END and REPORT lines
 * are printed from, so the two cannot disagree.
 */
export interface UsageRecord {
  /** Unique: writing a record twice counts once. Also the request id that the function sees, unless there is one below. */
  readonly attemptId: string;
  /** The request id, where several attempts share it: those of an event. */
  readonly requestId?: string | null;
  readonly functionName: string;
  readonly version: number;
  readonly alias: string | null;
  readonly instanceId: string | null;
  /** When the event was handed to the code (or the attempt refused), wall-clock ms. */
  readonly startedAtMs: number;
  /** Wait for an instance, ms. */
  readonly queuedMs: number;
  /** Initialisation that this attempt paid for, ms; null when its instance was warm. */
  readonly initMs: number | null;
  /** Handler, from event to answer, ms. */
  readonly durationMs: number;
  /** `ceil(durationMs + initMs)`: AWS bills init since August 2025. */
  readonly billedMs: number;
  readonly memoryMb: number;
  readonly maxMemoryMb: number;
  readonly outcome: OutcomeKind;
  /** Lambda's errorType, when there is one. */
  readonly errorType: string | null;
}
