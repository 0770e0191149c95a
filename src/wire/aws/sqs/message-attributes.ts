/** The attributes of a message: what may be sent, and which of them a receiver asked for. */
import type { MessageAttributeValue } from '../models/sqs.types.ts';
import { invalid } from './errors.ts';

type Attributes = Readonly<Record<string, MessageAttributeValue>>;

/** AWS: 10. */
const MAX_ATTRIBUTES = 10;
const MAX_NAME_LENGTH = 256;
const TYPE = /^(String|Number|Binary)(?:\..{1,250})?$/;
/** Letters beyond ASCII are taken, as AWS takes them. */
const NAME = /^[\u00c0-\u017fa-zA-Z0-9_.-]+$/;
const RESERVED = /^(?:aws\.|amazon\.|\.)|\.$/i;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?$/;
/** What a body or a string may not hold (AWS: #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | above). */
const FORBIDDEN = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/** @returns the first character that no message may hold, as `#x0`; null: there is none */
export function forbiddenIn(text: string): string | null {
  const found = FORBIDDEN.exec(text)?.[0];
  return found === undefined ? null : `#x${found.codePointAt(0)?.toString(16).toUpperCase()}`;
}

/**
 * @param attributes as a request says them
 * @param kind as in AWS's messages
 * @throws {AwsError} for what AWS refuses
 */
export function checkAttributes(attributes: Attributes | undefined, kind: 'user' | 'system' = 'user'): void {
  const entries = Object.entries(attributes ?? {});
  if (entries.length > MAX_ATTRIBUTES)
    throw invalid(`Number of message attributes [${entries.length}] exceeds the allowed maximum [10].`);
  for (const [name, value] of entries) {
    if (kind === 'user') checkName(name);
    checkValue(name, value, `Message (${kind}) attribute '${name}'`);
  }
}

function checkName(name: string): void {
  if (name.length > MAX_NAME_LENGTH)
    throw invalid('Message (user) attribute names must be shorter than 256 Bytes');
  if (!NAME.test(name))
    throw invalid(
      'Message (user) attributes name can only contain upper and lower score characters, digits, periods, hyphens and underscores. ',
    );
  if (RESERVED.test(name) || name.includes('..'))
    throw invalid(
      "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are reserved for internal use. Additionally, they cannot start or end with '.'.",
    );
}

function checkValue(name: string, value: MessageAttributeValue, what: string): void {
  const { DataType: type = '', StringValue: text, BinaryValue: bytes } = value;
  if (type === '')
    throw invalid(`The message attribute '${name}' must contain non-empty message attribute type.`);
  const kind = TYPE.exec(type)?.[1];
  if (kind === undefined)
    throw invalid(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    );
  if (value.StringListValues?.length || value.BinaryListValues?.length)
    throw invalid(`Message attribute list values in SendMessage operation are not supported.`);
  if (kind === 'Binary' ? !bytes?.length : !text)
    throw invalid(`${what} must contain a non-empty value of type '${kind}'.`);
  if (kind === 'Binary') {
    if (text !== undefined) throw tooMany(name);
    return;
  }
  if (bytes !== undefined) throw tooMany(name);
  const forbidden = forbiddenIn(text ?? '');
  if (forbidden !== null)
    throw invalid(
      `Invalid binary character '${forbidden}' was found in the message attribute '${name}' value.`,
    );
  if (kind === 'Number' && !NUMBER.test(text ?? ''))
    throw invalid(`Can't cast the value of message (user) attribute '${name}' to a number.`);
}

function tooMany(name: string) {
  return invalid(`Message attribute '${name}' must have a value of one type only.`);
}

/** Bytes that attributes add to a message: names, types and values. */
export function attributeBytes(attributes: Attributes | undefined): number {
  let bytes = 0;
  for (const [name, { DataType = '', StringValue = '', BinaryValue }] of Object.entries(attributes ?? {})) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(DataType) + Buffer.byteLength(StringValue);
    bytes += BinaryValue?.length ?? 0;
  }
  return bytes;
}

/**
 * The attributes that a receiver names: each by itself, `All`, `.*`, or the beginning of some as `bar.*`.
 *
 * @returns undefined when there are none of them
 */
export function chosen<T>(
  attributes: Readonly<Record<string, T>>,
  names: readonly string[] = [],
): Readonly<Record<string, T>> | undefined {
  const prefixes = names.filter((name) => name.endsWith('*')).map((name) => name.replace(/\.?\*$/, ''));
  const wanted = new Set(names);
  const found = Object.entries(attributes).filter(
    ([name]) => wanted.has('All') || wanted.has(name) || prefixes.some((prefix) => name.startsWith(prefix)),
  );
  return found.length === 0 ? undefined : Object.fromEntries(found);
}
