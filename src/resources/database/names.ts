import { createHash } from 'node:crypto';

/** PostgreSQL cuts longer names off, silently. */
const MAX_NAME = 63;

/**
 * The name of an app's database, and of the role that owns it: `bakery_main`.
 *
 * No two keys share a name: what cannot be written as it is (a hyphen, or too long) is told apart by
 * a digest, and has more underscores than what can.
 */
export function databaseNameOf({ app, key }: { app: string; key: string }): string {
  const plain = `${app}_${key}`.toLowerCase().replace(/[^a-z0-9_]/g, '_');
  const faithful = plain === `${app}_${key}` && plain.length <= MAX_NAME;
  // PostgreSQL keeps names that begin with pg_ for itself.
  const name = plain.startsWith('pg_') ? `app_${plain}` : plain;
  return faithful
    ? name
    : withSuffix(name, createHash('sha256').update(`${app}/${key}`).digest('hex').slice(0, 8));
}

/** @returns the name with a suffix after an underscore, cut so that both fit */
export function withSuffix(name: string, suffix: string): string {
  return `${name.slice(0, MAX_NAME - suffix.length - 1)}_${suffix}`;
}
