/** The digests that SQS gives with a message; its clients hold them against what they have sent and got. */
import { createHash } from 'node:crypto';

const STRING = Buffer.from([1]);
const BINARY = Buffer.from([2]);

export interface DigestedAttribute {
  readonly dataType: string;
  /** Bytes, of a binary one. */
  readonly value: string | Uint8Array;
}

export function md5OfText(text: string): string {
  return createHash('md5').update(text, 'utf8').digest('hex');
}

/**
 * By the names in their order: name, data type, what kind of value it is in one byte, and the value, each with its
 * length in four bytes before it.
 *
 * @returns undefined where there are none
 */
export function md5OfAttributes(attributes: Readonly<Record<string, DigestedAttribute>>): string | undefined {
  const entries = Object.entries(attributes);
  if (entries.length === 0) return undefined;
  const hash = createHash('md5');
  const put = (value: string | Uint8Array) => {
    const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  for (const [name, { dataType, value }] of entries.toSorted(byName)) {
    put(name);
    put(dataType);
    hash.update(typeof value === 'string' ? STRING : BINARY);
    put(value);
  }
  return hash.digest('hex');
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
