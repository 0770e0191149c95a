/** Secrets of functions: the keys, the vault, and who gets a new value when. */
import { createSecrets, type Secrets } from '../control/index.ts';
import {
  createVault,
  type Keyring,
  openKeyring,
  renewKeyring,
  retireKeys,
  type SecretsWanted,
  type Vault,
} from '../identity/index.ts';
import type { Fleet } from '../instances/index.ts';
import type { Version } from '../model/index.ts';
import type { Registry } from '../registry/index.ts';
import { loadSecrets, type Sql } from '../store/index.ts';
import type { Home } from './site.ts';

/** The keyring of the moment, and the secrets that it opens. */
export interface Safe {
  readonly vault: Vault;
  keyring(): Keyring;
  renew(): Keyring;
  retire(): void;
}

/** Its secrets are loaded. */
export async function openSafe({ options }: Home, sql: Sql): Promise<Safe> {
  const place = { home: options.home, given: options.encryptionKeys };
  let ring = openKeyring(place);
  const vault = createVault({ load: () => loadSecrets(sql), keyring: () => ring });
  await vault.refresh();
  return {
    vault,
    keyring: () => ring,
    renew: () => {
      ring = renewKeyring(place);
      return ring;
    },
    retire: () => {
      ring = retireKeys(options.home);
    },
  };
}

/** What the instances of a version ask for. */
export function wantedBy(version: Version, registry: Pick<Registry, 'current'>): SecretsWanted {
  const app = registry.current().functions.get(version.functionName)?.app ?? null;
  return { app, names: version.config.secrets };
}

interface Around {
  readonly sql: Sql;
  readonly registry: Registry;
  readonly safe: Safe;
  readonly fleet: Fleet;
  /** Access keys are sealed by the same keyring. */
  readonly identity: { readonly admin: { resealKeys(): Promise<number> } };
}

/** The verbs. What another node sets is followed, and what is encrypted under an older key is encrypted anew. */
export async function openSecrets({ building, problem }: Home, around: Around): Promise<Secrets> {
  const { sql, registry, safe, fleet } = around;
  let { databases } = registry.current();
  const follow = registry.onChange((snapshot) => {
    if (snapshot.databases === databases) return; // only functions changed
    databases = snapshot.databases;
    const loaded = safe.vault.refresh().then(() => fleet.renew());
    loaded.catch(problem('secrets could not be loaded'));
  });
  building.defer(follow);
  const secrets = createSecrets({
    sql,
    vault: safe.vault,
    keys: { current: safe.keyring, renew: safe.renew, retire: safe.retire },
    registry,
    renewInstances: () => fleet.renew(),
    resealOthers: () => around.identity.admin.resealKeys(),
  });
  await secrets.reseal().catch(problem('what is encrypted under another key could not be encrypted anew'));
  return secrets;
}
