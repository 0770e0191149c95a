/** The keys of a node: made once, kept in its database, the same across restarts. */
import { randomBytes } from 'node:crypto';
import { base32 } from './base32.ts';

export interface NodeKeys {
  /** As AWS's: `AKIA` and 16 characters. */
  readonly accessKeyId: string;
  /** As AWS's: 40 characters. */
  readonly secretAccessKey: string;
  /** Bearer token of the control API. */
  readonly token: string;
  /** Signs the credentials of instances; base64. Leaves the node never. */
  readonly signingKey: string;
}

/** Where keys are kept: the first value written stays. */
export interface KeyStore {
  /** @returns the value that is stored now, whoever wrote it */
  putIfAbsent(key: string, value: NodeKeys): Promise<unknown>;
}

/**
 * Reads the keys, or makes them. Two nodes that start at once on one database get the same keys.
 */
export async function loadNodeKeys(store: KeyStore): Promise<NodeKeys> {
  return (await store.putIfAbsent('node-keys', makeNodeKeys())) as NodeKeys;
}

function makeNodeKeys(): NodeKeys {
  return {
    accessKeyId: `AKIA${base32(randomBytes(10))}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    token: `skein_${randomBytes(32).toString('base64url')}`,
    signingKey: randomBytes(32).toString('base64'),
  };
}
