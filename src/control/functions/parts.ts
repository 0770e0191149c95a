/** What the verbs share: one update of a function at a time, and waiting until a change is served. */
import type { Alias, FunctionEntry, Version } from '../../model/index.ts';
import { noFunction, updateInProgress } from '../../store/index.ts';
import { serve } from '../serve.ts';
import type { FunctionsOptions } from './interface.ts';

export interface FunctionParts {
  /** @throws {Fault} `function-not-found` */
  entry(name: string): FunctionEntry;
  version(name: string, number: number): Version;
  alias(name: string, alias: string): Alias;
  /** Waits until this node serves the change; a revision of null was none. */
  served<T>(outcome: { readonly revision: number | null; readonly result: T }): Promise<T>;
  /** @throws {Fault} `resource-conflict` at once, when another update of the function runs on this node */
  alone<T>(name: string, work: () => Promise<T>): Promise<T>;
  updating(name: string): boolean;
}

export function functionParts(options: FunctionsOptions): FunctionParts {
  const updating = new Set<string>();
  const entry = (name: string) => {
    const found = options.registry.current().functions.get(name);
    if (found === undefined) throw noFunction(name);
    return found;
  };
  return {
    entry,
    version(name, number) {
      const { latest, versions } = entry(name);
      const found = number === 0 ? latest : versions.get(number);
      if (found === undefined) throw noFunction(name, String(number));
      return found;
    },
    alias(name, alias) {
      const found = entry(name).aliases.get(alias);
      if (found === undefined) throw noFunction(name, alias);
      return found;
    },
    async served({ revision, result }) {
      if (revision !== null) await serve(options, revision);
      return result;
    },
    async alone(name, work) {
      if (updating.has(name)) throw updateInProgress(name);
      updating.add(name);
      try {
        return await work();
      } finally {
        updating.delete(name);
      }
    },
    updating: (name) => updating.has(name),
  };
}
