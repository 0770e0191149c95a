/** Who there is and what they may do: the directory, the authority over it, and what functions may by their manifests. */
import { systemClock as clock } from '../base/index.ts';
import {
  createAuthority,
  createIdentityAdmin,
  Directory,
  type FunctionRoles,
  type NodeKeys,
} from '../identity/index.ts';
import {
  type FunctionConfig,
  type FunctionEntry,
  functionArn,
  parseFunctionReference,
  parseQueueArn,
} from '../model/index.ts';
import type { Registry } from '../registry/index.ts';
import { changeIdentities, listenIdentities, loadIdentities, type Sql } from '../store/index.ts';
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

/** What a function's own role allows: the `uses` of what its aliases point at, and its destinations. */
export function functionRoles(registry: Pick<Registry, 'current'>): FunctionRoles {
  const known = new WeakMap<FunctionEntry, readonly object[]>();
  return {
    statementsOf(functionName) {
      const snapshot = registry.current();
      const entry = snapshot.functions.get(functionName);
      if (entry === undefined) return null;
      let statements = known.get(entry);
      if (statements === undefined) {
        statements = statementsOf(entry);
        known.set(entry, statements);
      }
      return statements;
    },
    functionNames: () => registry.current().functions.keys(),
  };
}

/** The versions that aliases point at: after a rollback it may what it might before, and no more. */
function inUse({ aliases, versions }: FunctionEntry): FunctionConfig[] {
  const numbers = [...aliases.values()].flatMap(({ version, second }) => [
    version,
    second?.version ?? version,
  ]);
  return numbers.flatMap((number) => versions.get(number)?.config ?? []);
}

function statementsOf(entry: FunctionEntry): object[] {
  const called = new Set<string>();
  const queues = new Set<string>();
  for (const { uses, events } of inUse(entry)) {
    for (const use of uses) called.add(use.function);
    for (const arn of [events?.onSuccess, events?.onFailure, events?.deadLetter]) {
      if (arn == null) continue;
      if (parseQueueArn(arn) !== null) queues.add(arn);
      else called.add(parseFunctionReference(arn)?.name ?? '');
    }
  }
  called.delete('');
  return [...[...called].toSorted().map(mayInvoke), ...[...queues].toSorted().map(mayTell)];
}

function mayInvoke(name: string): object {
  return {
    Sid: `Invoke${name.replace(/[^A-Za-z0-9]/g, '')}`,
    Effect: 'Allow',
    Action: ['lambda:InvokeFunction', 'lambda:InvokeFunctionUrl'],
    Resource: [functionArn(name), `${functionArn(name)}:*`],
  };
}

/** A destination. */
function mayTell(queue: string): object {
  return {
    Sid: `Tell${queue.slice(queue.lastIndexOf(':')).replace(/[^A-Za-z0-9]/g, '')}`,
    Effect: 'Allow',
    Action: ['sqs:SendMessage'],
    Resource: [queue],
  };
}
