/** What the intake and its thread say to each other. */
import type { LogLimits } from './source.ts';
import type { TelemetryMessage } from './telemetry/instance-telemetry.ts';

export interface ThreadOptions {
  readonly socketPath: string;
  readonly databaseUrl: string;
  readonly limits: LogLimits;
  /** Most bytes read from one instance within a tick: a flood waits in its own process. */
  readonly bytesPerTick: number;
  /** Lines that wait for PostgreSQL; the oldest go first when it is away for long. */
  readonly backlogLines: number;
  readonly tickMs: number;
  /** How long a stop waits for PostgreSQL to take what is left. */
  readonly stopMs: number;
}

export type ToThread =
  | {
      readonly kind: 'assign';
      readonly instanceId: string;
      readonly functionName: string;
      readonly version: number;
      readonly tagsLogs: boolean;
    }
  | { readonly kind: 'begin'; readonly instanceId: string; readonly requestId: string }
  | {
      readonly kind: 'settle';
      readonly instanceId: string;
      readonly requestId: string;
      readonly ticket: number;
    }
  /** Its lines are wanted … */
  | { readonly kind: 'watch'; readonly requestId: string }
  /** … and are asked for, once it has ended on an instance; null: on none. */
  | {
      readonly kind: 'collect';
      readonly instanceId: string | null;
      readonly requestId: string;
      readonly ticket: number;
    }
  | TelemetryMessage
  | { readonly kind: 'stop' };

export type FromThread =
  | { readonly kind: 'listening' }
  | { readonly kind: 'settled'; readonly ticket: number }
  | { readonly kind: 'collected'; readonly ticket: number; readonly text: string }
  | { readonly kind: 'lost'; readonly lines: number; readonly why: string }
  | { readonly kind: 'stopped' };
