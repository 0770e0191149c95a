/**
 * Queues as callers name them, by URL: `http://localhost:9400/000000000000/jobs`. The host is the one that the
 * caller asked, so that a URL works where it was given out: outside, and within a sandbox.
 */

import { Fault } from '../../../base/index.ts';
import { ACCOUNT_ID, type QueueEntry, queueArn } from '../../../model/index.ts';
import { AwsError } from '../protocol/index.ts';
import type { AwsCall } from '../service.ts';
import { required } from './errors.ts';
import type { SqsParts } from './parts.ts';

const PATH = /^(?:https?:\/\/[^/?#]+)?\/(\d{12})\/([^/?#]{1,100})\/?$/i;

export function queueUrl({ host }: Pick<AwsCall, 'host'>, name: string): string {
  return `http://${host}/${ACCOUNT_ID}/${name}`;
}

/**
 * @param url as in a request, or only its path
 * @returns the queue's name
 * @throws {AwsError} when none is given, or it is none of ours
 */
export function queueNameOf(url: string | undefined): string {
  const text = required(url, 'QueueUrl');
  const [, accountId, name] = PATH.exec(text) ?? [];
  if (name === undefined) {
    const message = `The address ${text.slice(0, 500)} is not valid for this endpoint.`;
    throw new AwsError('InvalidAddress', message, { status: 404 });
  }
  if (accountId !== ACCOUNT_ID) throw noQueue();
  return name;
}

export function noQueue(): Fault {
  return new Fault('queue-not-found', 'The specified queue does not exist.');
}

/**
 * The queue that a request names, once the caller's policies or the queue's own allow the operation.
 *
 * @param action as policies name it; the batch of an operation is that operation
 * @throws {Fault} `access-denied`, `queue-not-found`
 */
export async function permitted(
  parts: Pick<SqsParts, 'registry'>,
  call: AwsCall,
  {
    url,
    action = call.operation.replace(/Batch$/, ''),
  }: { readonly url: string | undefined; readonly action?: string },
): Promise<QueueEntry> {
  return permittedByName(parts, call, { name: queueNameOf(url), action });
}

/** The same for a queue that is named otherwise. */
export async function permittedByName(
  { registry }: Pick<SqsParts, 'registry'>,
  call: AwsCall,
  { name, action }: { readonly name: string; readonly action: string },
): Promise<QueueEntry> {
  const queue = registry.current().queues.get(name);
  const policy = queue?.policy ?? null;
  await call.authorize(`sqs:${action}`, queueArn(name), {
    resourcePolicies: policy === null ? [] : [policy],
  });
  if (queue === undefined) throw noQueue();
  return queue;
}
