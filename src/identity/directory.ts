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
import type { Clock, Service, Timer } from '../base/index.ts';
import type { StoredIdentity } from '../store/index.ts';
import { type AccessKey, type ManagedPolicy, policyArn, type Role, type User } from './entities.ts';

export interface DirectoryOptions {
  readonly load: (since: number) => Promise<{ revision: number; changed: readonly StoredIdentity[] }>;
  readonly listen: (poke: () => void) => Promise<() => Promise<void>>;
  readonly clock: Clock;
  readonly onTrouble: (error: unknown) => void;
}

/** Time between checks, and between tries while loading fails, ms. */
const CHECK_EVERY_MS = 30_000;
const RETRY_EVERY_MS = 1_000;

export class Directory implements Service {
  /** By lower-case name. */
  readonly users = new Map<string, User>();
  readonly roles = new Map<string, Role>();
  readonly policies = new Map<string, ManagedPolicy>();
  readonly policiesByArn = new Map<string, ManagedPolicy>();
  /** By access key id. */
  readonly keys = new Map<string, { readonly user: User; readonly key: AccessKey }>();
  readonly #options: DirectoryOptions;
  #revision = 0;
  #running = false;
  #unlisten: (() => Promise<void>) | null = null;
  #timer: Timer | null = null;
  #reading: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(options: DirectoryOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#running = true;
    this.#unlisten = await this.#options.listen(() => void this.#check()); // first: what changes now is announced
    try {
      await this.refresh();
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#again(CHECK_EVERY_MS);
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#timer?.cancel();
    const unlisten = this.#unlisten;
    this.#unlisten = null;
    await unlisten?.().catch(() => {}); // the database may be away; its connection is then gone anyway
    await (this.#next ?? this.#reading)?.catch(() => {});
  }

  /**
   * Resolves when what was committed before is known here. One read at a time; who asks during one gets the
   * next, because the running one may have read the older state.
   *
   * @throws what loading failed with
   */
  refresh(): Promise<void> {
    if (this.#reading === null) {
      this.#reading = this.#read().finally(() => {
        this.#reading = null;
      });
      return this.#reading;
    }
    this.#next ??= this.#reading
      .catch(() => {})
      .then(() => {
        this.#next = null;
        return this.refresh();
      });
    return this.#next;
  }

  async #check(): Promise<void> {
    if (!this.#running) return;
    try {
      await this.refresh();
      this.#again(CHECK_EVERY_MS);
    } catch (error) {
      this.#options.onTrouble(error);
      this.#again(RETRY_EVERY_MS);
    }
  }

  async #read(): Promise<void> {
    const { revision, changed } = await this.#options.load(this.#revision);
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

  #again(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#running ? this.#options.clock.after(delayMs, () => void this.#check()) : null;
  }
}

function put<T>(map: Map<string, T>, name: string, value: T | null): void {
  if (value === null) map.delete(name);
  else map.set(name, value);
}
