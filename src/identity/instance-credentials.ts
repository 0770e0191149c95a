/**
 * Short-lived credentials of one instance, in the form of AWS's temporary ones.
 *
 * Nothing is stored: the token says whose it is and until when, under a signature, and the key pair
 * follows from the token. Whoever holds the signing key can verify them, on any node, after any restart.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { base32 } from './base32.ts';

/** How long credentials are good for, ms. SDKs renew them minutes before their end. */
const LIFETIME_MS = 3_600_000;

export interface InstanceIdentity {
  readonly functionName: string;
  readonly version: number;
  readonly instanceId: string;
}

export interface InstanceCredentials {
  /** `ASIA` and 16 characters, as AWS's temporary ones. */
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly token: string;
  /** Wall-clock ms. */
  readonly expirationMs: number;
}

/**
 * @param key `NodeKeys.signingKey`
 * @param who.nowMs wall-clock ms; the credentials are good for one hour from then
 */
export function instanceCredentials(
  key: string,
  who: InstanceIdentity & { readonly nowMs: number },
): InstanceCredentials {
  const expirationMs = Math.floor(who.nowMs) + LIFETIME_MS;
  const claims = JSON.stringify([who.functionName, who.version, who.instanceId, expirationMs]);
  const body = Buffer.from(claims).toString('base64url');
  const token = `${body}.${sign(key, `token:${body}`).toString('base64url')}`;
  return { ...keyPair(key, token), token, expirationMs };
}

/**
 * @param nowMs wall-clock ms
 * @returns whose the token is, with the key pair that belongs to it; null when it is forged, damaged or over
 */
export function verifyInstanceToken(
  key: string,
  token: string,
  nowMs: number,
): (InstanceIdentity & InstanceCredentials) | null {
  const [body = '', signature = '', ...rest] = token.split('.');
  const expected = sign(key, `token:${body}`);
  const given = Buffer.from(signature, 'base64url');
  if (rest.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
  // Signed by us, so its form is ours.
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as [string, number, string, number];
  const [functionName, version, instanceId, expirationMs] = claims;
  if (expirationMs <= nowMs) return null;
  return { functionName, version, instanceId, expirationMs, token, ...keyPair(key, token) };
}

function keyPair(key: string, token: string): { accessKeyId: string; secretAccessKey: string } {
  return {
    accessKeyId: `ASIA${base32(sign(key, `id:${token}`).subarray(0, 10))}`,
    secretAccessKey: sign(key, `secret:${token}`).subarray(0, 30).toString('base64'),
  };
}

function sign(key: string, text: string): Buffer {
  return createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest();
}
