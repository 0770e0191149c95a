/**
 * The directory: this node's memory of users, access keys, roles and managed policies.
 *
 * Owns   the newest picture of them, and when a newer one is read.
 * Asks   `load` for what has changed since a revision, `listen` for news.
 * Never  reads the database while somebody waits for a verification or a decision.
 *
 * As the registry: a notification, a waiting change and the periodic check run the same pass, which reads only
 * what is new. While the database is away the last picture goes on being used.
 */
import { type Clock, Follower, type Service } from '../base/index.ts';
import type { StoredIdentity } from '../store/index.ts';
import { type AccessKey, type ManagedPolicy, policyArn, type Role, type User } from './entities.ts';

export interface DirectoryOptions {
  readonly load: (since: number) => Promise<{ revision: number; changed: readonly StoredIdentity[] }>;
  readonly listen: (poke: () => void) => Promise<() => Promise<void>>;
  readonly clock: Clock;
  readonly onTrouble: (error: unknown) => void;
}

export class Directory implements Service {
  /** By lower-case name. */
  readonly users = new Map<string, User>();
  readonly roles = new Map<string, Role>();
  readonly policies = new Map<string, ManagedPolicy>();
  readonly policiesByArn = new Map<string, ManagedPolicy>();
  /** By access key id. */
  readonly keys = new Map<string, { readonly user: User; readonly key: AccessKey }>();
  readonly #load: DirectoryOptions['load'];
  readonly #follower: Follower;
  #revision = 0;

  constructor({ load, ...options }: DirectoryOptions) {
    this.#load = load;
    this.#follower = new Follower({ ...options, load: () => this.#read() });
  }

  start(): Promise<void> {
    return this.#follower.start();
  }

  stop(): Promise<void> {
    return this.#follower.stop();
  }

  /**
   * Resolves when what was committed before is known here.
   *
   * @throws what loading failed with
   */
  refresh(): Promise<void> {
    return this.#follower.refresh();
  }

  async #read(): Promise<void> {
    const { revision, changed } = await this.#load(this.#revision);
    if (revision < this.#revision) return; // a slower read that began earlier
    this.#revision = revision;
    for (const entry of changed) this.#take(entry);
  }

  #take({ kind, name, document }: StoredIdentity): void {
    if (kind === 'role') put(this.roles, name, document as Role | null);
    else if (kind === 'user') {
      for (const key of this.users.get(name)?.keys ?? []) this.keys.delete(key.id);
      const user = document as User | null;
      put(this.users, name, user);
      if (user !== null) for (const key of user.keys) this.keys.set(key.id, { user, key });
    } else {
      const old = this.policies.get(name);
      if (old !== undefined) this.policiesByArn.delete(policyArn(old));
      const policy = document as ManagedPolicy | null;
      put(this.policies, name, policy);
      if (policy !== null) this.policiesByArn.set(policyArn(policy), policy);
    }
  }
}

function put<T>(map: Map<string, T>, name: string, value: T | null): void {
  if (value === null) map.delete(name);
  else map.set(name, value);
}
