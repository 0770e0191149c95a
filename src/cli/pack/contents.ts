/** What is going to be in a package: names, where the bytes come from, and whether it all fits. */
import { type Dirent, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { Fault } from '../../base/index.ts';
import { LIMITS } from '../../model/index.ts';

/** One file of a package. */
export interface Content {
  /** Path in the zip, with slashes. */
  readonly name: string;
  /** A file on disk, or bytes that were made. */
  readonly from: string | Buffer;
  readonly bytes: number;
  readonly executable: boolean;
}

/** The files of a package by name. Refuses what does not fit as soon as it is known, from sizes alone. */
export interface Contents {
  add(content: Content): void;
  has(name: string): boolean;
  /** In the order of their names, so that the same files give the same zip. */
  sorted(): Content[];
}

/** Never part of a package: version control, caches, what editors and systems leave behind. */
const IGNORED = new Set([
  '.git',
  '.hg',
  '.svn',
  '.DS_Store',
  'Thumbs.db',
  'desktop.ini',
  '.idea',
  '.vscode',
  '__pycache__',
  '.pytest_cache',
  '.mypy_cache',
  '.ruff_cache',
]);
const EDITOR_JUNK = /(?:~|\.sw[op]|^\.#.*|^#.*#)$/;
const MAX_DEPTH = 64;
const SHOWN = 5;

/** @returns whether a name is left out of every package */
export function isIgnored(name: string): boolean {
  return IGNORED.has(name) || EDITOR_JUNK.test(name);
}

/** @param what the function, for messages */
export function contents(what: string): Contents {
  const all = new Map<string, Content>();
  let bytes = 0;
  return {
    add(content) {
      bytes += content.bytes - (all.get(content.name)?.bytes ?? 0);
      all.set(content.name, content);
      if (bytes > LIMITS.unpackedBytes) throw tooLarge(what, [...all.values()]);
      if (all.size > LIMITS.packageFiles) throw tooMany(what, [...all.keys()]);
    },
    has: (name) => all.has(name),
    sorted: () => [...all.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function tooLarge(what: string, all: Content[]): Fault {
  const largest = all.toSorted((a, b) => b.bytes - a.bytes).slice(0, SHOWN);
  const list = largest.map(({ name, bytes }) => `${name} (${megabytes(bytes)})`).join(', ');
  const message = `The package of ${what} is larger than ${megabytes(LIMITS.unpackedBytes)} unpacked. The largest files so far: ${list}. Leave out what the code does not need.`;
  return new Fault('package-too-large', message, { facts: { maxBytes: LIMITS.unpackedBytes } });
}

function tooMany(what: string, names: string[]): Fault {
  const counts = new Map<string, number>();
  for (const name of names) {
    const folder = name.split('/').slice(0, 2).join('/');
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  const largest = [...counts].sort((a, b) => b[1] - a[1]).slice(0, SHOWN);
  const list = largest.map(([name, count]) => `${name} (${count})`).join(', ');
  const message = `The package of ${what} has more than ${LIMITS.packageFiles} files. Most are in: ${list}. Leave out what the code does not need.`;
  return new Fault('package-too-large', message, { facts: { maxFiles: LIMITS.packageFiles } });
}

/** @returns e.g. `12.5 MB` */
export function megabytes(bytes: number): string {
  return `${Number((bytes / (1024 * 1024)).toFixed(1))} MB`;
}

export interface Walk {
  /** The folder, resolved: no part of it is a link. */
  readonly folder: string;
  /** Prefix of names in the zip, empty or ending with a slash. */
  readonly prefix: string;
  /** Whether to leave out a path relative to the folder, beside what is always left out. */
  readonly skip: (path: string) => boolean;
}

/**
 * Adds a folder's files. Links that stay inside the folder become what they point at.
 *
 * Asks the file system synchronously: nothing else runs in a command, and for ten thousand files it
 * takes a tenth of the time.
 *
 * @throws {Fault} `package-invalid` for links out of the folder or in circles and for what is no file
 */
export function addFolder(into: Contents, walk: Walk): void {
  addLevel(into, walk, { path: '', real: walk.folder, above: [] });
}

interface Level {
  readonly path: string;
  readonly real: string;
  /** Resolved folders on the way here: one of them again is a circle. */
  readonly above: readonly string[];
}

function addLevel(into: Contents, walk: Walk, level: Level): void {
  if (level.above.includes(level.real)) throw refused(level.path, 'is a link to a folder that it is in');
  if (level.above.length > MAX_DEPTH) throw refused(level.path, `lies more than ${MAX_DEPTH} folders deep`);
  const above = [...level.above, level.real];
  for (const entry of entriesOf(level)) {
    const path = level.path === '' ? entry.name : `${level.path}/${entry.name}`;
    if (isIgnored(entry.name) || walk.skip(path)) continue;
    const here = join(level.real, entry.name);
    const real = entry.isSymbolicLink() ? follow(here, path, walk.folder) : here;
    const found = statOf(real, path);
    if (found.isDirectory()) {
      addLevel(into, walk, { path, real, above });
    } else if (found.isFile()) {
      const executable = (found.mode & 0o100) !== 0;
      into.add({ name: walk.prefix + path, from: real, bytes: found.size, executable });
    } else {
      throw refused(path, 'is neither a file nor a folder');
    }
  }
}

function entriesOf({ real, path }: Level): Dirent[] {
  try {
    return readdirSync(real, { withFileTypes: true });
  } catch (error) {
    throw unreadable(path, error);
  }
}

function statOf(real: string, path: string): Stats {
  try {
    return statSync(real);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function follow(link: string, path: string, folder: string): string {
  let real: string;
  try {
    real = realpathSync(link);
  } catch {
    throw refused(path, 'is a link to nothing');
  }
  if (real === folder || real.startsWith(folder + sep)) return real;
  throw refused(
    path,
    `is a link to ${real}, outside the folder of the code; copy what it points at into the folder`,
  );
}

function refused(path: string, why: string): Fault {
  return new Fault('package-invalid', `${path || 'The folder of the code'} ${why}.`, { facts: { path } });
}

function unreadable(path: string, error: unknown): Fault {
  const { code, message } = error as NodeJS.ErrnoException;
  return refused(path, `cannot be read (${code ?? message})`);
}
