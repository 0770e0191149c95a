import { isDeepStrictEqual } from 'node:util';
import type {
  Alias,
  AppDatabase,
  EventSourceMapping,
  FunctionEntry,
  QueueEntry,
  Route,
  Version,
} from '../model/index.ts';
import type { Snapshot } from './snapshot.ts';

/** What is stored at one revision, or what changed since another. */
export interface StoredConfiguration {
  readonly revision: number;
  /** Those that changed, each as a whole. */
  readonly functions: readonly FunctionEntry[];
  /** Names of those that are no more. */
  readonly gone: readonly string[];
  /** All of them, or null: as they were. */
  readonly routes: readonly (Route & { readonly host: string })[] | null;
  readonly databases: readonly AppDatabase[] | null;
  readonly queues: readonly QueueEntry[] | null;
  readonly triggers: readonly EventSourceMapping[] | null;
}

export const EMPTY: Snapshot = {
  revision: 0,
  functions: new Map(),
  slugs: new Map(),
  routes: new Map(),
  databases: new Map(),
  queues: new Map(),
  triggers: new Map(),
};

/**
 * The next snapshot: what changed, over the one before, which stays as it is.
 *
 * Copying a map of 5,000 functions takes a fraction of a millisecond. A version or an alias that did not change stays the
 * same object, by which others remember what they know about it.
 */
export function nextSnapshot(before: Snapshot, stored: StoredConfiguration): Snapshot {
  const functions = new Map(before.functions);
  const slugs = new Map(before.slugs);
  for (const name of [...stored.gone, ...stored.functions.map((entry) => entry.name)]) {
    const old = functions.get(name);
    if (old !== undefined) slugs.delete(old.slug);
  }
  for (const name of stored.gone) functions.delete(name);
  for (const fresh of stored.functions) {
    const old = functions.get(fresh.name);
    const entry = old === undefined ? fresh : withKnown(fresh, old);
    functions.set(entry.name, entry);
    slugs.set(entry.slug, entry);
  }
  return {
    revision: stored.revision,
    functions,
    slugs,
    routes: stored.routes === null ? before.routes : Map.groupBy(stored.routes, (route) => route.host),
    databases: stored.databases === null ? before.databases : byKey(stored.databases),
    queues: stored.queues === null ? before.queues : queuesByName(stored.queues, before.queues),
    triggers:
      stored.triggers === null ? before.triggers : new Map(stored.triggers.map((one) => [one.id, one])),
  };
}

function byKey(databases: readonly AppDatabase[]): Snapshot['databases'] {
  return new Map(databases.map((database) => [`${database.app}/${database.key}`, database]));
}

/** A queue that did not change stays the same object. */
function queuesByName(queues: readonly QueueEntry[], before: Snapshot['queues']): Snapshot['queues'] {
  const same = (queue: QueueEntry, known: QueueEntry | undefined) =>
    known?.id === queue.id && known.revision === queue.revision ? known : queue;
  return new Map(queues.map((queue) => [queue.name, same(queue, before.get(queue.name))]));
}

function withKnown(fresh: FunctionEntry, old: FunctionEntry): FunctionEntry {
  const same = (version: Version, known: Version | undefined) =>
    known?.createdAtMs === version.createdAtMs ? known : version;
  const versions = [...fresh.versions].map(
    ([number, version]) => [number, same(version, old.versions.get(number))] as const,
  );
  const aliases = [...fresh.aliases].map(
    ([name, alias]) => [name, sameAlias(alias, old.aliases.get(name))] as const,
  );
  return {
    ...fresh,
    latest: same(fresh.latest, old.latest),
    versions: new Map(versions),
    aliases: new Map(aliases),
  };
}

function sameAlias(alias: Alias, known: Alias | undefined): Alias {
  const same =
    known?.revisionId === alias.revisionId &&
    known.provisioned === alias.provisioned &&
    isDeepStrictEqual(known.provisionedPlan, alias.provisionedPlan);
  return same ? known : alias;
}
