/**
 * Where a runtime that speaks the Runtime API is, as data. No I/O.
 *
 *               next      pollLost  invoke    answer     answerLost  answered  initError
 *   starting    waiting   ·         ·         refused    ·           ·         failed
 *   waiting     waiting   away      running   refused    ·           ·         refused
 *   away        waiting   ·         due       refused    ·           ·         refused
 *   due         running   ·         ·         refused    ·           ·         refused
 *   running     running   ·         ·         answering  ·           ·         refused
 *   answering   refused   ·         ·         refused    running     away      refused
 *   failed      refused   ·         ·         refused    ·           ·         refused
 *
 * `waiting` has an open `next`; `away` has none yet after an answer; in `due` an invocation waits
 * for it. `refused` is the guest's mistake and is told to it (403, as AWS does); a dot is ours.
 * A second `next` while running gets the same invocation again, as AWS's emulator does.
 */
import assert from 'node:assert/strict';

export type ApiState = 'starting' | 'waiting' | 'away' | 'due' | 'running' | 'answering' | 'failed';
export type ApiEvent = 'next' | 'pollLost' | 'invoke' | 'answer' | 'answerLost' | 'answered' | 'initError';

const TABLE: Readonly<Record<ApiState, Partial<Record<ApiEvent, ApiState>>>> = {
  starting: { next: 'waiting', initError: 'failed' },
  waiting: { next: 'waiting', pollLost: 'away', invoke: 'running' },
  away: { next: 'waiting', invoke: 'due' },
  due: { next: 'running' },
  running: { next: 'running', answer: 'answering' },
  answering: { answerLost: 'running', answered: 'away' },
  failed: {},
};

/** Events by which the guest acts; the others are ours and are never wrong. */
const OF_THE_GUEST: ReadonlySet<ApiEvent> = new Set(['next', 'answer', 'initError']);

/** @returns the next state, or null when the guest may not do that now */
export function step(state: ApiState, event: ApiEvent): ApiState | null {
  const to = TABLE[state][event];
  if (to !== undefined) return to;
  assert(OF_THE_GUEST.has(event), `a runtime is ${state}: ${event} is not allowed here`);
  return null;
}

/** AWS's names, for the messages of refusals. */
export const AWS_STATE = {
  starting: 'Started',
  waiting: 'Ready',
  away: 'ResponseSent',
  due: 'ResponseSent',
  running: 'Running',
  answering: 'InvocationResponse',
  failed: 'InitError',
} as const satisfies Record<ApiState, string>;
