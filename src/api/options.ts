import type { Readable } from 'node:stream';
import type { Clock } from '../base/index.ts';
import type { Control } from '../control/index.ts';
import type { ForesightCounts, ProvisionedCounts } from '../instances/index.ts';
import type { Invocation, InvokeResult } from '../invoke/index.ts';
import type { LogEntry } from '../logs/index.ts';

export interface FunctionUsage {
  readonly functionName: string;
  readonly invocations: number;
  readonly errors: number;
  readonly throttles: number;
  readonly coldStarts: number;
  readonly durationMs: number;
  readonly billedMs: number;
  readonly gbSeconds: number;
}

export interface Status {
  readonly ready: boolean;
  readonly version: string;
  readonly driver: string;
  /** One line for people: how functions are kept apart here, and if they are not, why. */
  readonly isolation: string;
  readonly gateway: string;
  readonly control: string;
  readonly instances: {
    readonly starting: number;
    readonly idle: number;
    readonly busy: number;
    readonly frozen: number;
  };
  /** Instances that are to stand ready, and that do. */
  readonly provisioned: ProvisionedCounts;
  /** Instances started ahead of a rhythm: how many, and what came of those that are settled. */
  readonly prewarmed: ForesightCounts;
  /** First instances of functions: how many asked for a blank sandbox, and how many found none. */
  readonly firsts: { readonly asked: number; readonly missed: number };
  readonly pid: number;
}

export interface ApiOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly domain: string;
  /** Bearer token that every request but /healthz and /readyz carries. */
  readonly token: string;
  readonly clock: Clock;
  /** Does work that needs the database, or says within seconds that it is away. */
  readonly whileDatabaseAnswers: <T>(work: () => Promise<T>) => Promise<T>;
  readonly control: Control;
  readonly artifacts: {
    has(digest: string): Promise<boolean>;
    put(
      zip: Readable,
      limits: { readonly maxBytes: number },
    ): Promise<{ readonly digest: string; readonly bytes: number }>;
  };
  readonly invoker: { invoke(invocation: Invocation, signal: AbortSignal): Promise<InvokeResult> };
  readonly logs: {
    read(wanted: {
      readonly functionName: string;
      readonly after: string | null;
      readonly sinceMs: number | null;
      readonly limit: number;
    }): Promise<{ readonly entries: readonly LogEntry[]; readonly cursor: string }>;
  };
  readonly usage: {
    totals(): Promise<readonly FunctionUsage[]>;
    /** GB-seconds for which provisioned instances stood ready. */
    provisioned(): Promise<readonly { readonly functionName: string; readonly gbSeconds: number }[]>;
  };
  readonly status: () => Status;
  readonly ready: () => boolean;
  /** Begins to stop the node. */
  readonly shutdown: () => void;
  readonly newRequestId: () => string;
  /** An error that is a bug: goes to the node's own log under `id`, which is all the caller is told. */
  readonly onBug: (error: unknown, id: string) => void;
}
