/** Who there is and what they may do: the directory, the authority over it, and what functions may by their manifests. */
import { systemClock as clock } from '../base/index.ts';
import {
  createAuthority,
  createIdentityAdmin,
  Directory,
  type FunctionRoles,
  type NodeKeys,
} from '../identity/index.ts';
import type { Registry, Snapshot } from '../registry/index.ts';
import { changeIdentities, listenIdentities, loadIdentities, type Sql } from '../store/index.ts';
import { manifestLine, roleStatements } from './function-rights.ts';
import type { Safe } from './secrets.ts';
import type { Home } from './site.ts';

interface Around {
  readonly sql: Sql;
  readonly registry: Registry;
  readonly keys: NodeKeys;
  readonly safe: Safe;
}

/** The directory is loaded, and follows what other nodes change. */
export async function openIdentity({ building, problem }: Home, { sql, registry, keys, safe }: Around) {
  const directory = new Directory({
    load: (since) => loadIdentities(sql, since),
    listen: (poke) => listenIdentities(sql, poke),
    clock,
    onTrouble: problem('users, roles and policies could not be loaded'),
  });
  await directory.start();
  building.defer(() => directory.stop());
  const functions = functionRoles(registry);
  const authority = createAuthority({ directory, functions, keys, keyring: safe.keyring, clock });
  const admin = createIdentityAdmin({
    ...{ directory, functions, keyring: safe.keyring, clock },
    change: (work) => changeIdentities(sql, work),
  });
  return { directory, functions, authority, admin };
}

export type Identity = Awaited<ReturnType<typeof openIdentity>>;

/** The roles of functions follow from the registry; statements stay the same objects while it has not changed. */
export function functionRoles(registry: Pick<Registry, 'current'>): FunctionRoles {
  const known = new WeakMap<Snapshot, Map<string, readonly object[] | null>>();
  return {
    statementsOf(functionName) {
      const snapshot = registry.current();
      const statements = known.get(snapshot) ?? new Map<string, readonly object[] | null>();
      known.set(snapshot, statements);
      const made = statements.get(functionName);
      if (made !== undefined) return made;
      const role = roleStatements(snapshot, functionName);
      statements.set(functionName, role);
      return role;
    },
    functionNames: () => registry.current().functions.keys(),
    lineThatAllows: (functionName, refused) =>
      manifestLine(registry.current().functions.get(functionName), refused),
  };
}
