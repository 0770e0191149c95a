/** The digests that SDKs hold answers against. */
import { createHash } from 'node:crypto';
import type { MessageAttributeValue } from '../models/sqs.types.ts';

const STRING = Buffer.from([1]);
const BINARY = Buffer.from([2]);

export function md5OfText(text: string): string {
  return createHash('md5').update(text, 'utf8').digest('hex');
}

/**
 * By the names in their order: name, data type, what kind of value it is in one byte, and the value, each with its
 * length in four bytes before it.
 *
 * @returns undefined where there are none
 */
export function md5OfAttributes(
  attributes: Readonly<Record<string, MessageAttributeValue>> | undefined,
): string | undefined {
  const entries = Object.entries(attributes ?? {});
  if (entries.length === 0) return undefined;
  const hash = createHash('md5');
  const put = (value: string | Buffer) => {
    const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  for (const [name, { DataType = '', StringValue, BinaryValue }] of entries.toSorted(byName)) {
    put(name);
    put(DataType);
    hash.update(BinaryValue === undefined ? STRING : BINARY);
    put(BinaryValue ?? StringValue ?? '');
  }
  return hash.digest('hex');
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
