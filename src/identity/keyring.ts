/**
 * Seals what is kept in the database and must not be readable there: secrets, the secret halves of
 * access keys. AES-256-GCM, under keys that are never in the database.
 *
 * The first key seals; all of them open, so that a key can be changed while what it sealed is still
 * there. A sealed text names its key by a fingerprint and belongs to one place (`context`): moved to
 * another row it does not open.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { Fault } from '../base/index.ts';

export const KEY_BYTES = 32;

const FORM = 'v1';
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** Hex digits that name a key. */
const FINGERPRINT = 12;

export interface Keyring {
  /** @param context what is sealed, e.g. `secret:/STRIPE_KEY`; needed to open it again */
  seal(plain: string, context: string): string;
  /** @throws {Fault} `sealed-unreadable` when its key is not here, or it is not what was sealed for this context */
  open(sealed: string, context: string): string;
  /** Whether it is sealed with the key that seals now. */
  isCurrent(sealed: string): boolean;
}

/**
 * @param keys 32 bytes each; the first one seals
 *
 * @example
 * const ring = createKeyring([randomBytes(32)]);
 * ring.open(ring.seal('sk_live_1', 'secret:/STRIPE_KEY'), 'secret:/STRIPE_KEY') // 'sk_live_1'
 */
export function createKeyring(keys: readonly Uint8Array[]): Keyring {
  const named = new Map(keys.map((key) => [fingerprint(key), key]));
  const [current] = keys;
  if (current === undefined) throw new TypeError('a keyring needs a key');
  const name = fingerprint(current);
  return {
    seal(plain, context) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', current, iv).setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return `${FORM}.${name}.${Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')}`;
    },
    open(sealed, context) {
      const [form, keyName = '', packed = ''] = sealed.split('.');
      const key = form === FORM ? named.get(keyName) : undefined;
      if (key === undefined)
        throw unreadable(context, `its key ${keyName.slice(0, FINGERPRINT)} is not here`);
      return decrypt(Buffer.from(packed, 'base64url'), { key, context });
    },
    isCurrent: (sealed) => sealed.startsWith(`${FORM}.${name}.`),
  };
}

function decrypt(packed: Buffer, { key, context }: { key: Uint8Array; context: string }): string {
  const iv = packed.subarray(0, IV_BYTES);
  const tag = packed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(context)).setAuthTag(tag);
    const plain = [decipher.update(packed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()];
    return Buffer.concat(plain).toString('utf8');
  } catch (cause) {
    throw unreadable(context, 'it was damaged, or sealed for something else', cause);
  }
}

function fingerprint(key: Uint8Array): string {
  if (key.length !== KEY_BYTES) throw new TypeError(`a key has ${KEY_BYTES} bytes, not ${key.length}`);
  return createHash('sha256').update('skein keyring\0').update(key).digest('hex').slice(0, FINGERPRINT);
}

function unreadable(context: string, why: string, cause?: unknown): Fault {
  const message =
    `What is stored as ${context} cannot be decrypted: ${why}. Start the node with the key it was stored under ` +
    '(SKEIN_ENCRYPTION_KEY, or encryption.key in the home), or store it anew.';
  return new Fault('sealed-unreadable', message, { facts: { context }, cause });
}
