/**
 * Lambda's words for what ended an invocation from outside its code: error types and messages as
 * AWS's runtime environment writes them.
 */
import type { InitFailure } from '../instances/index.ts';
import type { Exit } from '../sandbox/index.ts';

export interface Failure {
  readonly outcome: 'error' | 'timeout' | 'crash' | 'init-error';
  readonly errorType: string;
  readonly payload: Buffer;
}

export function timedOut(requestId: string, afterMs: number): Failure {
  const message = `RequestId: ${requestId} Error: Task timed out after ${(afterMs / 1_000).toFixed(2)} seconds`;
  return failure('timeout', 'Sandbox.Timedout', message);
}

export function exited(requestId: string, exit: Exit, outcome: 'crash' | 'init-error' = 'crash'): Failure {
  return failure(
    outcome,
    'Runtime.ExitError',
    `RequestId: ${requestId} Error: Runtime exited ${reason(exit)}`,
  );
}

/** AWS's words for an extension that ended what it should not. */
export function extensionFailed(
  requestId: string,
  { errorType, reason }: { readonly errorType: string; readonly reason: string },
  outcome: 'crash' | 'init-error' = 'crash',
): Failure {
  return failure(outcome, errorType, `RequestId: ${requestId} Error: ${reason}`);
}

/** What the caller gets whose instance could not initialise. */
export function initFailed(requestId: string, { why }: InitFailure): Failure {
  if (why.kind === 'exit') return exited(requestId, why.exit, 'init-error');
  if (why.kind === 'extension') return extensionFailed(requestId, why.failure, 'init-error');
  if (why.kind === 'timeout') return { ...timedOut(requestId, why.afterMs), outcome: 'init-error' };
  return { outcome: 'init-error', errorType: why.error.errorType, payload: why.error.payload };
}

function reason({ code, signal }: Exit): string {
  if (signal !== null) return `with error: signal: ${SIGNAL_WORDS[signal] ?? signal}`;
  return code === 0 || code === null ? 'without providing a reason' : `with error: exit status ${code}`;
}

/** Go's words for signals, which AWS's messages are made of. */
const SIGNAL_WORDS: Partial<Record<NodeJS.Signals, string>> = {
  SIGABRT: 'aborted (core dumped)',
  SIGBUS: 'bus error (core dumped)',
  SIGFPE: 'floating point exception (core dumped)',
  SIGILL: 'illegal instruction (core dumped)',
  SIGKILL: 'killed',
  SIGSEGV: 'segmentation fault (core dumped)',
  SIGTERM: 'terminated',
};

function failure(outcome: Failure['outcome'], errorType: string, errorMessage: string): Failure {
  return { outcome, errorType, payload: Buffer.from(JSON.stringify({ errorType, errorMessage })) };
}
