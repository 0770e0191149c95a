/** Whether a webhook was sent by who has the secret, and which delivery it is. */
import {
  createHash,
  createHmac,
  createPublicKey,
  timingSafeEqual,
  verify as verifySignature,
} from 'node:crypto';
import type { Webhook } from '../../model/index.ts';
import type { WebhookHead } from './head.ts';

/** What a sender signed. */
export interface Signed {
  readonly head: WebhookHead;
  readonly body: Buffer;
}

/**
 * @param secrets values; any may be the right one
 * @returns whether one of the signatures is right. How long this takes says nothing about how near a wrong one is
 */
export function isProven({ scheme }: Webhook, signed: Signed, secrets: readonly string[]): boolean {
  return secrets.some((secret) => {
    if (scheme !== 'standard') return matches(signed, Buffer.from(secret));
    const key = /^(whsec_|whpk_)?(.*)$/s.exec(secret);
    const bytes = Buffer.from(key?.[2] ?? '', 'base64');
    return key?.[1] === 'whpk_' ? matchesPublic(signed, bytes) : matches(signed, bytes);
  });
}

function matches({ head, body }: Signed, key: Buffer): boolean {
  if (key.length === 0) return false;
  const mac = createHmac(head.algorithm, key).update(head.before).update(body).update(head.after).digest();
  return head.claims.some(
    ({ kind, bytes }) => kind === 'hmac' && bytes.length === mac.length && timingSafeEqual(bytes, mac),
  );
}

/** What a bare Ed25519 key lacks to be one that Node reads (RFC 8410). */
const ED25519_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const ED25519_BYTES = 32;

function matchesPublic({ head, body }: Signed, key: Buffer): boolean {
  const claims = head.claims.filter(({ kind }) => kind === 'ed25519');
  if (key.length !== ED25519_BYTES || claims.length === 0) return false;
  const spki = Buffer.concat([ED25519_PREFIX, key]);
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  const message = Buffer.concat([Buffer.from(head.before), body, Buffer.from(head.after)]);
  return claims.some(({ bytes }) => verifySignature(null, message, publicKey, bytes));
}

/**
 * What tells a delivery from others of its route: the sender's id for it, which is the same when it is sent again;
 * where there is none, a digest of what was signed.
 *
 * @param message the body as JSON, where the scheme has its ids there; else null
 */
export function deliveryId({ scheme }: Webhook, { head, body }: Signed, message: unknown): string {
  const key = scheme === 'stripe' ? 'id' : scheme === 'slack' ? 'event_id' : null;
  const inside = key === null ? null : stringOf(message, key);
  const id = head.id ?? inside;
  if (id !== null) return `id:${id}`;
  return `sha256:${createHash('sha256').update(head.before).update(body).update(head.after).digest('hex')}`;
}

/** What Slack asks of a new address: to be sent back a word. */
export function challengeOf({ scheme }: Webhook, message: unknown): string | null {
  const asks = scheme === 'slack' && stringOf(message, 'type') === 'url_verification';
  return asks ? stringOf(message, 'challenge') : null;
}

/** The body as JSON, where the scheme says something about it there; null: it does not, or it is none. */
export function messageOf({ scheme }: Webhook, body: Buffer): unknown {
  if (scheme !== 'stripe' && scheme !== 'slack') return null;
  try {
    return JSON.parse(body.toString());
  } catch {
    return null; // Slack's commands are forms
  }
}

function stringOf(message: unknown, key: string): string | null {
  if (typeof message !== 'object' || message === null || !Object.hasOwn(message, key)) return null;
  const value = (message as Record<string, unknown>)[key];
  return typeof value === 'string' && value !== '' ? value : null;
}
