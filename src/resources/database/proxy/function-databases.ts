/** The databases of functions: the proxy, kept to what is deployed. */
import type { AppDatabase, Version } from '../../../model/index.ts';
import { type DatabaseProxyOptions, startDatabaseProxy } from './proxy.ts';

/** What is deployed now. */
interface Deployed {
  /** By full name. */
  readonly functions: ReadonlyMap<string, { readonly app: string | null }>;
  /** By `<app>/<key>`. */
  readonly databases: ReadonlyMap<string, AppDatabase>;
}

export interface FunctionDatabasesOptions extends DatabaseProxyOptions {
  readonly directory: { current(): Deployed; onChange(action: (deployed: Deployed) => void): () => void };
}

export interface FunctionDatabases {
  /** @returns the DATABASE_URL of a version's instances; null: it has no database */
  urlOf(version: Version): string | null;
  stop(): Promise<void>;
}

/** @throws {Fault} `port-in-use` */
export async function openFunctionDatabases(options: FunctionDatabasesOptions): Promise<FunctionDatabases> {
  const { directory } = options;
  const proxy = await startDatabaseProxy(options);
  const serve = ({ databases }: Deployed) => proxy.serve(databases.values());
  serve(directory.current());
  const unfollow = directory.onChange(serve);
  return {
    urlOf({ functionName, config }) {
      const { functions, databases } = directory.current();
      const found = databases.get(`${functions.get(functionName)?.app}/${config.database}`);
      return found === undefined ? null : proxy.urlFor(found, functionName);
    },
    async stop() {
      unfollow();
      await proxy.stop();
    },
  };
}
