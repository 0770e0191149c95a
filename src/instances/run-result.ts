/** What came of an invocation on an instance. */
import type { Answer, ExtensionFailure } from '../runtimes/index.ts';
import type { Exit } from '../sandbox/index.ts';

export type RunResult =
  | Answer
  | { readonly kind: 'exit'; readonly exit: Exit }
  | { readonly kind: 'timeout' }
  /** An extension ended, or said that it cannot go on. */
  | { readonly kind: 'extension'; readonly failure: ExtensionFailure }
  /** The process was ending already when the work came: no code of the function has seen it. */
  | { readonly kind: 'not-begun' };

/** How the part of an invocation ended that comes after its answer. */
export type TailEnd =
  | Extract<RunResult, { kind: 'exit' | 'timeout' | 'extension' }>
  | { readonly kind: 'done' };
