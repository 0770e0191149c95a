/** What the verbs need, and what they answer; the answers are what `--json` prints. */
import type { Clock } from '../base/index.ts';
import type { RoleQuestion } from '../identity/index.ts';
import type { ProvisionedCounts } from '../instances/index.ts';
import type { FunctionConfig } from '../model/index.ts';
import type { Snapshot } from '../registry/index.ts';
import type { Sql } from '../store/index.ts';
import type { Provisioning } from './provision.ts';

export interface ControlOptions {
  readonly sql: Sql;
  readonly clock: Clock;
  /** The packages' store. */
  readonly artifacts: {
    has(digest: string): Promise<boolean>;
    /** Unpacks the package on this node. */
    ensure(digest: string): Promise<unknown>;
  };
  readonly machine: {
    /** @throws {Fault} `runtime-unavailable`, `package-invalid`: this node could never run such a function */
    requireRunnable(config: FunctionConfig, artifact: string): Promise<void>;
  };
  /** The apps' own databases. */
  readonly databases: {
    ensure(wanted: { readonly app: string; readonly key: string }): Promise<unknown>;
    drop(unwanted: { readonly app: string; readonly key: string }): Promise<unknown>;
  };
  readonly registry: {
    current(): Snapshot;
    reach(revision: number, signal: AbortSignal): Promise<void>;
  };
  readonly domain: string;
  /** Invocations at once on this node: what all functions together may reserve. */
  readonly accountConcurrency: number;
  /** Where a host label answers, e.g. `http://bakery.localhost:8080/`. */
  readonly urlOf: (label: string) => string;
  /** Instances of a function on this node: of all its versions; and its provisioned ones. */
  readonly instancesOf: (functionName: string) => InstancesOfFunction;
  readonly provisioning: Provisioning;
  readonly secrets: {
    /** Which of the names are not set, for an app. */
    missing(wanted: { readonly app: string; readonly names: readonly string[] }): string[];
    /** Deletes those of an app. */
    removeOf(app: string): Promise<void>;
  };
  readonly roles: {
    /** @returns the role's name. @throws {Fault} `role-unassumable` */
    requireAssumable(role: { readonly nameOrArn: string; readonly service: string }): string;
    /** Whether somebody with that role would be allowed something. */
    roleAllows(question: RoleQuestion): boolean;
  };
}

export interface InstancesOfFunction {
  readonly instances: number;
  readonly provisioned: ProvisionedCounts;
}

export interface DeployAnswer {
  readonly app: string;
  readonly url: string;
  readonly functions: readonly {
    readonly name: string;
    readonly version: string;
    readonly changed: boolean;
    readonly url: string;
  }[];
}

export interface ListAnswer {
  readonly functions: readonly {
    readonly name: string;
    readonly shape: string;
    readonly version: string;
    /** Empty for a function that answers nowhere: an API made it, and no URL. */
    readonly url: string;
    readonly instances: number;
    /** Instances that are to stand ready, and that do. */
    readonly provisioned: ProvisionedCounts;
  }[];
}

export interface VersionsAnswer {
  readonly name: string;
  readonly versions: readonly {
    readonly version: string;
    readonly live: boolean;
    readonly aliases: readonly string[];
    readonly artifact: string;
    /** ISO 8601. */
    readonly createdAt: string;
  }[];
}

export interface RollbackAnswer {
  readonly name: string;
  readonly from: string;
  readonly version: string;
}

export interface DestroyAnswer {
  readonly app: string;
  readonly functions: readonly string[];
  /** Keys of the databases that were deleted, and names of the queues. */
  readonly databases: readonly string[];
  readonly queues: readonly string[];
}
