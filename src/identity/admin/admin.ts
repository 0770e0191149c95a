/**
 * The verbs of IAM: what changes users, access keys, roles and policies. Each is one transaction, and answers
 * when this node decides by the new state. IAM's rules and words live here; what a wire calls them does not.
 */
import { type Clock, Fault } from '../../base/index.ts';
import type { IdentityChange, IdentityKind } from '../../store/index.ts';
import type { Directory } from '../directory.ts';
import type { ManagedPolicy, Role, User } from '../entities.ts';
import { type FunctionRoles, findFunctionRole } from '../function-roles.ts';
import type { Keyring } from '../keyring.ts';

export interface AdminParts {
  /** The store's `changeIdentities`. */
  readonly change: <T>(work: (change: IdentityChange) => Promise<T>) => Promise<{ result: T }>;
  readonly directory: Directory;
  readonly functions: FunctionRoles;
  readonly keyring: () => Keyring;
  readonly clock: Pick<Clock, 'wallMs'>;
}

/** A user or a role, by name. */
export interface HolderRef {
  readonly kind: 'user' | 'role';
  readonly name: string;
}

interface Entities {
  readonly user: User;
  readonly role: Role;
  readonly policy: ManagedPolicy;
}

/** One change under way, typed by what it changes. */
export class Changing {
  readonly #change: IdentityChange;
  readonly #functions: FunctionRoles;

  constructor(change: IdentityChange, functions: FunctionRoles) {
    this.#change = change;
    this.#functions = functions;
  }

  /** @throws {Fault} `identity-not-found`; `identity-protected` for a function's own role */
  async need<K extends IdentityKind>(kind: K, name: string): Promise<Entities[K]> {
    const found = await this.#change.get(kind, name.toLowerCase());
    if (found !== null) return found as Entities[K];
    if (kind === 'role' && findFunctionRole(this.#functions, name) !== null) throw protectedRole(name);
    throw notFound(`The ${kind} with name ${name} cannot be found.`);
  }

  async has(kind: IdentityKind, name: string): Promise<boolean> {
    if ((await this.#change.get(kind, name.toLowerCase())) !== null) return true;
    return kind === 'role' && findFunctionRole(this.#functions, name) !== null;
  }

  put<K extends IdentityKind>(kind: K, entity: Entities[K]): Promise<void> {
    return this.#change.put(kind, entity.name.toLowerCase(), entity);
  }

  remove(kind: IdentityKind, name: string): Promise<void> {
    return this.#change.remove(kind, name.toLowerCase());
  }

  count(kind: IdentityKind): Promise<number> {
    return this.#change.count(kind);
  }

  holders(policyArn: string): Promise<number> {
    return this.#change.holders(policyArn);
  }
}

/** Runs a change and waits until this node knows of it. */
export async function runChange<T>(parts: AdminParts, work: (changing: Changing) => Promise<T>): Promise<T> {
  const { result } = await parts.change((change) => work(new Changing(change, parts.functions)));
  await parts.directory.refresh();
  return result;
}

export function notFound(message: string): Fault {
  return new Fault('identity-not-found', message);
}

export function limitExceeded(message: string): Fault {
  return new Fault('identity-limit', message);
}

export function inUse(message: string): Fault {
  return new Fault('identity-in-use', message);
}

export function exists(message: string): Fault {
  return new Fault('identity-exists', message);
}

export function protectedRole(name: string): Fault {
  return new Fault(
    'identity-protected',
    `Cannot perform the operation on the protected role '${name}' - this role is only modifiable by AWS`,
  );
}
