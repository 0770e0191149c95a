/** SendMessage and its batch. Whether a message is in order, the queue says. */
import { Fault } from '../../../base/index.ts';
import { LIMITS, type QueueEntry } from '../../../model/index.ts';
import { md5OfText, type NewMessage, type Sent } from '../../../resources/index.ts';
import type {
  SendMessageBatchRequestEntry,
  SendMessageRequest,
  SendMessageResult,
  SqsOperations,
} from '../models/sqs.types.ts';
import { AwsError } from '../protocol/index.ts';
import type { AwsCall, Operations } from '../service.ts';
import { entriesOf, outcomes } from './batch.ts';
import { invalid, unknownAttribute } from './errors.ts';
import { NO_DEDUPLICATION } from './faults.ts';
import { md5OfAttributes } from './md5.ts';
import { attributeBytes, keptAttributes } from './message-attributes.ts';
import type { SqsParts } from './parts.ts';
import { permitted } from './queue-url.ts';

/** A message as a request has it, alone or in a batch. */
type Asked = Omit<SendMessageRequest, 'QueueUrl'>;

export function sendOperations(parts: SqsParts) {
  const { queues } = parts;
  return {
    async SendMessage(input, call) {
      const { name } = await permitted(parts, call, { url: input.QueueUrl });
      const [sent] = await queues.send(name, [messageOf(input, call)]);
      if (sent === undefined) throw new Error('a queue said nothing of a message');
      if (sent instanceof Fault) throw sent;
      return sentAnswer(input, sent);
    },
    async SendMessageBatch({ QueueUrl, Entries }, call) {
      const queue = await permitted(parts, call, { url: QueueUrl });
      const entries = entriesOf(Entries, 'SendMessageBatchRequestEntry');
      checkBatch(entries, queue);
      const messages = entries.map((entry) => messageOf(entry, call));
      return outcomes(entries, await queues.send(queue.name, messages), (entry, sent) => {
        const { MD5OfMessageBody, MessageId, ...rest } = sentAnswer(entry, sent);
        return { Id: entry.Id, MessageId, MD5OfMessageBody, ...rest };
      });
    },
  } satisfies Operations<SqsOperations>;
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

function messageOf(asked: Asked, call: AwsCall): NewMessage {
  const { DelaySeconds: delay, MessageDeduplicationId: deduplicationId, MessageGroupId: groupId } = asked;
  return {
    body: asked.MessageBody ?? '',
    attributes: keptAttributes(asked.MessageAttributes),
    traceHeader: traceHeaderOf(asked, call),
    senderId: call.principal.userId,
    delayMs: delay === undefined ? null : delay * 1_000,
    groupId: groupId ?? null,
    deduplicationId: deduplicationId ?? null,
  };
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
