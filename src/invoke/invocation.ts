/** What the one door takes and gives. */
import type { Readable } from 'node:stream';
import type { StartPhases } from '../instances/index.ts';
import type { OutcomeKind } from '../model/index.ts';

export interface Invocation {
  readonly functionName: string;
  /** An alias, a version number, or null for `live`. */
  readonly qualifier: string | null;
  /** Whoever called named no version: the ARN that the function sees names none, either. */
  readonly unqualified?: boolean;
  /** JSON text. */
  readonly event: string | Uint8Array;
  /** The id the function and its caller see. */
  readonly requestId: string;
  /** Of this attempt alone, where others have the same request id; else the request id is the attempt's, too. */
  readonly attemptId?: string;
  readonly traceId: string | null;
  readonly clientContext: string | null;
  /** Ends the instance that runs it, whatever it is doing: for what may not go on once somebody else may begin it. */
  readonly cut?: AbortSignal;
}

/** The facts of the REPORT line. Milliseconds and MB. */
export interface Report {
  readonly outcome: OutcomeKind;
  /** Where it ran. */
  readonly instanceId: string;
  readonly durationMs: number;
  readonly billedMs: number;
  readonly initMs: number | null;
  readonly memoryMb: number;
  readonly maxMemoryMb: number;
  readonly queuedMs: number;
  /** Present on a cold start: where its time went. */
  readonly phases: StartPhases | null;
}

/** How an invocation of a function that ran (or failed to) came out. Platform refusals are thrown as faults. */
export type InvokeResult =
  | {
      readonly kind: 'result';
      readonly executedVersion: number;
      readonly payload: Buffer;
      readonly report: Report;
    }
  | {
      readonly kind: 'error';
      readonly executedVersion: number;
      /** `error`: the handler's own; `timeout`, `crash`, `init-error`: what ended it. */
      readonly outcome: 'error' | 'timeout' | 'crash' | 'init-error';
      readonly errorType: string;
      /** Lambda's error object as JSON. */
      readonly payload: Buffer;
      readonly report: Report;
    }
  | {
      readonly kind: 'stream';
      readonly executedVersion: number;
      readonly contentType: string;
      readonly body: Readable;
      /** Resolves when the stream has ended and the instance is free. */
      readonly report: Promise<Report>;
    };
