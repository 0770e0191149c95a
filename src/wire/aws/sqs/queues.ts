/** Queues as a whole: made, found, listed, emptied, deleted; and their attributes. */
import { type QueueEntry, queueArn } from '../../../model/index.ts';
import type { SqsOperations } from '../models/sqs.types.ts';
import type { Operations } from '../service.ts';
import { ATTRIBUTE_NAMES, readAttributes, writeAttributes } from './attributes.ts';
import { invalid, required, unknownAttribute, within } from './errors.ts';
import type { SqsParts } from './parts.ts';
import { noQueue, permitted, permittedByName, queueUrl } from './queue-url.ts';

type All = Operations<SqsOperations>;

/** AWS: queues in one answer, also where a caller does not ask for pages. */
const MAX_LISTED = 1_000;
const NAME = /^[a-zA-Z0-9_-]{1,80}$/;
const FIFO_NAME = /^(?=.{6,80}$)[a-zA-Z0-9_-]+\.fifo$/;

export function queueOperations(parts: SqsParts) {
  const { registry, control, queues } = parts;
  return {
    async CreateQueue({ QueueName, Attributes = {}, tags = {} }, call) {
      const name = required(QueueName, 'QueueName');
      const isFifo = Attributes.FifoQueue?.toLowerCase() === 'true';
      checkName(name, isFifo);
      await call.authorize('sqs:CreateQueue', queueArn(name));
      if (Object.keys(tags).length > 0) await call.authorize('sqs:TagQueue', queueArn(name));
      const exists = registry.current().queues.has(name);
      await control.create({ name, changes: readAttributes(Attributes, { isFifo, exists }), tags });
      return { QueueUrl: queueUrl(call, name) };
    },
    async GetQueueUrl({ QueueName, QueueOwnerAWSAccountId: owner }, call) {
      const name = required(QueueName, 'QueueName');
      if (owner !== undefined && owner !== call.accountId) throw noQueue();
      await permittedByName(parts, call, { name, action: 'GetQueueUrl' });
      return { QueueUrl: queueUrl(call, name) };
    },
    async ListQueues({ QueueNamePrefix = '', NextToken, MaxResults }, call) {
      await call.authorize('sqs:ListQueues', queueArn('')); // as AWS says it: a queue without a name
      const names = [...registry.current().queues.keys()].filter((name) => name.startsWith(QueueNamePrefix));
      const page = pageOf(names, { NextToken, MaxResults });
      const urls = page.names.map((name) => queueUrl(call, name));
      return { ...(urls.length > 0 && { QueueUrls: urls }), ...page.more };
    },
    async ListDeadLetterSourceQueues({ QueueUrl, NextToken, MaxResults }, call) {
      const { name } = await permitted(parts, call, { url: QueueUrl });
      const page = pageOf(sourcesOf(parts, name), { NextToken, MaxResults });
      return { queueUrls: page.names.map((source) => queueUrl(call, source)), ...page.more };
    },
    async DeleteQueue({ QueueUrl }, call) {
      const { name } = await permitted(parts, call, { url: QueueUrl });
      await control.delete(name);
      return {};
    },
    async PurgeQueue({ QueueUrl }, call) {
      const { name } = await permitted(parts, call, { url: QueueUrl });
      await queues.purge(name);
      return {};
    },
    async GetQueueAttributes({ QueueUrl, AttributeNames = [] }, call) {
      const queue = await permitted(parts, call, { url: QueueUrl });
      const attributes = await attributesOf(parts, queue, AttributeNames);
      return Object.keys(attributes).length === 0 ? {} : { Attributes: attributes };
    },
    async SetQueueAttributes({ QueueUrl, Attributes }, call) {
      const { name, settings } = await permitted(parts, call, { url: QueueUrl });
      const given = required(Attributes, 'Attributes');
      await control.change(name, readAttributes(given, { isFifo: settings.fifo !== null, exists: true }));
      return {};
    },
  } satisfies All;
}

function checkName(name: string, isFifo: boolean): void {
  if (isFifo ? FIFO_NAME.test(name) : NAME.test(name)) return;
  throw invalid(
    isFifo
      ? 'The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.'
      : 'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length',
  );
}

/** Names of the queues whose dead letters go to this one. */
export function sourcesOf({ registry }: Pick<SqsParts, 'registry'>, name: string): string[] {
  const all = [...registry.current().queues.values()];
  return all.filter(({ settings }) => settings.redrive?.deadLetter === name).map((queue) => queue.name);
}

async function attributesOf({ queues }: SqsParts, queue: QueueEntry, names: readonly string[]) {
  for (const name of names) if (!ATTRIBUTE_NAMES.has(name)) throw unknownAttribute(name);
  const isWanted = (name: string) => names.includes('All') || names.includes(name);
  const isCounted = names.some((name) => name === 'All' || name.startsWith('ApproximateNumber'));
  const counts = isCounted ? await queues.counts(queue.name) : { visible: 0, inFlight: 0, delayed: 0 };
  const all = Object.entries(writeAttributes(queue, counts));
  return Object.fromEntries(all.filter(([name]) => isWanted(name)));
}

interface PageWanted {
  readonly NextToken: string | undefined;
  readonly MaxResults: number | undefined;
}

/** By name; the token is the last one that was given. */
function pageOf(
  all: readonly string[],
  { NextToken, MaxResults }: PageWanted,
): { readonly names: readonly string[]; readonly more: { readonly NextToken?: string } } {
  const size =
    MaxResults === undefined ? MAX_LISTED : within('MaxResults', MaxResults, { min: 1, max: MAX_LISTED });
  const after = NextToken === undefined ? '' : Buffer.from(NextToken, 'base64url').toString('utf8');
  if (NextToken !== undefined && !/^[\w-]+(?:\.fifo)?$/.test(after))
    throw invalid('Invalid or expired next token.');
  const rest = all.filter((name) => name > after).toSorted(byCode);
  const names = rest.slice(0, size);
  // without a size there are no pages: AWS gives the first thousand
  const isCut = MaxResults !== undefined && names.length < rest.length;
  return { names, more: isCut ? { NextToken: Buffer.from(names.at(-1) ?? '').toString('base64url') } : {} };
}

function byCode(a: string, b: string): number {
  return a < b ? -1 : 1;
}
