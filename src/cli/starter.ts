/** A detached node's word to the command that started it. */
import { Fault, type FaultCode, type FaultFacts } from '../base/index.ts';

export interface Ready {
  readonly gateway: string;
  readonly control: string;
  readonly pid: number;
  /** How functions are kept apart, as a line for people; null: not asked. */
  readonly isolation: string | null;
}

export type StartMessage =
  | { readonly kind: 'progress'; readonly line: string }
  | { readonly kind: 'ready'; readonly ready: Ready }
  | {
      readonly kind: 'failed';
      /** Null when the error is a bug. */
      readonly code: FaultCode | null;
      readonly message: string;
      readonly facts: FaultFacts;
    };

export interface Starter {
  progress(line: string): void;
  ready(ready: Ready): void;
  failed(error: unknown): void;
}

/** @returns null when nobody waits for news: the node runs in the foreground */
export function reportToStarter(): Starter | null {
  if (process.send === undefined || !process.connected) return null;
  // A starter that goes away early (Ctrl-C) must not take the node with it.
  process.on('error', () => {});
  const tell = (message: StartMessage, done?: () => void) => {
    if (process.connected) process.send?.(message, undefined, {}, () => done?.());
  };
  const leave = () => {
    if (process.connected) process.disconnect();
  };
  return {
    progress: (line) => tell({ kind: 'progress', line }),
    ready: (ready) => tell({ kind: 'ready', ready }, leave),
    failed: (error) => {
      const fault = error instanceof Fault ? error : null;
      const message = error instanceof Error ? error.message : String(error);
      tell({ kind: 'failed', code: fault?.code ?? null, message, facts: fault?.facts ?? {} }, leave);
    },
  };
}
