/** What a function is, once it has been validated: plain data, no I/O. */
import type { Egress } from './egress.ts';

export const RUNTIMES = ['nodejs24.x', 'python3.11', 'provided.al2023'] as const;
export type RuntimeName = (typeof RUNTIMES)[number];

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
}

/** One immutable version of a function. */
export interface Version {
  readonly functionName: string;
  readonly version: number;
  /** SHA-256 of the package, lower-case hex: the code, content-addressed. */
  readonly artifact: string;
  readonly config: FunctionConfig;
  readonly createdAtMs: number;
}

/** A function as the registry knows it: its versions and the names that point at them. */
export interface FunctionEntry {
  readonly app: string;
  /** `<app>-<key>` */
  readonly name: string;
  /** Host label, unique on the node. */
  readonly slug: string;
  /** Most invocations at once, and a share of the account kept for it; null: the account's. */
  readonly reserved: number | null;
  /** Instances of the live version that are always initialised; 0: none. */
  readonly provisioned: number;
  readonly versions: ReadonlyMap<number, Version>;
  /** alias → version number; `live` always exists. */
  readonly aliases: ReadonlyMap<string, number>;
}

/** One route of an app at the front door. */
export interface Route {
  readonly app: string;
  readonly functionName: string;
  /** Upper case, or `ANY`. */
  readonly method: string;
  /** As in the manifest: `/orders/{id}`, `/files/{proxy+}`. */
  readonly path: string;
}

/** A database of an app on the node's PostgreSQL. */
export interface AppDatabase {
  readonly app: string;
  readonly key: string;
  readonly databaseName: string;
  readonly roleName: string;
  readonly password: string;
}
