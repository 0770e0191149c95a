/** Whether a queue can keep a message, and how large it is: SQS's rules. */
import { Fault } from '../../base/index.ts';
import { LIMITS, type QueueEntry } from '../../model/index.ts';
import type { MessageAttribute, NewMessage } from './message.ts';

/** XML's characters, which is what SQS takes. */
const NOT_TEXT = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;
const ID = /^[\x21-\x7e]{1,128}$/;
const ATTRIBUTE_NAME = /^(?!aws\.|amazon\.|\.)(?!.*\.\.)(?!.*\.$)[\w.-]{1,256}$/i;
const DATA_TYPE = /^(String|Number|Binary)(?:\..+)?$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * @returns bytes of body and attributes
 * @throws {Fault} `message-invalid`, `message-too-large`
 */
export function checkMessage(queue: QueueEntry, message: NewMessage): number {
  if (message.body === '') throw missing('MessageBody');
  if (NOT_TEXT.test(message.body))
    throw invalid('MessageBody', 'The body has a character that a message cannot have, such as U+0000.');
  checkDelay(queue, message);
  checkIds(queue, message);
  if (NOT_TEXT.test(message.traceHeader ?? ''))
    throw invalid('AWSTraceHeader', 'The trace header has a character that a message cannot have.');
  const attributes = Object.entries(message.attributes ?? {});
  if (attributes.length > LIMITS.messageAttributes)
    throw invalid(
      'MessageAttributes',
      `The message has ${attributes.length} attributes; at most ${LIMITS.messageAttributes} are allowed.`,
    );
  const bytes = attributes.reduce(
    (sum, [name, attribute]) => sum + checkAttribute(name, attribute),
    Buffer.byteLength(message.body),
  );
  const { maxMessageBytes } = queue.settings;
  if (bytes <= maxMessageBytes) return bytes;
  const facts = { bytes, maxBytes: maxMessageBytes };
  throw new Fault(
    'message-too-large',
    `The message is ${bytes} bytes with its attributes; ${queue.name} takes at most ${maxMessageBytes}.`,
    { facts },
  );
}

function checkDelay({ name, settings }: QueueEntry, { delayMs = null }: NewMessage): void {
  if (delayMs === null) return;
  const { min, max } = LIMITS.queueDelayMs;
  if (!Number.isInteger(delayMs) || delayMs < min || delayMs > max)
    throw invalid('DelaySeconds', `A delay of ${delayMs} ms is not within ${min} and ${max}.`);
  if (settings.fifo !== null && delayMs > 0)
    throw invalid('DelaySeconds', `${name} is a FIFO queue: it delays all of its messages, or none.`);
}

function checkIds({ name, settings }: QueueEntry, message: NewMessage): void {
  const { groupId = null, deduplicationId = null } = message;
  if (groupId !== null && !ID.test(groupId))
    throw invalid(
      'MessageGroupId',
      'A group is named by 1 to 128 letters, digits and punctuation characters.',
    );
  if (deduplicationId !== null && !ID.test(deduplicationId))
    throw invalid(
      'MessageDeduplicationId',
      'A deduplication id has 1 to 128 letters, digits and punctuation characters.',
    );
  if (settings.fifo === null) {
    if (deduplicationId !== null)
      throw invalid('MessageDeduplicationId', `${name} is a standard queue: it looks for no duplicates.`);
    return;
  }
  if (groupId === null) throw missing('MessageGroupId');
  if (deduplicationId === null && !settings.fifo.contentBasedDeduplication)
    throw new Fault(
      'message-invalid',
      `${name} needs a deduplication id with each message, or contentBasedDeduplication.`,
      { facts: { parameter: 'MessageDeduplicationId', problem: 'duplicate-id-missing' } },
    );
}

/** @returns its bytes */
function checkAttribute(name: string, { dataType, stringValue, binaryValue }: MessageAttribute): number {
  const wrong = (why: string) =>
    invalid('MessageAttributes', `The attribute "${name}" ${why}`, { attribute: name });
  if (!ATTRIBUTE_NAME.test(name))
    throw wrong('cannot be named so: 1 to 256 letters, digits, _, - and single dots.');
  const [, kind] = DATA_TYPE.exec(dataType) ?? [];
  if (kind === undefined || dataType.length > 256 || NOT_TEXT.test(dataType))
    throw wrong(
      `has the type "${dataType}"; it must be String, Number or Binary, with a label after a dot or without.`,
    );
  const value = kind === 'Binary' ? binaryValue : stringValue;
  if (value === undefined || value === '') throw wrong(`has no value of its type ${dataType}.`);
  if (kind === 'Binary' && !BASE64.test(value)) throw wrong('is not Base64.');
  if (kind !== 'Binary' && NOT_TEXT.test(value)) throw wrong('has a character that a message cannot have.');
  if (kind === 'Number' && (value.trim() === '' || !Number.isFinite(Number(value))))
    throw wrong(`is no number: ${value}.`);
  const bytes = kind === 'Binary' ? Buffer.byteLength(value, 'base64') : Buffer.byteLength(value);
  return Buffer.byteLength(name) + Buffer.byteLength(dataType) + bytes;
}

function missing(parameter: string): Fault {
  return new Fault('message-invalid', `A message needs ${parameter}.`, {
    facts: { parameter, problem: 'missing' },
  });
}

function invalid(parameter: string, message: string, more: { readonly attribute?: string } = {}): Fault {
  return new Fault('message-invalid', message, { facts: { parameter, problem: 'invalid', ...more } });
}
