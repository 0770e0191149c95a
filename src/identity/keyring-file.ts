/**
 * Where the keys of a keyring come from: the operator (a variable), else a file in the node's home that
 * is made on first use. The home's keys go on opening what they sealed when the operator's key takes over.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '../base/index.ts';
import { createKeyring, KEY_BYTES, type Keyring } from './keyring.ts';

/** One key a line, base64, the one that seals first. */
const FILE = 'encryption.key';

export interface KeyringPlace {
  readonly home: string;
  /** The operator's keys, the one that seals first; none: the home's. */
  readonly given: readonly Uint8Array[];
}

/** @throws {Fault} `option-invalid` when the file is damaged or cannot be read or written */
export function openKeyring({ home, given }: KeyringPlace): Keyring {
  const kept = readKeys(join(home, FILE));
  if (given.length > 0) return createKeyring([...given, ...kept]);
  return createKeyring(kept.length > 0 ? kept : addKey(home, kept));
}

/**
 * Makes a new key that seals from now on; the others go on opening until `retireKeys`.
 *
 * @throws {Fault} `option-invalid` when the operator gives the keys: then it is the operator's to change
 */
export function renewKeyring({ home, given }: KeyringPlace): Keyring {
  if (given.length > 0) {
    const message =
      'The key is given by SKEIN_ENCRYPTION_KEY. Change it there: put the new key before the old one, separated ' +
      'by a comma, restart the node (which encrypts everything anew), then take the old one out.';
    throw new Fault('option-invalid', message, { facts: { option: 'SKEIN_ENCRYPTION_KEY' } });
  }
  return createKeyring(addKey(home, readKeys(join(home, FILE))));
}

/** Forgets all keys of the home but the one that seals. To be called when nothing is sealed with them any more. */
export function retireKeys(home: string): Keyring {
  const keys = readKeys(join(home, FILE)).slice(0, 1);
  writeKeys(join(home, FILE), keys);
  return createKeyring(keys);
}

function addKey(home: string, kept: readonly Uint8Array[]): Uint8Array[] {
  const keys = [new Uint8Array(randomBytes(KEY_BYTES)), ...kept];
  writeKeys(join(home, FILE), keys);
  return keys;
}

function readKeys(path: string): Uint8Array[] {
  try {
    const lines = readFileSync(path, 'utf8').split('\n');
    const keys = lines.filter((line) => line.trim() !== '').map((line) => Buffer.from(line.trim(), 'base64'));
    if (keys.length > 0 && keys.every((key) => key.length === KEY_BYTES)) return keys;
    throw new Error('it does not hold keys of 32 bytes in base64, one a line');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    const message = `${path} cannot be used: ${(cause as Error).message}. What it encrypted needs it: bring it back from a backup.`;
    throw new Fault('option-invalid', message, { facts: { path }, cause });
  }
}

/** Whole or not at all, and for its owner only. */
function writeKeys(path: string, keys: readonly Uint8Array[]): void {
  const draft = `${path}.${process.pid}.tmp`;
  const text = keys.map((key) => `${Buffer.from(key).toString('base64')}\n`).join('');
  try {
    writeFileSync(draft, text, { mode: 0o600, flush: true });
    chmodSync(draft, 0o600); // a draft left by a crash keeps its old mode
    renameSync(draft, path);
  } catch (cause) {
    const message = `${path} cannot be written: ${(cause as Error).message}. Give the node a key by SKEIN_ENCRYPTION_KEY, or a home that it can write.`;
    throw new Fault('option-invalid', message, { facts: { path }, cause });
  }
}
