import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Fault } from './fault.ts';

export interface FolderRules {
  readonly mode: number;
  /** Whose folder it is, for the message. */
  readonly what: string;
  /** What a person can do when it cannot be made: a sentence. */
  readonly wayOut: string;
}

/**
 * Makes a folder and the ones above it that are missing.
 *
 * One by one, because Node's recursive `mkdir` never returns where the kernel lets nobody make a
 * folder (under /proc, for one).
 *
 * @throws {Fault} `option-invalid` when it cannot be made, saying where and why
 */
export function makeFolder(path: string, rules: FolderRules): void {
  const missing: string[] = [];
  for (let folder = resolve(path); !isThere(folder); folder = dirname(folder)) missing.unshift(folder);
  for (const folder of missing) {
    try {
      mkdirSync(folder, rules.mode);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'EEXIST' && isThere(folder)) continue; // somebody else made it meanwhile
      const message = `${rules.what} ${path} cannot be made: ${folder} is refused (${code}). ${rules.wayOut}`;
      throw new Fault('option-invalid', message, { cause });
    }
  }
}

function isThere(folder: string): boolean {
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
