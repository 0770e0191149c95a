/**
 * What sandboxes' users can reach. A root node runs its sandboxes as other users, who may not pass
 * a 0700 folder above the node's home or above the installation. So the files they need are kept in
 * a folder they can reach, and what lies elsewhere is linked (or copied) there.
 */
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, linkSync, mkdirSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** For homes that others may not pass through; below it one folder per home. */
const ELSEWHERE = '/var/lib/skein/homes';

export interface SandboxFolder {
  /** Every sandbox's user can pass through it. */
  readonly path: string;
  /** Removes it, if it lies outside the home; a home's own folder stays for the next start. */
  clear(): void;
}

/** Whether every user of the machine may pass through all folders above this path. */
export function othersMayPass(path: string): boolean {
  for (let folder = dirname(realpathSync(path)); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/**
 * Makes a folder, and the ones above it that are missing, so that everybody may pass through them
 * whatever the node's umask is.
 */
export function passableFolder(path: string): void {
  const target = resolve(path);
  const first = mkdirSync(target, { recursive: true }) ?? target;
  for (let folder = target; folder.length >= first.length; folder = dirname(folder)) chmodSync(folder, 0o711);
}

/** @param home exists, and is itself passable */
export function sandboxFolder(home: string): SandboxFolder {
  if (process.getuid?.() !== 0 || othersMayPass(home)) {
    const path = join(home, 'sandboxes');
    passableFolder(path);
    return { path, clear: () => {} };
  }
  const name = createHash('sha256').update(realpathSync(home)).digest('hex').slice(0, 16);
  const path = join(ELSEWHERE, name);
  passableFolder(path);
  return { path, clear: () => rmSync(path, { recursive: true, force: true }) };
}

/**
 * @param path a file or folder of the installation
 * @returns a path to the same content that every sandbox's user can reach: itself, if it is one
 */
export function lend(path: string, folder: SandboxFolder): string {
  if (process.getuid?.() !== 0 || othersMayPass(path)) return path;
  const target = join(folder.path, 'installation', basename(path));
  rmSync(target, { recursive: true, force: true });
  passableFolder(dirname(target));
  if (statSync(path).isFile()) linkOrCopy(path, target);
  else copyFolder(path, target);
  return target;
}

function copyFolder(path: string, target: string): void {
  cpSync(path, target, { recursive: true, dereference: true });
  // The copy's files have the modes of the originals, its folders those that the umask left.
  chmodSync(target, 0o755);
  for (const entry of readdirSync(target, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) chmodSync(join(entry.parentPath, entry.name), 0o755);
  }
}

function linkOrCopy(path: string, target: string): void {
  try {
    linkSync(path, target); // node itself is 100 MB: a link costs nothing
  } catch {
    cpSync(path, target); // another file system
  }
}
