/**
 * What Lambda's API does with functions, versions, aliases and concurrency, as verbs. Each is one transaction,
 * and answers when this node serves the change. What is only read comes from the registry's snapshot.
 */
import type { Alias, FunctionConfig, Version } from '../../model/index.ts';
import type { ControlOptions } from '../answers.ts';

export interface FunctionsOptions
  extends Pick<ControlOptions, 'sql' | 'clock' | 'registry' | 'accountConcurrency' | 'roles' | 'machine'> {
  readonly artifacts: {
    /** Unpacks the package on this node, before a request needs it. */
    ensure(digest: string): Promise<unknown>;
  };
}

/** What a version is made of, beside its code. */
export interface Settings {
  readonly config: FunctionConfig;
  readonly description: string;
  /** As `VersionDetails.aws`. */
  readonly aws: Readonly<Record<string, unknown>>;
}

export interface NewFunction extends Settings {
  readonly name: string;
  /** Digest of its package, which is stored. */
  readonly artifact: string;
  /** Of the role it is to have; must be there, and let Lambda take it on. */
  readonly roleArn: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Id of a code signing configuration that exists; null: none. */
  readonly codeSigning: string | null;
  readonly publish: boolean;
}

export interface CodeChange {
  readonly name: string;
  readonly revisionId: string | null;
  /** Stores the new package. May throw, which changes nothing; other updates are refused meanwhile. */
  readonly store: () => Promise<string>;
  /** What else goes with it. */
  readonly change: (latest: Version) => Settings;
  readonly publish: boolean;
}

export interface SettingsChange {
  readonly name: string;
  readonly revisionId: string | null;
  /** null: as it is. */
  readonly roleArn: string | null;
  readonly change: (latest: Version) => Settings;
}

export interface Publication {
  readonly name: string;
  readonly codeSha256: string | null;
  readonly revisionId: string | null;
  /** null: that of `$LATEST`. */
  readonly description: string | null;
}

export interface AliasName {
  readonly name: string;
  readonly alias: string;
}

export type AliasPoints = Pick<Alias, 'version' | 'second' | 'description'>;

export interface AliasChange extends AliasName {
  readonly revisionId: string | null;
  /** What is left out stays. */
  readonly points: { readonly [Key in keyof AliasPoints]?: AliasPoints[Key] | undefined };
}

export interface Functions {
  /**
   * @returns what was published, or `$LATEST`
   * @throws {Fault} `resource-conflict` when there is one of this name, `role-unassumable`, `artifact-not-found`
   */
  create(wanted: NewFunction): Promise<Version>;
  /**
   * @returns what was published, or `$LATEST`
   * @throws {Fault} `function-not-found`, `revision-stale`, `resource-conflict` while another update runs,
   *   `version-limit`, what `store` and `change` throw
   */
  updateCode(wanted: CodeChange): Promise<Version>;
  /** @returns `$LATEST`. @throws {Fault} as `updateCode`; `role-unassumable` */
  updateSettings(wanted: SettingsChange): Promise<Version>;
  /** @throws {Fault} `function-not-found`, `revision-stale`, `parameter-invalid`, `version-limit`, `resource-conflict` */
  publish(wanted: Publication): Promise<Version>;
  /** With all its versions and aliases. @throws {Fault} `function-not-found`, `resource-conflict` */
  delete(name: string): Promise<void>;
  /** @throws {Fault} `function-not-found`; `resource-conflict` while an alias points at it */
  deleteVersion(wanted: { readonly name: string; readonly version: number }): Promise<void>;
  /** Whether `$LATEST` is being changed by this node now. */
  updating(name: string): boolean;
  readonly aliases: Aliases;
  readonly concurrency: Concurrency;
}

export interface Aliases {
  /** @throws {Fault} `function-not-found` (also for a version), `parameter-invalid`, `resource-conflict` */
  create(wanted: AliasName & AliasPoints): Promise<Alias>;
  /** @throws {Fault} `function-not-found`, `resource-not-found`, `parameter-invalid`, `revision-stale` */
  update(wanted: AliasChange): Promise<Alias>;
  /** There being none is no mistake. @throws {Fault} `function-not-found`, `resource-conflict` */
  delete(wanted: AliasName): Promise<void>;
}

export interface Concurrency {
  /** @param reserved null: none. @throws {Fault} `function-not-found`, `parameter-invalid` */
  reserve(wanted: { readonly name: string; readonly reserved: number | null }): Promise<void>;
  /**
   * @param wanted.qualifier an alias or a version's number
   * @param wanted.count 0: none
   * @throws {Fault} `function-not-found`, `parameter-invalid`, `resource-conflict`
   */
  provision(wanted: {
    readonly name: string;
    readonly qualifier: string;
    readonly count: number;
  }): Promise<void>;
  /** When what is provisioned was last changed, by qualifier, in ms. */
  provisionedChanges(name: string): Promise<ReadonlyMap<string, number>>;
}
