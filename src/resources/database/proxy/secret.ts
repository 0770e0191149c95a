/**
 * What a function logs in to the proxy with: its name, and a signature that only the node can make.
 * Nothing is stored, so it stays the same across restarts, and whoever has the key can check it.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export interface Login {
  readonly functionName: string;
  readonly roleName: string;
}

/** @param key of this purpose alone */
export function secretOf(key: Uint8Array, { functionName, roleName }: Login): string {
  const signature = createHmac('sha256', key)
    .update(JSON.stringify([functionName, roleName]))
    .digest('base64url');
  return `${functionName}.${signature}`;
}

/** @returns the function that this is the secret of, for this role; null when it is none */
export function functionOf(
  key: Uint8Array,
  { secret, roleName }: { secret: string; roleName: string },
): string | null {
  const functionName = secret.slice(0, Math.max(0, secret.lastIndexOf('.')));
  const [given, expected] = [Buffer.from(secret), Buffer.from(secretOf(key, { functionName, roleName }))];
  return given.length === expected.length && timingSafeEqual(given, expected) ? functionName : null;
}
