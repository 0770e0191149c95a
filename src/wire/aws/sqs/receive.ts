/** ReceiveMessage: waits for messages, and tells of each what the caller asked for. */
import { LIMITS, queueArn } from '../../../model/index.ts';
import { md5OfText, type ReceivedMessage } from '../../../resources/index.ts';
import type { Message, ReceiveMessageRequest, SqsOperations } from '../models/sqs.types.ts';
import type { Operations } from '../service.ts';
import { invalidValue, notForThisType, unknownAttribute, within } from './errors.ts';
import { md5OfAttributes } from './md5.ts';
import { chosen, toldAttributes } from './message-attributes.ts';
import type { SqsParts } from './parts.ts';
import { permitted } from './queue-url.ts';

/** AWS: 10. */
const MAX_MESSAGES = 10;
const SYSTEM_ATTRIBUTES: ReadonlySet<string> = new Set([
  'All',
  'ApproximateFirstReceiveTimestamp',
  'ApproximateReceiveCount',
  'AWSTraceHeader',
  'DeadLetterQueueSourceArn',
  'MessageDeduplicationId',
  'MessageGroupId',
  'SenderId',
  'SentTimestamp',
  'SequenceNumber',
]);
const ATTEMPT_ID = /^[a-zA-Z0-9!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]{1,128}$/;

export function receiveOperations(parts: SqsParts) {
  return {
    async ReceiveMessage(input, call) {
      const queue = await permitted(parts, call, { url: input.QueueUrl });
      const names = [...(input.AttributeNames ?? []), ...(input.MessageSystemAttributeNames ?? [])];
      for (const name of names) if (!SYSTEM_ATTRIBUTES.has(name)) throw unknownAttribute(name);
      const wanted = wantedOf(input, queue.settings.fifo !== null);
      const received = await parts.queues.receive(queue.name, wanted, call.signal);
      if (received.length === 0) return {};
      const asked = { names, attributeNames: input.MessageAttributeNames ?? [] };
      return { Messages: received.map((message) => messageAnswer(message, asked)) };
    },
  } satisfies Operations<SqsOperations>;
}

function wantedOf(input: ReceiveMessageRequest, isFifo: boolean) {
  const { MaxNumberOfMessages: max = 1, VisibilityTimeout: visibility, WaitTimeSeconds: wait } = input;
  if (max < 1 || max > MAX_MESSAGES)
    throw invalidValue('MaxNumberOfMessages', max, 'Must be between 1 and 10, if provided.');
  const attemptId = input.ReceiveRequestAttemptId;
  if (attemptId !== undefined) {
    if (!isFifo) throw notForThisType('ReceiveRequestAttemptId', attemptId);
    if (!ATTEMPT_ID.test(attemptId))
      throw invalidValue(
        'ReceiveRequestAttemptId',
        attemptId.slice(0, 200),
        'ReceiveRequestAttemptId can only include alphanumeric and punctuation characters. 1 to 128 in length.',
      );
  }
  return {
    max,
    ...(visibility !== undefined && { visibilityTimeoutMs: visibilityMs(visibility) }),
    ...(wait !== undefined && {
      waitMs: within('WaitTimeSeconds', wait, { min: 0, max: LIMITS.queueWaitMs.max / 1_000 }) * 1_000,
    }),
    ...(attemptId !== undefined && { attemptId }),
  };
}

/** @throws {AwsError} when it is longer than 12 h */
export function visibilityMs(seconds: number): number {
  const max = LIMITS.queueVisibilityMs.max / 1_000;
  return within('VisibilityTimeout', seconds, { min: 0, max }) * 1_000;
}

interface Asked {
  readonly names: readonly string[];
  readonly attributeNames: readonly string[];
}

function messageAnswer(message: ReceivedMessage, { names, attributeNames }: Asked): Message {
  const system = names.length === 0 ? undefined : chosen(systemAttributes(message), names);
  const attributes = chosen(toldAttributes(message.attributes), attributeNames);
  const digest = md5OfAttributes(attributes);
  return {
    MessageId: message.messageId,
    ReceiptHandle: message.receipt,
    MD5OfBody: md5OfText(message.body),
    Body: message.body,
    ...(system !== undefined && { Attributes: system }),
    ...(digest !== undefined && { MD5OfMessageAttributes: digest }),
    ...(attributes !== undefined && { MessageAttributes: attributes }),
  };
}

function systemAttributes(message: ReceivedMessage): Readonly<Record<string, string>> {
  const { senderId, deduplicationId, groupId, sequenceNumber, traceHeader, deadLetterSource } = message;
  return {
    ...(senderId !== null && { SenderId: senderId }),
    ApproximateFirstReceiveTimestamp: String(Math.floor(message.firstReceivedAtMs)),
    ApproximateReceiveCount: String(message.receiveCount),
    SentTimestamp: String(Math.floor(message.sentAtMs)),
    ...(sequenceNumber !== null && { SequenceNumber: sequenceNumber }),
    ...(deduplicationId !== null && { MessageDeduplicationId: deduplicationId }),
    ...(groupId !== null && { MessageGroupId: groupId }),
    ...(traceHeader !== null && { AWSTraceHeader: traceHeader }),
    ...(deadLetterSource !== null && { DeadLetterQueueSourceArn: queueArn(deadLetterSource) }),
  };
}
