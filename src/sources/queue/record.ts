/**
 * A message as a function gets it: the record of Lambda's event for SQS, key by key.
 *
 * Keys without a value are left out, as on AWS; lists that AWS has no use for are there and empty.
 */
import { queueArn, REGION } from '../../model/index.ts';
import {
  type MessageAttribute,
  md5OfAttributes,
  md5OfText,
  type ReceivedMessage,
} from '../../resources/index.ts';

export interface QueueRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageAttributes: Readonly<Record<string, RecordAttribute>>;
  readonly md5OfMessageAttributes?: string;
  readonly md5OfBody: string;
  readonly eventSource: 'aws:sqs';
  readonly eventSourceARN: string;
  readonly awsRegion: string;
}

interface RecordAttribute {
  readonly stringValue?: string;
  /** Base64. */
  readonly binaryValue?: string;
  readonly stringListValues: readonly string[];
  readonly binaryListValues: readonly string[];
  readonly dataType: string;
}

/**
 * @param sourceArn of the queue it was received from
 *
 * @example
 * recordOf(message, 'arn:aws:sqs:us-east-1:000000000000:jobs').attributes.ApproximateReceiveCount // '1'
 */
export function recordOf(message: ReceivedMessage, sourceArn: string): QueueRecord {
  const { messageId, receipt, body } = message;
  const named = Object.entries(message.attributes);
  return {
    ...{ messageId, receiptHandle: receipt, body, attributes: systemAttributes(message) },
    messageAttributes: Object.fromEntries(named.map(([name, attribute]) => [name, attributeOf(attribute)])),
    ...(named.length > 0 && { md5OfMessageAttributes: digestOf(message.attributes) }),
    md5OfBody: md5OfText(body),
    ...{ eventSource: 'aws:sqs', eventSourceARN: sourceArn, awsRegion: REGION },
  };
}

function systemAttributes(message: ReceivedMessage): Record<string, string> {
  const { groupId, deduplicationId, sequenceNumber, traceHeader, deadLetterSource } = message;
  const given = {
    ApproximateReceiveCount: String(message.receiveCount),
    AWSTraceHeader: traceHeader,
    SentTimestamp: String(Math.floor(message.sentAtMs)),
    SequenceNumber: sequenceNumber,
    MessageGroupId: groupId,
    SenderId: message.senderId,
    MessageDeduplicationId: deduplicationId,
    ApproximateFirstReceiveTimestamp: String(Math.floor(message.firstReceivedAtMs)),
    DeadLetterQueueSourceArn: deadLetterSource && queueArn(deadLetterSource),
  };
  const said = Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== null);
  return Object.fromEntries(said);
}

function digestOf(attributes: ReceivedMessage['attributes']): string {
  const digested = Object.entries(attributes).map(([name, { dataType, stringValue = '', binaryValue }]) => {
    const value = binaryValue === undefined ? stringValue : Buffer.from(binaryValue, 'base64');
    return [name, { dataType, value }] as const;
  });
  return md5OfAttributes(Object.fromEntries(digested)) ?? '';
}

function attributeOf({ dataType, stringValue, binaryValue }: MessageAttribute): RecordAttribute {
  return {
    ...(stringValue !== undefined && { stringValue }),
    ...(binaryValue !== undefined && { binaryValue }),
    ...{ stringListValues: [], binaryListValues: [], dataType },
  };
}
