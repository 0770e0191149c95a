/** The digests that SDKs hold answers against, of what the API calls an attribute. */
import { md5OfAttributes as digestOf } from '../../../resources/index.ts';
import type { MessageAttributeValue } from '../models/sqs.types.ts';

/** @returns undefined where there are none */
export function md5OfAttributes(
  attributes: Readonly<Record<string, MessageAttributeValue>> | undefined,
): string | undefined {
  const entries = Object.entries(attributes ?? {});
  const digested = entries.map(([name, { DataType: dataType = '', StringValue, BinaryValue }]) => {
    return [name, { dataType, value: BinaryValue ?? StringValue ?? '' }] as const;
  });
  return digestOf(Object.fromEntries(digested));
}
