/** What a function is, once it has been validated: plain data, no I/O. */
import type { Egress } from './egress.ts';
import type { IdempotencyRule } from './idempotency.ts';
import type { ProvisionedPlan } from './provisioned.ts';
import type { ResourcePolicy } from './resource-policy.ts';
import type { RuntimeName } from './runtime.ts';
import type { Webhook } from './webhook.ts';

export type Shape = 'function';

/** What one version runs with. Part of the version, so it never changes. */
export interface FunctionConfig {
  readonly shape: Shape;
  readonly runtime: RuntimeName;
  /** `file.export` inside the package, as on Lambda; of no meaning to `provided.al2023`. */
  readonly handler: string;
  readonly memoryMb: number;
  readonly timeoutMs: number;
  readonly stopAfterMs: number;
  readonly ephemeralMb: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Key of the app's database whose URL the code gets as DATABASE_URL. */
  readonly database: string | null;
  readonly egress: Egress;
  /** What is placed under /opt, the first at the bottom. */
  readonly layers: readonly LayerReference[];
  /** Name of the role its instances have; null: the function's own. */
  readonly role: string | null;
  /** Names of secrets that are in the environment from the first line of code on. */
  readonly secrets: readonly string[];
  /** What its own role may do with what else there is. */
  readonly uses: readonly Use[];
  /** How a container image is started, where the package is one; null: it is a zip. */
  readonly image: ImageStart | null;
  /** What says that two deliveries are one; null: nothing does. */
  readonly idempotency: IdempotencyRule | null;
  /** What happens to its events, where its event invoke configuration does not say otherwise; null: the defaults. */
  readonly events: EventSettings | null;
}

/** null: not said. */
export interface EventSettings {
  /** Times an event is run again. */
  readonly retries: number | null;
  readonly maxAgeMs: number | null;
  /** ARNs of functions and queues; the dead letter's of a queue. */
  readonly onSuccess: string | null;
  readonly onFailure: string | null;
  readonly deadLetter: string | null;
}

/** A function that may be called, by the SDK or at its address inside; or a queue. By full name. */
export type Use =
  | { readonly function: string; readonly allow: readonly 'invoke'[] }
  | { readonly queue: string; readonly allow: readonly QueueRight[] };

export type QueueRight = 'send' | 'receive' | 'purge';

export interface LayerReference {
  /** Of one version of the layer. */
  readonly arn: string;
  /** SHA-256 of its package. */
  readonly artifact: string;
}

/** What replaces the image's own. */
export interface ImageStart {
  readonly entryPoint?: readonly string[];
  readonly command?: readonly string[];
  readonly workingDirectory?: string;
}

/** What configurations had before they could say otherwise. */
export const CONFIG_DEFAULTS = {
  egress: { mode: 'public' },
  layers: [],
  role: null,
  secrets: [],
  uses: [],
  image: null,
  idempotency: null,
  events: null,
} as const satisfies Partial<FunctionConfig>;

/** What is told about a version and does not change how it runs. */
export interface VersionDetails {
  readonly description: string;
  /** Bytes of the package. */
  readonly codeSize: number;
  /** SHA-256 of the package in base64. */
  readonly codeSha256: string;
  readonly revisionId: string;
  /** ISO 8601. */
  readonly lastModified: string;
  /** What Lambda's API keeps and gives back without effect, under AWS's names: TracingConfig, VpcConfig, KMSKeyArn, … */
  readonly aws: Readonly<Record<string, unknown>>;
}

/** One immutable version of a function; or what `$LATEST` is at present, which is number 0. */
export interface Version {
  readonly functionName: string;
  /** 0: `$LATEST`. */
  readonly version: number;
  /** SHA-256 of the package, lower-case hex: the code, content-addressed. */
  readonly artifact: string;
  readonly config: FunctionConfig;
  /** Of `$LATEST`: when it last changed. Two that differ never have the same. */
  readonly createdAtMs: number;
  readonly details: VersionDetails;
}

/** A name that points at a version, and at a second one for a share of the calls. */
export interface Alias {
  readonly name: string;
  readonly version: number;
  /** `weight` from 0 to 1. */
  readonly second: { readonly version: number; readonly weight: number } | null;
  readonly description: string;
  readonly revisionId: string;
  /** Instances that are always initialised, of its version or shared among both; 0: none. */
  readonly provisioned: number;
  /** How many of them there are when; absent: all of them, always. */
  readonly provisionedPlan?: ProvisionedPlan | undefined;
}

/** An address that answers over HTTP, of `$LATEST` or of an alias. */
export interface FunctionUrl {
  readonly authType: 'NONE' | 'AWS_IAM';
  readonly invokeMode: 'BUFFERED' | 'RESPONSE_STREAM';
  readonly cors: Cors | null;
  /** Its host label. */
  readonly urlId: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly lastModified: string;
}

/** What browsers of other origins may do; null: not said. */
export interface Cors {
  readonly allowCredentials: boolean | null;
  readonly allowHeaders: readonly string[] | null;
  readonly allowMethods: readonly string[] | null;
  readonly allowOrigins: readonly string[] | null;
  readonly exposeHeaders: readonly string[] | null;
  readonly maxAgeSeconds: number | null;
}

/** What happens to events that a function is given and nobody waits for; null: not said. */
export interface EventInvokeConfig {
  /** From 0 to 2. */
  readonly maximumRetryAttempts: number | null;
  /** From 60 to 21,600. */
  readonly maximumEventAgeSeconds: number | null;
  /** ARNs. */
  readonly onSuccess: string | null;
  readonly onFailure: string | null;
  readonly lastModifiedMs: number;
}

/** A function as the registry knows it: its versions and the names that point at them. */
export interface FunctionEntry {
  /** null: made by an API, and of no app. */
  readonly app: string | null;
  /** Of an app: `<app>-<key>`. */
  readonly name: string;
  /** Host label, unique on the node. */
  readonly slug: string;
  /** Most invocations at once, and a share of the account kept for it; 0: none run; null: the account's. */
  readonly reserved: number | null;
  /** `$LATEST`: what was put here last. */
  readonly latest: Version;
  /** What was published. */
  readonly versions: ReadonlyMap<number, Version>;
  /** Instances that are always initialised, by the number of a version that has some of its own. */
  readonly provisioned: ReadonlyMap<number, number>;
  /** By name. A function of an app has `live`. */
  readonly aliases: ReadonlyMap<string, Alias>;
  /** By qualifier: an alias, or '' for `$LATEST`. */
  readonly urls: ReadonlyMap<string, FunctionUrl>;
  /** As the keys of `urls`: those whose URL was deleted, and with it what let anybody in. */
  readonly closedHosts: ReadonlySet<string>;
  /** By qualifier: an alias, a version, or '' for the function itself. */
  readonly policies: ReadonlyMap<string, ResourcePolicy>;
  readonly eventInvoke: ReadonlyMap<string, EventInvokeConfig>;
  /** Whether a chain of events that leads back to it is stopped. */
  readonly recursion: 'Allow' | 'Terminate';
}

/** One route of an app at the front door. */
export interface Route {
  readonly app: string;
  readonly functionName: string;
  /** Upper case, or `ANY`. */
  readonly method: string;
  /** As in the manifest: `/orders/{id}`, `/files/{proxy+}`. */
  readonly path: string;
  /** Only what its sender has signed is taken, and kept as an event; absent: anybody may call. */
  readonly webhook?: Webhook;
}

/** A database of an app on the node's PostgreSQL. */
export interface AppDatabase {
  readonly app: string;
  readonly key: string;
  readonly databaseName: string;
  readonly roleName: string;
  readonly password: string;
}
