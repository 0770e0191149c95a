/** Users, roles and managed policies as they are kept and held in memory, and how they are named. */
import { randomBytes } from 'node:crypto';
import { ACCOUNT_ID } from '../model/index.ts';
import { base32 } from './base32.ts';

export type Tags = Readonly<Record<string, string>>;

/** Whatever policies can be put on. */
export interface Holder {
  readonly name: string;
  readonly path: string;
  /** `AIDA…` of a user, `AROA…` of a role. */
  readonly id: string;
  readonly createdAtMs: number;
  readonly tags: Tags;
  /** Inline policies: documents by name. */
  readonly inline: Readonly<Record<string, string>>;
  /** ARNs of managed policies. */
  readonly attached: readonly string[];
}

export interface User extends Holder {
  readonly keys: readonly AccessKey[];
}

export interface AccessKey {
  readonly id: string;
  /** The secret, sealed by the keyring. */
  readonly sealed: string;
  readonly active: boolean;
  readonly createdAtMs: number;
}

export interface Role extends Holder {
  /** Who may take it on. */
  readonly trust: string;
  readonly description: string;
  readonly maxSessionSeconds: number;
}

export interface ManagedPolicy {
  readonly name: string;
  readonly path: string;
  /** `ANPA…` */
  readonly id: string;
  readonly description: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly tags: Tags;
  readonly versions: readonly PolicyVersion[];
  readonly defaultVersion: string;
  /** Number of the next version: a deleted one's is not used again. */
  readonly nextVersion: number;
}

export interface PolicyVersion {
  /** `v1` */
  readonly id: string;
  readonly document: string;
  readonly createdAtMs: number;
}

/** @param prefix `AIDA`, `AROA`, `ANPA`, `AKIA` */
export function newId(prefix: string): string {
  return `${prefix}${base32(randomBytes(10))}`;
}

export function userArn({ path, name }: { path: string; name: string }): string {
  return `arn:aws:iam::${ACCOUNT_ID}:user${path}${name}`;
}

export function roleArn({ path, name }: { path: string; name: string }): string {
  return `arn:aws:iam::${ACCOUNT_ID}:role${path}${name}`;
}

export function policyArn({ path, name }: { path: string; name: string }): string {
  return `arn:aws:iam::${ACCOUNT_ID}:policy${path}${name}`;
}

/** The name in a role's ARN, or the name itself. @returns null when it is neither, or of another account */
export function roleNameOf(nameOrArn: string): string | null {
  if (/^[\w+=,.@-]{1,64}$/.test(nameOrArn)) return nameOrArn;
  const match = /^arn:aws:iam::(\d{12}):role\/(?:[^/]+\/)*([\w+=,.@-]{1,64})$/.exec(nameOrArn);
  return match?.[1] === ACCOUNT_ID ? (match[2] as string) : null;
}
