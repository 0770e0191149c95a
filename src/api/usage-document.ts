import type { FunctionUsage } from './options.ts';

interface Sums extends Omit<FunctionUsage, 'functionName'> {
  readonly name: string;
  /** GB-seconds for which provisioned instances stood ready, beside `gbSeconds`. */
  readonly provisionedGbSeconds: number;
}

/** What `usage --json` prints. */
export interface UsageAnswer {
  readonly functions: readonly Sums[];
}

interface ProvisionedUsage {
  readonly functionName: string;
  readonly gbSeconds: number;
}

/** One entry per function, its versions and aliases summed, by name. */
export function usageDocument(
  totals: readonly FunctionUsage[],
  provisioned: readonly ProvisionedUsage[],
): UsageAnswer {
  const ran = Map.groupBy(totals, (total) => total.functionName);
  const stood = Map.groupBy(provisioned, (total) => total.functionName);
  const names = [...new Set([...ran.keys(), ...stood.keys()])].toSorted();
  return { functions: names.map((name) => sumOf(name, ran.get(name) ?? [], stood.get(name) ?? [])) };
}

function sumOf(name: string, parts: readonly FunctionUsage[], stood: readonly ProvisionedUsage[]): Sums {
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
    provisionedGbSeconds: stood.reduce((total, part) => total + part.gbSeconds, 0),
  };
}
