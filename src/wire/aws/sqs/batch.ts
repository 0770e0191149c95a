/** Requests of up to ten entries, each of which may fail by itself. */
import { Fault } from '../../../base/index.ts';
import type { BatchResultErrorEntry } from '../models/sqs.types.ts';
import { AwsError, queryCode } from '../protocol/index.ts';
import { required } from './errors.ts';
import { faultInBatch } from './faults.ts';
import { sqsModel } from './model.ts';

/** AWS: 10. */
const MAX_ENTRIES = 10;
const ID = /^[\w-]{1,80}$/;

interface Entry {
  readonly Id?: string | undefined;
}

/**
 * @param parameter the structure's name, as a request in the query protocol has it
 * @throws {AwsError} when there are none or too many, or their ids are not valid and distinct
 */
export function entriesOf<E extends Entry>(
  entries: readonly E[] | undefined,
  parameter: string,
): readonly (E & { readonly Id: string })[] {
  const list = entries ?? [];
  if (list.length === 0) {
    const message = `There should be at least one ${parameter} in the request.`;
    throw new AwsError('EmptyBatchRequest', message);
  }
  if (list.length > MAX_ENTRIES) {
    const message = `Maximum number of entries per request are ${MAX_ENTRIES}. You have sent ${list.length}.`;
    throw new AwsError('TooManyEntriesInBatchRequest', message);
  }
  const seen = new Set<string>();
  return list.map((entry, index) => {
    const Id = required(entry.Id, `${parameter}.${index + 1}.Id`);
    if (!ID.test(Id)) {
      const message =
        'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.';
      throw new AwsError('InvalidBatchEntryId', message);
    }
    if (seen.has(Id)) throw new AwsError('BatchEntryIdsNotDistinct', `Id ${Id} repeated.`);
    seen.add(Id);
    return { ...entry, Id };
  });
}

/** What became of one entry, or why it was refused. */
export type Outcome<T> = T | AwsError | Fault;

/**
 * The answer to a batch: which entries went well, and which did not.
 *
 * @param each in the entries' order
 * @param answerOf what is said of an entry that went well
 */
export function outcomes<E extends { readonly Id: string }, T, A>(
  entries: readonly E[],
  each: readonly Outcome<T>[],
  answerOf: (entry: E, outcome: T) => A,
): { readonly Successful: readonly A[]; readonly Failed: readonly BatchResultErrorEntry[] } {
  const Successful: A[] = [];
  const Failed: BatchResultErrorEntry[] = [];
  for (const [index, entry] of entries.entries()) {
    const outcome = each[index] as Outcome<T>;
    if (outcome instanceof AwsError || outcome instanceof Fault) Failed.push(failure(entry.Id, outcome));
    else Successful.push(answerOf(entry, outcome));
  }
  return { Successful, Failed };
}

function failure(Id: string, refusal: AwsError | Fault): BatchResultErrorEntry {
  const error = refusal instanceof Fault ? faultInBatch(refusal) : refusal;
  const SenderFault = (error.status ?? 400) < 500;
  return { Id, SenderFault, Code: queryCode(sqsModel(), error.code), Message: error.message };
}
