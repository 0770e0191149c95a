/**
 * Concurrency that is kept for a function. What is reserved and what is provisioned elsewhere leaves the
 * account a minimum for everybody else, as on AWS.
 */
import { Fault } from '../../base/index.ts';
import { LATEST, LIMITS } from '../../model/index.ts';
import { type Claimed, changeProvisioned, changeReserved, provisionedChanges } from '../../store/index.ts';
import type { Concurrency, FunctionsOptions } from './interface.ts';
import type { FunctionParts } from './parts.ts';

export function concurrencyVerbs(options: FunctionsOptions, parts: FunctionParts): Concurrency {
  const { sql, accountConcurrency } = options;
  return {
    async reserve({ name, reserved }) {
      const check = (claimed: Claimed) => checkReserved(claimed, { reserved, accountConcurrency });
      await parts.served(await changeReserved(sql, { name, reserved, check }));
    },
    async provision({ name, qualifier, count: wanted }) {
      if (wanted > 0) checkQualifier(parts, { name, qualifier });
      const check = (claimed: Claimed) =>
        checkProvisioned(claimed, { qualifier, wanted, accountConcurrency });
      await parts.served(await changeProvisioned(sql, { name, qualifier, wanted, check }));
    },
    provisionedChanges: (name) => provisionedChanges(sql, name),
  };
}

interface Account {
  readonly accountConcurrency: number;
}

function checkReserved(
  { reservedByOthers, provisioned, provisionedUnreserved }: Claimed,
  { reserved, accountConcurrency }: Account & { readonly reserved: number | null },
): void {
  if (reserved === null) return;
  const minimum = Math.min(LIMITS.unreservedConcurrency, accountConcurrency);
  const left = accountConcurrency - reservedByOthers - reserved - provisionedUnreserved;
  if (reserved > 0 && left < minimum) {
    throw invalid(
      `Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${minimum}].`,
    );
  }
  const mine = sum(provisioned.values());
  if (reserved < mine) {
    throw invalid(
      `ReservedConcurrentExecutions  ${reserved} should not be lower than function's total provisioned concurrency [${mine}].`,
    );
  }
}

function checkProvisioned(
  { reserved, reservedByOthers, provisioned, provisionedUnreserved }: Claimed,
  wish: Account & { readonly qualifier: string; readonly wanted: number },
): void {
  const { qualifier, wanted, accountConcurrency } = wish;
  if (wanted === 0) return;
  const others = [...provisioned].filter(([other]) => other !== qualifier).map(([, count]) => count);
  const mine = sum(others) + wanted;
  if (reserved !== null) {
    if (mine <= reserved) return;
    throw invalid(
      'Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function',
    );
  }
  const minimum = Math.min(LIMITS.unreservedConcurrency, accountConcurrency);
  const unreserved = accountConcurrency - reservedByOthers - provisionedUnreserved;
  if (mine > unreserved) {
    throw invalid(
      `Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [${unreserved}].`,
    );
  }
  if (unreserved - mine < minimum) {
    throw invalid(
      `Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${minimum}].`,
    );
  }
}

/** An alias and the version that it points at do not both have some of their own. */
function checkQualifier(
  parts: FunctionParts,
  { name, qualifier }: { readonly name: string; readonly qualifier: string },
): void {
  if (qualifier === LATEST) throw unpublished();
  const { aliases, provisioned } = parts.entry(name);
  if (/^\d+$/.test(qualifier)) {
    const { version } = parts.version(name, Number(qualifier));
    const pointing = [...aliases.values()].some(
      (alias) => alias.version === version && alias.provisioned > 0,
    );
    if (pointing) throw conflict('Version is pointed by a Provisioned Concurrency alias');
    return;
  }
  const alias = parts.alias(name, qualifier);
  if (alias.version === 0) throw unpublished();
  if (provisioned.has(alias.version)) {
    throw conflict(
      "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
    );
  }
}

function unpublished(): Fault {
  return invalid('Provisioned Concurrency Configs cannot be applied to unpublished function versions.');
}

function invalid(message: string): Fault {
  return new Fault('parameter-invalid', message);
}

function conflict(message: string): Fault {
  return new Fault('resource-conflict', message);
}

function sum(counts: Iterable<number>): number {
  return [...counts].reduce((total, count) => total + count, 0);
}
