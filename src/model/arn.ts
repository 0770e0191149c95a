/**
 * How callers of Lambda's API name a function: `orders`, `orders:live`, `000000000000:function:orders`,
 * or a whole ARN, each with or without a qualifier. What is printed is `functionArn` of names.ts.
 */

import { ACCOUNT_ID, REGION } from './names.ts';

/** The parts that were written; null: left out. */
export interface FunctionReference {
  readonly region: string | null;
  readonly accountId: string | null;
  readonly name: string;
  /** A version's number, an alias, or `$LATEST`. */
  readonly qualifier: string | null;
}

const REFERENCE =
  /^(?:arn:aws[a-zA-Z-]*:lambda:)?(?:(?<region>[a-z]{2,}(?:-[a-z]+)+-\d):)?(?:(?<account>\d{12}):)?(?:function:)?(?<name>[a-zA-Z0-9_-]+)(?::(?<qualifier>\$LATEST|[a-zA-Z0-9_-]+))?$/;

/**
 * @returns null when it names no function
 *
 * @example
 * parseFunctionReference('000000000000:function:orders:3')
 * // { region: null, accountId: '000000000000', name: 'orders', qualifier: '3' }
 */
export function parseFunctionReference(text: string): FunctionReference | null {
  const found = REFERENCE.exec(text)?.groups;
  if (found === undefined) return null;
  return {
    region: found.region ?? null,
    accountId: found.account ?? null,
    name: found.name as string,
    qualifier: found.qualifier ?? null,
  };
}

const QUEUE_ARN = /^arn:aws[a-zA-Z-]*:sqs:([a-z0-9-]+):(\d{12}):([a-zA-Z0-9_-]{1,80}(?:\.fifo)?)$/;

/**
 * @param arn `arn:aws:sqs:us-east-1:000000000000:jobs`
 * @returns the queue's name; null: it is no ARN of a queue that could be here
 */
export function parseQueueArn(arn: string): string | null {
  const [, region, accountId, name = null] = QUEUE_ARN.exec(arn) ?? [];
  return region === REGION && accountId === ACCOUNT_ID ? name : null;
}
