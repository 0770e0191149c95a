/** The arithmetic of Signature Version 4. Pure, but for a bounded cache of signing keys. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { hashBytes } from './canonical.ts';

/** Signing keys that are remembered: one per access key, day, region and service in use. */
const MAX_KEYS = 2_000;
const cache = new Map<string, Buffer>();

export interface Scope {
  readonly secret: string;
  readonly day: string;
  readonly region: string;
  readonly service: string;
}

/** The key that a secret gives for one day, region and service. Four HMACs, remembered. */
export function signingKey({ secret, day, region, service }: Scope): Buffer {
  const name = `${day}/${region}/${service}/${secret}`;
  const known = cache.get(name);
  if (known !== undefined) return known;
  let key: Buffer | string = `AWS4${secret}`;
  for (const part of [day, region, service, 'aws4_request']) key = hmac(key, part);
  if (cache.size >= MAX_KEYS) cache.clear(); // filled again in microseconds each
  cache.set(name, key as Buffer);
  return key as Buffer;
}

export function stringToSign(parts: {
  readonly timestamp: string;
  readonly scope: string;
  readonly canonical: string;
}): string {
  return ['AWS4-HMAC-SHA256', parts.timestamp, parts.scope, hashBytes(parts.canonical)].join('\n');
}

/** @returns the signature in hex */
export function sign(key: Buffer, text: string): string {
  return hmac(key, text).toString('hex');
}

/** Compares in a time that does not tell where they differ. */
export function sameSignature(given: string, expected: string): boolean {
  const a = Buffer.from(given, 'latin1');
  const b = Buffer.from(expected, 'latin1');
  return a.length === b.length && timingSafeEqual(a, b);
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'latin1').digest();
}
