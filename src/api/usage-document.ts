import type { FunctionUsage } from './options.ts';

type Sums = Omit<FunctionUsage, 'functionName'> & { readonly name: string };

/** What `usage --json` prints. */
export interface UsageAnswer {
  readonly functions: readonly Sums[];
}

/** One entry per function, its versions and aliases summed, by name. */
export function usageDocument(totals: readonly FunctionUsage[]): UsageAnswer {
  const byName = Map.groupBy(totals, (total) => total.functionName);
  const functions = [...byName].map(([name, parts]) => sumOf(name, parts));
  return { functions: functions.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
}

function sumOf(name: string, parts: readonly FunctionUsage[]): Sums {
  const sum = (pick: (part: FunctionUsage) => number) => parts.reduce((total, part) => total + pick(part), 0);
  return {
    name,
    invocations: sum((part) => part.invocations),
    errors: sum((part) => part.errors),
    throttles: sum((part) => part.throttles),
    coldStarts: sum((part) => part.coldStarts),
    durationMs: sum((part) => part.durationMs),
    billedMs: sum((part) => part.billedMs),
    gbSeconds: sum((part) => part.gbSeconds),
  };
}
