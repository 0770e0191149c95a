/**
 * One attempt: the event goes through the one door, and what comes back is told apart.
 *
 * What the function did wrong counts; what the platform refused does not. All attempts have the event's id as
 * their request id, as on Lambda; each has a usage record of its own.
 */
import type { Readable } from 'node:stream';
import { Fault } from '../base/index.ts';
import type { Invocation, InvokeResult, Report } from '../invoke/index.ts';
import { LIMITS } from '../model/index.ts';
import type { ClaimedEvent } from '../store/index.ts';
import type { Signals } from './dispatcher.ts';
import { withHops } from './lineage.ts';
import type { Outcome } from './verdict.ts';

export interface AttemptParts {
  readonly invoke: (invocation: Invocation, signal: AbortSignal | null) => Promise<InvokeResult>;
  readonly newId: () => string;
  readonly onProblem: (problem: unknown) => void;
}

/** What ended an attempt before it began. */
export type Refused =
  /** Another delivery with its idempotency key runs: when that is over. */
  | { readonly kind: 'duplicate' }
  /** A throttle, or no capacity: soon. */
  | { readonly kind: 'refused' }
  /** What it needs is not there, or a bug: in a while. */
  | { readonly kind: 'broken' };

/** What gives up waiting for an instance, or ends what runs, makes the event as if it had never been tried. */
export async function attempt(
  parts: AttemptParts,
  event: ClaimedEvent,
  { signal, cut }: Signals,
): Promise<Outcome | Refused> {
  const { id, functionName, qualifier, payload, context } = event;
  const invocation: Invocation = {
    ...{ functionName, qualifier, event: payload, requestId: id, clientContext: context.clientContext },
    ...(event.claims > 1 && { attemptId: parts.newId() }),
    traceId: withHops(context.traceId, { id, hops: context.hops }),
    ...(cut !== null && { cut }),
  };
  try {
    const outcome = await outcomeOf(await parts.invoke(invocation, signal), invocation.attemptId ?? id);
    return outcome.kind === 'failure' && cut?.aborted === true ? { kind: 'refused' } : outcome;
  } catch (error) {
    return refusal(parts, error, signal);
  }
}

/** What a function answered, read to its end. */
export async function outcomeOf(
  result: InvokeResult,
  attemptId: string,
): Promise<Extract<Outcome, { kind: 'success' | 'failure' }>> {
  const { kind, executedVersion } = result;
  if (kind === 'error') {
    const { errorType, payload } = result;
    const attempt = noted(result.report, attemptId);
    return { kind: 'failure', executedVersion, errorType, payload: payload.toString('utf8'), attempt };
  }
  if (kind === 'result')
    return { kind: 'success', executedVersion, payload: result.payload.toString('utf8') };
  const payload = await readAll(result.body);
  const report = await result.report;
  if (report.outcome === 'ok') return { kind: 'success', executedVersion, payload };
  const errorType = report.outcome === 'timeout' ? 'Sandbox.Timedout' : 'Runtime.StreamError';
  const errorMessage = `RequestId: ${report.outcome}: the stream ended early`;
  const said = { errorType, payload: JSON.stringify({ errorType, errorMessage }) };
  return { kind: 'failure', executedVersion, ...said, attempt: noted(report, attemptId) };
}

function noted({ outcome, durationMs, instanceId }: Report, attemptId: string) {
  return { attemptId, outcome, durationMs, instanceId };
}

/** Nobody waits for a stream: it is read so that the function can end, and kept as far as an answer may go. */
async function readAll(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes <= LIMITS.answerBytes) chunks.push(chunk);
    }
  } catch {
    // The report says how it ended.
  }
  return Buffer.concat(chunks).toString('utf8');
}

function refusal({ onProblem }: AttemptParts, error: unknown, signal: AbortSignal): Outcome | Refused {
  if (signal.aborted) return { kind: 'refused' };
  if (error instanceof Fault && error.code === 'idempotency-running') return { kind: 'duplicate' };
  // It has been run, and nobody waits for what it answered.
  if (error instanceof Fault && error.code === 'idempotency-answer-lost')
    return { kind: 'success', executedVersion: 0, payload: 'null' };
  if (error instanceof Fault && error.retry) return { kind: 'refused' };
  onProblem(error);
  return { kind: 'broken' };
}
