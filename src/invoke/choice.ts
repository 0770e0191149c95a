/**
 * Which version of an alias the next invocation runs.
 *
 * With two versions the second gets its share evenly: after n choices it has had n × weight of them, give or
 * take one, whatever n is. A coin for each request would be off by a percent or more over 2,000. The first
 * choice is at a random point of the cycle, so that several nodes, or a node that starts anew, do not all
 * begin with the same version.
 *
 * Owns how far each alias's share is owed. Never knows what comes of an invocation.
 */
import type { Random } from '../base/index.ts';
import type { Alias } from '../model/index.ts';

export interface Choice {
  /** @returns the number of a version */
  versionOf(alias: Alias): number;
}

export function createChoice(random: Random): Choice {
  /** What the second version is owed, from 0 to 1; an alias that changes is another object, and begins anew. */
  const owed = new WeakMap<Alias, number>();
  return {
    versionOf(alias) {
      const { version, second } = alias;
      if (second === null || second.weight === 0) return version;
      const next = (owed.get(alias) ?? random()) + second.weight;
      const due = next >= 1;
      owed.set(alias, due ? next - 1 : next);
      return due ? second.version : version;
    },
  };
}
