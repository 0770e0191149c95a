import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { Clock } from '../base/index.ts';
import type { Control, Secrets } from '../control/index.ts';
import type { ForesightCounts, ProvisionedCounts } from '../instances/index.ts';
import type { Invocation, InvokeResult } from '../invoke/index.ts';
import type { LogEntry } from '../logs/index.ts';
import type { EventOptions } from './event-endpoints.ts';
import type { KeyOptions } from './key-endpoints.ts';
import type { QueueOptions } from './queue-endpoints.ts';
import type { ScheduleOptions } from './schedule-endpoints.ts';

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
  /** Events that wait or run, on all nodes, as counted some seconds ago; when the oldest was accepted, ISO 8601. */
  readonly events: { readonly waiting: number; readonly bytes: number; readonly oldestAt: string | null };
  readonly pid: number;
}

/**
 * Somebody else who answers on the control listener, such as the AWS APIs: whether a request was theirs, which
 * is then answered. They know their callers by themselves; that Host and Origin are ours was checked.
 */
export type OtherApi = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface ApiOptions extends KeyOptions, EventOptions, QueueOptions, ScheduleOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly domain: string;
  /** Bearer token that every request but /healthz and /readyz carries. */
  readonly token: string;
  readonly clock: Clock;
  /** Asked in this order before us. */
  readonly others: readonly OtherApi[];
  /** Does work that needs the database, or says within seconds that it is away. */
  readonly whileDatabaseAnswers: <T>(work: () => Promise<T>) => Promise<T>;
  readonly control: Control;
  readonly secrets: Secrets;
  readonly artifacts: {
    has(digest: string): Promise<boolean>;
    put(
      zip: Readable,
      options: { readonly what: 'zip' | 'image' },
    ): Promise<{ readonly digest: string; readonly bytes: number }>;
  };
  readonly events: {
    /** Resolves when the event is kept. */
    enqueue(invocation: Invocation): Promise<{ readonly requestId: string }>;
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
