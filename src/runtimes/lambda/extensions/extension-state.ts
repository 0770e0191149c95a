/**
 * Where one extension is in its conversation, as data. No I/O.
 *
 *                register    next     pollLost    event    initError  exitError
 *   Started      Registered  refused  ·           ·        refused    refused
 *   Registered   refused     Ready    ·           ·        InitError  ExitError
 *   Ready        refused     refused  Running     Running  refused    ExitError
 *   Running      refused     Ready    ·           ·        refused    ExitError
 *   InitError    refused     refused  ·           ·        InitError  refused
 *   ExitError    refused     refused  ·           ·        refused    ExitError
 *
 * `Ready` has an open `next`. `refused` is the extension's mistake and is told to it (403, as AWS does, in
 * these names); a dot is ours. A `next` whose connection was lost can be asked again.
 */
import assert from 'node:assert/strict';

export type ExtensionState = 'Started' | 'Registered' | 'Ready' | 'Running' | 'InitError' | 'ExitError';
export type ExtensionStep = 'register' | 'next' | 'pollLost' | 'event' | 'initError' | 'exitError';

const TABLE: Readonly<Record<ExtensionState, Partial<Record<ExtensionStep, ExtensionState>>>> = {
  Started: { register: 'Registered' },
  Registered: { next: 'Ready', initError: 'InitError', exitError: 'ExitError' },
  Ready: { pollLost: 'Running', event: 'Running', exitError: 'ExitError' },
  Running: { next: 'Ready', exitError: 'ExitError' },
  InitError: { initError: 'InitError' },
  ExitError: { exitError: 'ExitError' },
};

/** Steps of ours, which are never wrong. */
const OURS: ReadonlySet<ExtensionStep> = new Set(['pollLost', 'event']);

/** What a step of an extension's leads to where it is allowed: AWS's words of a refusal name it. */
export const TARGET = {
  register: 'Registered',
  next: 'Ready',
  initError: 'InitError',
  exitError: 'ExitError',
} as const satisfies Partial<Record<ExtensionStep, ExtensionState>>;

/** @returns the next state, or null when the extension may not do that now */
export function extensionStep(state: ExtensionState, step: ExtensionStep): ExtensionState | null {
  const to = TABLE[state][step];
  if (to !== undefined) return to;
  assert(!OURS.has(step), `an extension is ${state}: ${step} is not allowed here`);
  return null;
}
