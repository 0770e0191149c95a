import type { AppDatabase, FunctionEntry, Route } from '../model/index.ts';
import type { Snapshot } from './snapshot.ts';

/** The configuration as it is stored: lists, at one revision. */
export interface StoredConfiguration {
  readonly revision: number;
  readonly functions: readonly FunctionEntry[];
  readonly routes: readonly (Route & { readonly host: string })[];
  readonly databases: readonly AppDatabase[];
}

/** Indexes a stored configuration by what requests look it up with. */
export function snapshotOf(stored: StoredConfiguration): Snapshot {
  return {
    revision: stored.revision,
    functions: new Map(stored.functions.map((entry) => [entry.name, entry])),
    slugs: new Map(stored.functions.map((entry) => [entry.slug, entry])),
    routes: Map.groupBy(stored.routes, (route) => route.host),
    databases: new Map(stored.databases.map((database) => [`${database.app}/${database.key}`, database])),
  };
}
