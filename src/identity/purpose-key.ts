import { createHmac } from 'node:crypto';

/**
 * A key for one purpose, made from the node's own: whoever has it can do that one thing and no other.
 *
 * @param key `NodeKeys.signingKey`
 */
export function purposeKey(key: string, purpose: string): Uint8Array {
  return createHmac('sha256', Buffer.from(key, 'base64')).update(`purpose:${purpose}`).digest();
}
