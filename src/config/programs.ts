/** Where the interpreters of functions are on this machine. */
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Environment } from './home.ts';

/** Looked at first: an interpreter of the system can be reached by every user, one in somebody's home cannot. */
const SYSTEM_FOLDERS = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'];

/** @returns the path of Python 3.11's interpreter, or null when there is none */
export function findPython(env: Environment): string | null {
  const folders = [...SYSTEM_FOLDERS, ...(env.PATH ?? '').split(delimiter)];
  for (const folder of folders.filter((name) => name.startsWith('/'))) {
    const path = join(folder, 'python3.11');
    // A version manager's shim is a script that needs its user's home; only a real program will do.
    if (isProgram(path) && !folder.includes('shims')) return realpathSync(path);
  }
  return null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
