/**
 * The vault: secrets as this node knows them, sealed in memory as they are in the database.
 *
 * Owns   the newest list of sealed secrets, and when it is loaded again.
 * Asks   the keyring for a value, when an instance is about to start and at no other time.
 * Never  keeps an opened value, writes one anywhere, or blocks a request that runs warm.
 *
 * While the database is away the last list goes on being used, so that cold starts go on.
 */
import { Fault, Refresher } from '../base/index.ts';
import type { Keyring } from './keyring.ts';

export interface StoredSecret {
  /** Whose it is; null: all apps'. */
  readonly app: string | null;
  readonly name: string;
  readonly sealed: string;
  /** Another one whenever another value was set. */
  readonly stamp: number;
}

/** What a function asks for: names, and the app whose own come first. */
export interface SecretsWanted {
  readonly app: string | null;
  readonly names: readonly string[];
  /** As they are known now, without waiting for a load under way; default false. */
  readonly atOnce?: boolean;
}

export interface Vault {
  /** Loads what is stored now. One load at a time; who asks during one gets the next. */
  refresh(): Promise<void>;
  /**
   * Names and values, as they belong into an environment.
   *
   * @throws {Fault} `secret-not-found`, `sealed-unreadable`
   */
  values(wanted: SecretsWanted): Promise<Record<string, string>>;
  /** Something that is another text once one of the values is another. */
  stampOf(wanted: SecretsWanted): string;
  /** Which of the names are not set. */
  missing(wanted: SecretsWanted): string[];
}

export interface VaultParts {
  load(): Promise<readonly StoredSecret[]>;
  /** The keyring of the moment: it changes when the key is renewed. */
  keyring(): Keyring;
}

/** Empty until `refresh`. */
export function createVault({ load, keyring }: VaultParts): Vault {
  let secrets = new Map<string, StoredSecret>();
  const loads = new Refresher(async () => {
    const stored = await load();
    secrets = new Map(stored.map((secret) => [sealContext(secret), secret]));
  });

  const find = (app: string | null, name: string) =>
    (app === null ? undefined : secrets.get(sealContext({ app, name }))) ??
    secrets.get(sealContext({ app: null, name }));

  return {
    refresh: () => loads.refresh(),
    async values({ app, names, atOnce = false }) {
      if (names.length === 0) return {};
      if (!atOnce) await loads.pending?.catch(() => {}); // what was set a moment ago counts; an old list is better than none
      return Object.fromEntries(names.map((name) => [name, opened(find(app, name), { app, name })]));
    },
    stampOf: ({ app, names }) => names.map((name) => find(app, name)?.stamp ?? 0).join(),
    missing: ({ app, names }) => names.filter((name) => find(app, name) === undefined),
  };

  function opened(secret: StoredSecret | undefined, wanted: { app: string | null; name: string }): string {
    if (secret === undefined) throw secretMissing(wanted);
    return keyring().open(secret.sealed, sealContext(secret));
  }
}

/** What a secret is sealed for: one name of one app, or of all. */
export function sealContext({ app, name }: { readonly app: string | null; readonly name: string }): string {
  return `secret:${app ?? ''}/${name}`;
}

function secretMissing({ app, name }: { app: string | null; name: string }): Fault {
  const message = `Secret "${name}" is not set. Set it with "skein secret set ${name}"; new instances get it.`;
  return new Fault('secret-not-found', message, { facts: { name, ...(app !== null && { app }) } });
}
