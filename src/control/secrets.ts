/**
 * Secrets: set, list, remove, encrypt anew. A verb that changes one answers when this node's new
 * instances get it and the ones with the value before are on their way out.
 *
 * Never answers a value: what was set is known to who set it and to the functions that name it.
 */
import { Fault } from '../base/index.ts';
import { type Keyring, sealContext, type Vault } from '../identity/index.ts';
import { isReservedVariable, LIMITS, NAME_PATTERN, VARIABLE_PATTERN } from '../model/index.ts';
import { followedVersions, type Snapshot } from '../registry/index.ts';
import {
  deleteSecret,
  deleteSecretsOf,
  loadSecrets,
  putSecret,
  resealSecrets,
  type SecretName,
  type Sql,
} from '../store/index.ts';

export interface SecretsOptions {
  readonly sql: Sql;
  readonly vault: Vault;
  readonly keys: {
    current(): Keyring;
    /** Makes a new key that seals from now on. @throws {Fault} `option-invalid` when keys are the operator's */
    renew(): Keyring;
    /** Forgets the keys before it. */
    retire(): void;
  };
  readonly registry: { current(): Snapshot };
  /** Replaces the instances that have a value from before. */
  readonly renewInstances: () => void;
  /** Seals anew what else is sealed. @returns how many */
  readonly resealOthers?: () => Promise<number>;
}

export interface Secrets {
  /** @throws {Fault} `bad-request` for a name or value that cannot be one */
  set(secret: SecretName & { readonly value: string }): Promise<SetAnswer>;
  list(): Promise<SecretsAnswer>;
  /** @throws {Fault} `secret-not-found`; `resource-in-use` when a function names it, unless `force` */
  remove(secret: SecretName & { readonly force: boolean }): Promise<RemovedAnswer>;
  /** Those of an app that goes. */
  removeOf(app: string): Promise<void>;
  /** Which of the names are not set, for an app. */
  missing(wanted: { readonly app: string; readonly names: readonly string[] }): string[];
  /** A new key, and everything encrypted under it. */
  rotate(): Promise<RotateAnswer>;
  /** Encrypts under the newest key what is not. @returns how many were */
  reseal(): Promise<number>;
}

export interface SetAnswer extends SecretName {
  /** Whether it has another value than before. */
  readonly changed: boolean;
}

export interface SecretsAnswer {
  readonly secrets: readonly (SecretName & {
    /** ISO 8601. */
    readonly updatedAt: string;
    /** Functions whose instances get it. */
    readonly functions: readonly string[];
  })[];
}

export interface RemovedAnswer extends SecretName {
  readonly removed: true;
}

export interface RotateAnswer {
  /** What was encrypted anew. */
  readonly resealed: number;
}

export function createSecrets(options: SecretsOptions): Secrets {
  const { sql, vault, keys } = options;

  async function served(): Promise<void> {
    await vault.refresh();
    options.renewInstances();
  }

  async function reseal(): Promise<number> {
    const ring = keys.current();
    const count = await resealSecrets(sql, (secret) => {
      if (ring.isCurrent(secret.sealed)) return null;
      return ring.seal(ring.open(secret.sealed, sealContext(secret)), sealContext(secret));
    });
    if (count > 0) await vault.refresh();
    return count + ((await options.resealOthers?.()) ?? 0);
  }

  return {
    async set({ app, name, value }) {
      requireName({ app, name });
      requireValue(name, value);
      const context = sealContext({ app, name });
      const next = (sealed: string | null) => {
        const ring = keys.current();
        return sealed !== null && isSame(ring, { sealed, context, value }) ? null : ring.seal(value, context);
      };
      const revision = await putSecret(sql, { app, name, next });
      if (revision !== null) await served();
      return { app, name, changed: revision !== null };
    },
    async list() {
      const secrets = await loadSecrets(sql);
      return {
        secrets: secrets.map(({ app, name, updatedAtMs }) => ({
          app,
          name,
          updatedAt: new Date(updatedAtMs).toISOString(),
          functions: usersOf({ app, name }, options.registry.current(), secrets),
        })),
      };
    },
    async remove({ app, name, force }) {
      const users = usersOf({ app, name }, options.registry.current(), await loadSecrets(sql));
      if (users.length > 0 && !force) throw inUse({ app, name }, users);
      if ((await deleteSecret(sql, { app, name })) === null) throw notThere({ app, name });
      await served();
      return { app, name, removed: true };
    },
    async removeOf(app) {
      if ((await deleteSecretsOf(sql, app)) !== null) await served();
    },
    missing: (wanted) => vault.missing(wanted),
    async rotate() {
      keys.renew();
      const resealed = await reseal();
      keys.retire();
      return { resealed };
    },
    reseal,
  };
}

/** Functions in use that get this secret, rather than their app's own of the same name. */
function usersOf(secret: SecretName, snapshot: Snapshot, all: readonly SecretName[]): string[] {
  const { app, name } = secret;
  const ownersOfSame = new Set(all.filter((one) => one.name === name).map((one) => one.app));
  const inEnvironment = followedVersions(snapshot, 0) // whatever of them stands ready when
    .filter(({ version }) => version.config.secrets.includes(name))
    .map(({ version }) => version.functionName);
  const atWebhooks = [...snapshot.routes.values()]
    .flat()
    .filter(({ webhook }) => webhook?.secrets.includes(name) === true)
    .map(({ functionName }) => functionName);
  const names = [...inEnvironment, ...atWebhooks].filter((functionName) => {
    const owner = snapshot.functions.get(functionName)?.app ?? null;
    return app === null ? owner === null || !ownersOfSame.has(owner) : owner === app;
  });
  return [...new Set(names)].toSorted();
}

/** Also a value whose key is lost can be set anew. */
function isSame(ring: Keyring, kept: { sealed: string; context: string; value: string }): boolean {
  try {
    return ring.open(kept.sealed, kept.context) === kept.value;
  } catch {
    return false;
  }
}

function requireName({ app, name }: SecretName): void {
  if (app !== null && !NAME_PATTERN.test(app)) {
    throw new Fault('bad-request', `"${app.slice(0, 100)}" is not the name of an app.`, { facts: { app } });
  }
  if (VARIABLE_PATTERN.test(name) && name.length <= LIMITS.secretNameLength && !isReservedVariable(name))
    return;
  throw new Fault(
    'bad-request',
    `"${name.slice(0, 100)}" cannot be the name of a secret: it becomes an environment variable, so it is a letter, then letters, digits and underscores, ${LIMITS.secretNameLength} at most, and none that the runtime sets (AWS_LAMBDA_…, AWS_REGION, _HANDLER, …).`,
    { facts: { name: name.slice(0, 100) } },
  );
}

/** Says nothing of the value but its length. */
function requireValue(name: string, value: string): void {
  const bytes = Buffer.byteLength(value);
  if (bytes > 0 && bytes <= LIMITS.secretBytes && !value.includes('\0')) return;
  const wrong =
    bytes === 0 ? 'is empty' : bytes > LIMITS.secretBytes ? `has ${bytes} bytes` : 'contains a NUL character';
  throw new Fault(
    'bad-request',
    `The value of secret "${name}" ${wrong}: 1 to ${LIMITS.secretBytes} bytes without NUL are allowed. Keep a longer one elsewhere, encrypted under a key that is a secret.`,
    { facts: { name, bytes, maxBytes: LIMITS.secretBytes } },
  );
}

const flagOf = (app: string | null) => (app === null ? '' : ` --app ${app}`);

function notThere({ app, name }: SecretName): Fault {
  const whose = app === null ? '' : ` of app "${app}"`;
  return new Fault(
    'secret-not-found',
    `There is no secret "${name}"${whose} here. "skein secret list" shows what there is.`,
    { facts: { name, ...(app !== null && { app }) } },
  );
}

function inUse({ app, name }: SecretName, users: readonly string[]): Fault {
  const shown = users.slice(0, 5).join(', ') + (users.length > 5 ? ` and ${users.length - 5} more` : '');
  return new Fault(
    'resource-in-use',
    `Secret "${name}" is named by ${shown}: without it they could not start. Take it out of their manifests and deploy first, or use "skein secret rm ${name}${flagOf(app)} --force".`,
    { facts: { name, functions: users.length } },
  );
}
