/** SendMessage and its batch. */

import { Fault } from '../../../base/index.ts';
import type { QueueEntry } from '../../../model/index.ts';
import { LIMITS } from '../../../model/index.ts';
import type { MessageAttribute, NewMessage, Sent } from '../../../resources/index.ts';
import type {
  MessageAttributeValue,
  SendMessageBatchRequestEntry,
  SendMessageRequest,
  SendMessageResult,
  SqsOperations,
} from '../models/sqs.types.ts';
import { AwsError } from '../protocol/index.ts';
import type { AwsCall, Operations } from '../service.ts';
import { entriesOf, type Outcome, outcomes } from './batch.ts';
import { invalid, missing, notForThisType, required, unknownAttribute } from './errors.ts';
import { md5OfAttributes, md5OfText } from './md5.ts';
import { attributeBytes, checkAttributes } from './message-attributes.ts';
import type { SqsParts } from './parts.ts';
import { permitted } from './queue-url.ts';

/** A message as a request has it, alone or in a batch. */
type Asked = Omit<SendMessageRequest, 'QueueUrl'>;

export function sendOperations(parts: SqsParts) {
  return {
    async SendMessage(input, call) {
      const queue = await permitted(parts, call, { url: input.QueueUrl });
      const message = messageOf(input, { queue, call });
      const [sent] = await parts.queues.send(queue.name, [message]);
      if (sent === undefined) throw new Error('a queue said nothing of a message');
      if (sent instanceof Fault) throw sent;
      return sentAnswer(input, sent);
    },
    async SendMessageBatch({ QueueUrl, Entries }, call) {
      const queue = await permitted(parts, call, { url: QueueUrl });
      const entries = entriesOf(Entries, 'SendMessageBatchRequestEntry');
      checkBatch(entries, queue);
      return outcomes(entries, await sendEach(parts, entries, { queue, call }), (entry, sent) => {
        const { MD5OfMessageBody, MessageId, ...rest } = sentAnswer(entry, sent);
        return { Id: entry.Id, MessageId, MD5OfMessageBody, ...rest };
      });
    },
  } satisfies Operations<SqsOperations>;
}

interface Around {
  readonly queue: QueueEntry;
  readonly call: AwsCall;
}

/** Those that are in order are sent in one go; the others have their refusal. */
async function sendEach(
  { queues }: SqsParts,
  entries: readonly SendMessageBatchRequestEntry[],
  around: Around,
): Promise<Outcome<Sent>[]> {
  const read = entries.map((entry): NewMessage | AwsError => {
    try {
      return messageOf(entry, around);
    } catch (error) {
      if (error instanceof AwsError) return error;
      throw error;
    }
  });
  const messages = read.filter((one): one is NewMessage => !(one instanceof AwsError));
  const sent = messages.length === 0 ? [] : await queues.send(around.queue.name, messages);
  let at = 0;
  return read.map((one) => (one instanceof AwsError ? one : (sent[at++] as Sent | Fault)));
}

/** What AWS refuses a whole batch for. */
function checkBatch(entries: readonly SendMessageBatchRequestEntry[], { settings }: QueueEntry): void {
  const bytes = entries.reduce(
    (sum, { MessageBody = '', MessageAttributes }) =>
      sum + Buffer.byteLength(MessageBody) + attributeBytes(MessageAttributes),
    0,
  );
  const { max } = LIMITS.queueMessageBytes;
  if (bytes > max) {
    const message = `Batch requests cannot be longer than ${max} bytes. You have sent ${bytes} bytes.`;
    throw new AwsError('BatchRequestTooLong', message);
  }
  if (settings.fifo === null) return;
  const { contentBasedDeduplication } = settings.fifo;
  for (const { MessageGroupId, MessageDeduplicationId } of entries) {
    if (!contentBasedDeduplication && MessageDeduplicationId === undefined) throw invalid(NO_DEDUPLICATION);
    if (MessageGroupId === undefined) throw invalid('The request must contain the parameter MessageGroupId.');
  }
}

/** In AWS's words. */
const NO_DEDUPLICATION =
  'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly';

function messageOf(asked: Asked, { queue, call }: Around): NewMessage {
  const { fifo } = queue.settings;
  const { DelaySeconds: delay, MessageDeduplicationId: deduplicationId, MessageGroupId: groupId } = asked;
  const body = required(asked.MessageBody, 'MessageBody');
  checkAttributes(asked.MessageAttributes);
  checkAttributes(asked.MessageSystemAttributes, 'system');
  if (fifo !== null && groupId === undefined) throw missing('MessageGroupId');
  if (fifo !== null && deduplicationId === undefined && !fifo.contentBasedDeduplication)
    throw invalid(NO_DEDUPLICATION);
  if (fifo !== null && (delay ?? 0) !== 0) throw notForThisType('DelaySeconds', delay ?? 0);
  if (fifo === null && deduplicationId !== undefined)
    throw notForThisType('MessageDeduplicationId', deduplicationId);
  return {
    body,
    attributes: stored(asked.MessageAttributes),
    traceHeader: traceHeaderOf(asked, call),
    senderId: call.principal.userId,
    delayMs: delay === undefined || fifo !== null ? null : delay * 1_000,
    groupId: groupId ?? null,
    deduplicationId: deduplicationId ?? null,
  };
}

function stored(
  attributes: Readonly<Record<string, MessageAttributeValue>> = {},
): Readonly<Record<string, MessageAttribute>> {
  const entries = Object.entries(attributes).map(([name, { DataType = '', StringValue, BinaryValue }]) => [
    name,
    {
      dataType: DataType,
      ...(StringValue !== undefined && { stringValue: StringValue }),
      ...(BinaryValue !== undefined && { binaryValue: BinaryValue.toString('base64') }),
    },
  ]);
  return Object.fromEntries(entries);
}

/**
 * The trace that a message belongs to. Where a sender says none it is the one of its request: SDKs within functions
 * send that header by themselves, so that a chain of events is followed through queues, too.
 */
function traceHeaderOf({ MessageSystemAttributes = {} }: Asked, { headers }: AwsCall): string | null {
  for (const name of Object.keys(MessageSystemAttributes))
    if (name !== 'AWSTraceHeader') throw unknownAttribute(name);
  return MessageSystemAttributes.AWSTraceHeader?.StringValue ?? headers['x-amzn-trace-id'] ?? null;
}

function sentAnswer(
  { MessageBody = '', MessageAttributes, MessageSystemAttributes }: Asked,
  { messageId, sequenceNumber }: Sent,
): SendMessageResult & { readonly MessageId: string; readonly MD5OfMessageBody: string } {
  const [ofAttributes, ofSystem] = [MessageAttributes, MessageSystemAttributes].map(md5OfAttributes);
  return {
    MessageId: messageId,
    MD5OfMessageBody: md5OfText(MessageBody),
    ...(ofAttributes !== undefined && { MD5OfMessageAttributes: ofAttributes }),
    ...(ofSystem !== undefined && { MD5OfMessageSystemAttributes: ofSystem }),
    ...(sequenceNumber !== null && { SequenceNumber: sequenceNumber }),
  };
}
