/** For tests: identity whole, over a database by hand. */
import { randomBytes } from 'node:crypto';
import { systemClock } from '../base/index.ts';
import type { IdentityChange, StoredIdentity } from '../store/index.ts';
import { createIdentityAdmin } from './admin/identity-admin.ts';
import { createAuthority } from './authority.ts';
import { Directory } from './directory.ts';
import { type FunctionRoles, NO_FUNCTIONS } from './function-roles.ts';
import { createKeyring } from './keyring.ts';
import type { NodeKeys } from './node-keys.ts';

/** Documents as the database keeps them, changed at once. */
export function memoryIdentities() {
  const rows = new Map<string, StoredIdentity & { revision: number }>();
  let revision = 0;
  const change: IdentityChange = {
    get: async (kind, name) => rows.get(`${kind}/${name}`)?.document ?? null,
    put: async (kind, name, document) => {
      // as JSON, so that what does not survive it is missed here too
      rows.set(`${kind}/${name}`, { kind, name, document: JSON.parse(JSON.stringify(document)), revision });
    },
    remove: async (kind, name) => {
      rows.set(`${kind}/${name}`, { kind, name, document: null, revision });
    },
    count: async (kind) =>
      [...rows.values()].filter((row) => row.kind === kind && row.document !== null).length,
    holders: async (arn) =>
      [...rows.values()].filter((row) =>
        (row.document as { attached?: string[] } | null)?.attached?.includes(arn),
      ).length,
  };
  return {
    async change<T>(work: (change: IdentityChange) => Promise<T>) {
      revision++;
      return { result: await work(change), revision };
    },
    load: async (since: number) => ({
      revision,
      changed: [...rows.values()].filter((row) => row.revision > since),
    }),
  };
}

export interface IdentityFixture {
  readonly clock?: { wallMs(): number };
  readonly functions?: FunctionRoles;
}

export async function openTestIdentity({
  clock = systemClock,
  functions = NO_FUNCTIONS,
}: IdentityFixture = {}) {
  const store = memoryIdentities();
  const directory = new Directory({
    load: store.load,
    listen: async () => async () => {},
    clock: systemClock,
    onTrouble: () => {},
  });
  await directory.start();
  let sealing: Uint8Array[] = [randomBytes(32)];
  let ring = createKeyring(sealing);
  const keys: NodeKeys = {
    accessKeyId: 'AKIAROOTROOTROOTROOT',
    secretAccessKey: 'root-secret',
    token: 'token',
    signingKey: randomBytes(32).toString('base64'),
  };
  const shared = { directory, functions, clock, keyring: () => ring };
  return {
    directory,
    keys,
    /** Another key seals from now on; those before still open. */
    renewKey() {
      sealing = [randomBytes(32), ...sealing];
      ring = createKeyring(sealing);
    },
    /** Only the key that seals opens from now on. */
    retireKeys() {
      sealing = sealing.slice(0, 1);
      ring = createKeyring(sealing);
    },
    authority: createAuthority({ ...shared, keys }),
    admin: createIdentityAdmin({ ...shared, change: store.change }),
    [Symbol.asyncDispose]: () => directory.stop(),
  };
}

/** Keys of a keyring in memory, as a home keeps them. */
export function keysByHand() {
  let keys = [randomBytes(32)];
  return {
    current: () => createKeyring(keys),
    renew() {
      keys = [randomBytes(32), ...keys];
      return createKeyring(keys);
    },
    retire() {
      keys = keys.slice(0, 1);
    },
    lose() {
      keys = [randomBytes(32)];
    },
    count: () => keys.length,
  };
}
