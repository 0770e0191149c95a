/** The attributes of a message: as they are kept, as they are told, and which of them a receiver asked for. */
import type { MessageAttribute } from '../../../resources/index.ts';
import type { MessageAttributeValue } from '../models/sqs.types.ts';
import { invalid } from './errors.ts';

type Values = Readonly<Record<string, MessageAttributeValue>>;
type Kept = Readonly<Record<string, MessageAttribute>>;

/**
 * What is asked to be kept; whether it may be, the queue says.
 *
 * @throws {AwsError} for what a message cannot even be asked to have: lists, and values of two kinds
 */
export function keptAttributes(values: Values = {}): Kept {
  const entries = Object.entries(values).map(([name, value]) => {
    const { DataType = '', StringValue, BinaryValue } = value;
    if (value.StringListValues?.length || value.BinaryListValues?.length)
      throw invalid('Message attribute list values in SendMessage operation are not supported.');
    if (StringValue !== undefined && BinaryValue !== undefined)
      throw invalid(`Message attribute '${name}' must have a value of one type only.`);
    const text = StringValue !== undefined && { stringValue: StringValue };
    const bytes = BinaryValue !== undefined && { binaryValue: BinaryValue.toString('base64') };
    return [name, { dataType: DataType, ...text, ...bytes }];
  });
  return Object.fromEntries(entries);
}

export function toldAttributes(attributes: Kept): Values {
  const entries = Object.entries(attributes).map(([name, { dataType, stringValue, binaryValue }]) => [
    name,
    {
      ...(stringValue !== undefined && { StringValue: stringValue }),
      ...(binaryValue !== undefined && { BinaryValue: Buffer.from(binaryValue, 'base64') }),
      DataType: dataType,
    },
  ]);
  return Object.fromEntries(entries);
}

/** Bytes that attributes add to a message: names, types and values. */
export function attributeBytes(values: Values = {}): number {
  let bytes = 0;
  for (const [name, { DataType = '', StringValue = '', BinaryValue }] of Object.entries(values)) {
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
  names: readonly string[],
): Readonly<Record<string, T>> | undefined {
  const prefixes = names.filter((name) => name.endsWith('*')).map((name) => name.replace(/\.?\*$/, ''));
  const wanted = new Set(names);
  const found = Object.entries(attributes).filter(
    ([name]) => wanted.has('All') || wanted.has(name) || prefixes.some((prefix) => name.startsWith(prefix)),
  );
  return found.length === 0 ? undefined : Object.fromEntries(found);
}
