/**
 * What becomes of an event after an attempt: it comes back later, or is over and leads to others. Pure.
 *
 *   outcome      counts as an attempt   then
 *   success      yes                    over; on success → destination
 *   failure      yes                    again after 1 min, 2 min, …; after the last retry over: RetriesExhausted
 *   postponed    no                     again soon; when it has become too old: EventAgeExceeded
 *   expired      no                     over: EventAgeExceeded
 *   off          no                     over: ZeroReservedConcurrency
 *
 * Over without success: the dead-letter target gets the event, the destination a record; and it is kept among the
 * failed, for whoever looks after it.
 */
import { versionLabel } from '../model/index.ts';
import type { AttemptNote, ClaimedEvent, EventFailure, Settlement } from '../store/index.ts';
import {
  type Answered,
  type Condition,
  type DeadLetterFacts,
  deadLetterFacts,
  errorMessageOf,
  invocationRecord,
} from './record.ts';
import type { EventPolicy } from './target.ts';

export type Outcome =
  | { readonly kind: 'success'; readonly executedVersion: number; readonly payload: string }
  | {
      readonly kind: 'failure';
      readonly executedVersion: number;
      readonly errorType: string;
      readonly payload: string;
      readonly attempt: Pick<AttemptNote, 'attemptId' | 'outcome' | 'durationMs' | 'instanceId'>;
    }
  /** The platform had no place for it, or a limit was reached. */
  | { readonly kind: 'postponed'; readonly inMs: number }
  /** It is older than it may become. */
  | { readonly kind: 'expired' }
  /** The function is switched off, and there is somebody to tell. */
  | { readonly kind: 'off' };

/** What is to be sent on, and to whom. */
export interface Onward {
  readonly arn: string;
  readonly payload: string;
  /** It is the event itself; null: a record of it. */
  readonly deadLetter: DeadLetterFacts | null;
}

export type Verdict = Omit<Settlement, 'sends' | 'messages' | 'told' | 'id' | 'lease'> & {
  readonly onward: readonly Onward[];
};

export interface Circumstances {
  readonly policy: EventPolicy;
  /** Since the event was accepted, until now. */
  readonly ageMs: number;
  /** Before the first retry; before each further one twice as long, up to eight times. */
  readonly retryMs: number;
  /** From 0 to 1: by up to a tenth longer, so that what failed together is not tried again together. */
  readonly jitter: number;
  /** Wall clock. */
  readonly atMs: number;
}

export function verdictOf(event: ClaimedEvent, outcome: Outcome, now: Circumstances): Verdict {
  switch (outcome.kind) {
    case 'success':
      return succeeded(event, outcome, now);
    case 'failure':
      return failed(event, outcome, now);
    case 'postponed':
      if (now.ageMs >= now.policy.maxAgeMs)
        return over(event, { condition: 'EventAgeExceeded', failure: null }, now);
      return again({ inMs: outcome.inMs, failure: null, attempts: event.attempts }, now);
    case 'expired':
      return over(event, { condition: 'EventAgeExceeded', failure: null }, now);
    case 'off':
      return over(event, { condition: 'ZeroReservedConcurrency', failure: null }, now);
  }
}

function succeeded(
  event: ClaimedEvent,
  { executedVersion, payload }: Outcome & { kind: 'success' },
  { policy, atMs }: Circumstances,
): Verdict {
  const attempts = event.attempts + 1;
  const base = { againInMs: null, attempts, failure: null, note: null, keptFor: null };
  if (policy.onSuccess === null) return { ...base, onward: [] };
  const answer = { executedVersion: versionLabel(executedVersion), functionError: null, payload };
  const told = {
    condition: 'Success',
    functionArn: policy.functionArn,
    invokeCount: attempts,
    answer,
    atMs,
  } as const;
  const record = invocationRecord(event, told);
  return { ...base, onward: [{ arn: policy.onSuccess, payload: record, deadLetter: null }] };
}

function failed(
  event: ClaimedEvent,
  { executedVersion, errorType, payload, attempt }: Outcome & { kind: 'failure' },
  now: Circumstances,
): Verdict {
  const attempts = event.attempts + 1;
  const failure = { executedVersion: versionLabel(executedVersion), errorType, payload };
  const { executedVersion: version } = failure;
  const said = { errorType, errorMessage: errorMessageOf(failure), executedVersion: version };
  const note = { ...attempt, ...said, atMs: now.atMs };
  return { ...afterFailure({ ...event, attempts }, failure, now), note };
}

function afterFailure(event: ClaimedEvent, failure: EventFailure, now: Circumstances): Verdict {
  const { attempts } = event;
  if (attempts > now.policy.retries) return over(event, { condition: 'RetriesExhausted', failure }, now);
  if (now.ageMs >= now.policy.maxAgeMs) return over(event, { condition: 'EventAgeExceeded', failure }, now);
  return again({ inMs: backoffMs(now, attempts), failure, attempts }, now);
}

/** Doublings of the wait between attempts: with 1 min at first it is 8 min from the fourth on. */
const MAX_DOUBLINGS = 3;

function backoffMs({ retryMs, jitter }: Circumstances, attempts: number): number {
  return retryMs * 2 ** Math.min(attempts - 1, MAX_DOUBLINGS) * (1 + jitter / 10);
}

/** Not later than it expires, so that it is told in time that it has. */
function again(
  { inMs, failure, attempts }: { inMs: number; failure: EventFailure | null; attempts: number },
  { policy, ageMs }: Circumstances,
): Verdict {
  const againInMs = Math.max(0, Math.min(inMs, policy.maxAgeMs - ageMs));
  return { againInMs, attempts, failure, note: null, keptFor: null, onward: [] };
}

function over(
  event: ClaimedEvent,
  { condition, failure }: { condition: Exclude<Condition, 'Success'>; failure: EventFailure | null },
  { policy, atMs }: Circumstances,
): Verdict {
  const { attempts } = event;
  const last = failure ?? event.failure;
  const onward: Onward[] = [];
  if (policy.deadLetter !== null) {
    const deadLetter = deadLetterFacts(event, last);
    onward.push({ arn: policy.deadLetter, payload: event.payload, deadLetter });
  }
  if (policy.onFailure !== null) {
    const told = {
      condition,
      functionArn: policy.functionArn,
      invokeCount: attempts,
      answer: answerOf(last),
      atMs,
    };
    onward.push({ arn: policy.onFailure, payload: invocationRecord(event, told), deadLetter: null });
  }
  return { againInMs: null, attempts, failure, note: null, keptFor: condition, onward };
}

function answerOf(failure: EventFailure | null): Answered | null {
  return failure && { ...failure, functionError: 'Unhandled' };
}
