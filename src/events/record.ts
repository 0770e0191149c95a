/** What a destination gets: Lambda's record of an event and of what came of it, key by key. */
import type { ClaimedEvent, EventFailure } from '../store/index.ts';

export type Condition = 'Success' | 'RetriesExhausted' | 'EventAgeExceeded' | 'ZeroReservedConcurrency';

export interface Answered {
  readonly executedVersion: string;
  /** null: it succeeded. */
  readonly functionError: string | null;
  /** As the function wrote it. */
  readonly payload: string;
}

/**
 * Spliced rather than built and printed, so that numbers beyond 2^53 stay as they were written.
 *
 * @param told.answer what the function said last; null: it never did
 */
export function invocationRecord(
  event: Pick<ClaimedEvent, 'id' | 'payload'>,
  told: {
    readonly condition: Condition;
    readonly functionArn: string;
    readonly invokeCount: number;
    readonly answer: Answered | null;
    readonly atMs: number;
  },
): string {
  const { condition, functionArn, invokeCount: approximateInvokeCount, answer, atMs } = told;
  const head = JSON.stringify({
    version: '1.0',
    timestamp: new Date(atMs).toISOString(),
    requestContext: { requestId: event.id, functionArn, condition, approximateInvokeCount },
  });
  const request = `${head.slice(0, -1)},"requestPayload":${jsonText(event.payload)}`;
  if (answer === null) return `${request}}`;
  const { executedVersion, functionError } = answer;
  const context = JSON.stringify({
    ...{ statusCode: 200, executedVersion },
    ...(functionError !== null && { functionError }),
  });
  return `${request},"responseContext":${context},"responsePayload":${jsonText(answer.payload)}}`;
}

/** What tells a dead letter from any other event, which it is otherwise the same as: Lambda's attributes of one. */
export interface DeadLetterFacts {
  readonly RequestID: string;
  readonly ErrorCode: string;
  readonly ErrorMessage: string;
}

export function deadLetterFacts(
  event: Pick<ClaimedEvent, 'id'>,
  failure: EventFailure | null,
): DeadLetterFacts {
  return {
    RequestID: event.id,
    ErrorCode: failure === null ? '429' : '200',
    ErrorMessage: failure === null ? 'The event was never run.' : errorMessageOf(failure),
  };
}

/** Characters of an error's message that are passed on (AWS: the first KB). */
const MESSAGE_LENGTH = 1_024;

/** What the function said went wrong. */
export function errorMessageOf(failure: Pick<EventFailure, 'payload' | 'errorType'>): string {
  try {
    const { errorMessage } = JSON.parse(failure.payload) as { errorMessage?: unknown };
    if (typeof errorMessage === 'string') return errorMessage.slice(0, MESSAGE_LENGTH).toWellFormed();
  } catch {
    // A custom runtime may answer anything.
  }
  return failure.errorType;
}

/** Of custom runtimes not every answer is JSON. */
function jsonText(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch {
    return JSON.stringify(text.toWellFormed());
  }
}
