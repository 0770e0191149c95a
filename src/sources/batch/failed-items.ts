/**
 * What a function says of the items of a batch: which of them are to come again. AWS's rules for
 * `ReportBatchItemFailures`. Pure.
 *
 * Nothing said (null, an empty object, an empty list): all went well. Anything that cannot be understood, or that
 * names what was not in the batch: all are to come again, for to delete what has failed would be worse.
 */

/**
 * @param answer JSON text of the function
 * @param ids of the batch, in its order
 * @returns those that failed; all of them where the answer makes no sense
 */
export function failedItems(answer: string, ids: readonly string[]): ReadonlySet<string> {
  const all = new Set(ids);
  const failed = listed(answer);
  return failed === null || failed.some((id) => !all.has(id)) ? all : new Set(failed);
}

/** @returns null where it makes no sense */
function listed(answer: string): string[] | null {
  const value = parsed(answer);
  if (saysNothing(value)) return [];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const { batchItemFailures: items } = value as { batchItemFailures?: unknown };
  if (items === undefined || items === null) return [];
  if (!Array.isArray(items)) return null;
  const failed = items.map((item: { itemIdentifier?: unknown } | null) => item?.itemIdentifier);
  return failed.every((id) => typeof id === 'string' && id !== '') ? (failed as string[]) : null;
}

function saysNothing(value: unknown): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

/** No JSON: undefined, which is none of what an answer can say. */
function parsed(answer: string): unknown {
  if (answer.trim() === '') return null;
  try {
    return JSON.parse(answer);
  } catch {
    return undefined;
  }
}
