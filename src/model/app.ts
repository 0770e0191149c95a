import type { FunctionConfig } from './function.ts';
import type { ProvisionedPlan } from './provisioned.ts';
import type { AppQueue } from './queue.ts';
import type { Webhook } from './webhook.ts';

/** A validated `skein.yaml`: what a deploy asks for. */
export interface App {
  readonly app: string;
  /** Extra host names at which the app's routes answer, beside `<app>.<domain>`. */
  readonly hosts: readonly string[];
  readonly databases: readonly string[];
  /** Absent: none. */
  readonly queues?: readonly AppQueue[];
  readonly functions: readonly AppFunction[];
}

export interface AppFunction {
  /** The manifest's key; the full name is `<app>-<key>`. */
  readonly key: string;
  readonly config: FunctionConfig;
  readonly reserved: number | null;
  /** Instances that are initialised before the first request; at most `reserved`, where that is set. */
  readonly provisioned: number;
  /** How many of them there are when; absent: all of them, always. */
  readonly provisionedPlan?: ProvisionedPlan | undefined;
  readonly routes: readonly AppRoute[];
  /** When it is called; absent: by no schedule. */
  readonly schedules?: readonly AppSchedule[];
  /** What it is given from queues; absent: nothing. */
  readonly queueTriggers?: readonly AppQueueTrigger[];
  /** What `config.layers` is to be made of, the first at the bottom; absent: nothing. */
  readonly layers?: readonly LayerWish[];
}

/** When a function is called, and how. */
export interface AppSchedule {
  /** `<app>-<name>`; where the manifest names none, that of its function, numbered from the second on. */
  readonly name: string;
  readonly expression: string;
  /** IANA's name. */
  readonly timezone: string;
  /** Wall-clock ms; null: at once, and for good. */
  readonly startMs: number | null;
  readonly endMs: number | null;
  /** It is called at any moment within this after each slot. */
  readonly jitterMs: number;
  readonly overlap: 'allow' | 'skip' | 'queue';
  readonly missed: 'skip' | 'catch-up';
  /** The event, JSON text; null: one that says that it is time. */
  readonly input: string | null;
}

export interface AppRoute {
  readonly method: string;
  readonly path: string;
  readonly webhook?: Webhook;
}

/** A queue of the same app whose messages are the function's events. */
export interface AppQueueTrigger {
  /** The manifest's key. */
  readonly queue: string;
  /** Messages of one invocation, at most. */
  readonly batch: number;
  /** How long a batch may wait to be full; whole seconds. */
  readonly windowMs: number;
  /** Invocations at once in the whole cluster; null: only the function's own limit holds. */
  readonly maxConcurrency: number | null;
  /** Event patterns, JSON texts, of which a message has to match one; none: it gets all. */
  readonly filter: readonly string[];
  /** Whether the function's answer says which messages of a batch have failed. */
  readonly partial: boolean;
  readonly enabled: boolean;
}

/** A version of a layer, or a stored package that is to be one, under a name within the app. */
export type LayerWish = { readonly arn: string } | { readonly name: string; readonly artifact: string };
