/**
 * The root file system of an image while its layers are laid over each other.
 *
 * Owns   a folder that nobody else writes in, and what each layer may do there: add, replace, remove.
 * Never  writes outside of it. A path is followed part by part as a process inside would follow it: an
 *        absolute link leads to the image's own root, and `..` ends there. The last part is never
 *        followed, only replaced.
 *
 * Everything in it belongs to the node's user. Of the modes only the permissions are kept: no file of an
 * image gives rights to who runs it.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  type Stats,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { refusedEntry, tooLargeImage } from './refused.ts';
import type { EntryWriter } from './tar-entries.ts';

export interface RootLimits {
  readonly imageBytes: number;
  readonly imageFiles: number;
}

const MAX_PATH_BYTES = 4_095;
const MAX_NAME_BYTES = 255;
/** As the kernel: links on the way to one file. */
const MAX_LINKS = 40;
const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;

export class ImageRoot {
  readonly #path: string;
  readonly #limits: RootLimits;
  /** Of this layer, and the folders above them, by their real path. */
  #added = new Set<string>();
  /** Folders that were looked up, by the path that led there. */
  #known = new Map<string, string>();
  files = 0;
  bytes = 0;

  /** @param path an empty folder */
  constructor(path: string, limits: RootLimits) {
    this.#path = path;
    this.#limits = limits;
  }

  beginLayer(): void {
    this.#added = new Set();
  }

  folder(path: string, mode: number): void {
    const at = this.#place(path);
    if (at === null) return; // the root itself
    if (!this.#lstat(at)?.isDirectory()) {
      this.#clear(at);
      mkdirSync(this.#host(at));
    }
    chmodSync(this.#host(at), mode & 0o777);
    this.#count(at, path);
  }

  file(path: string, { mode, bytes }: { mode: number; bytes: number }): EntryWriter {
    const at = this.#needed(path);
    this.#takeBytes(bytes);
    this.#clear(at);
    const fd = openSync(this.#host(at), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    this.#count(at, path);
    return {
      write: (piece) => {
        for (let done = 0; done < piece.length; ) done += writeSync(fd, piece, done);
      },
      end: () => {
        fchmodSync(fd, mode & 0o777);
        closeSync(fd);
      },
    };
  }

  symlink(path: string, target: string): void {
    if (target === '' || Buffer.byteLength(target) > MAX_PATH_BYTES || target.includes('\0')) {
      throw refusedEntry(path, 'is a link to nothing that a link can lead to');
    }
    const at = this.#needed(path);
    this.#clear(at);
    symlinkSync(target, this.#host(at));
    this.#count(at, path);
  }

  hardLink(path: string, target: string): void {
    const at = this.#needed(path);
    const from = this.#find(target);
    const found = from === null ? undefined : this.#lstat(from);
    if (from === null || found === undefined || found.isDirectory()) {
      throw refusedEntry(path, `is a hard link to ${JSON.stringify(target)}, which is no file of the image`);
    }
    if (from === at) return;
    this.#clear(at);
    linkSync(this.#host(from), this.#host(at));
    this.#count(at, path);
  }

  /** Takes away what lower layers have at this path. */
  remove(path: string): void {
    const at = this.#find(path);
    if (at === null || this.#lstat(at) === undefined) return;
    if (this.#added.has(at)) this.#removeLower(at);
    else this.#clear(at);
  }

  /** Takes away what lower layers have in this folder. */
  empty(path: string): void {
    const at = partsOf(path).length === 0 ? '' : this.#find(path);
    if (at === null || !(at === '' || this.#lstat(at)?.isDirectory())) return;
    this.#removeLower(at);
  }

  /** Makes a folder that is not a link, readable for everybody, whatever the image has there. */
  mountPoint(path: string): void {
    const at = this.#needed(path);
    if (!this.#lstat(at)?.isDirectory()) {
      this.#clear(at);
      mkdirSync(this.#host(at));
    }
    chmodSync(this.#host(at), 0o755);
  }

  /** Makes an empty file, whatever the image has there. */
  emptyFile(path: string): void {
    const at = this.#needed(path);
    this.#clear(at);
    closeSync(openSync(this.#host(at), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644));
  }

  /** @returns the path in the image that this one leads to, made a folder where there is nothing; null: a file is in the way */
  workFolder(path: string): string | null {
    try {
      return `/${this.#enter(partsOf(path), path)}`;
    } catch {
      return null;
    }
  }

  #host(at: string): string {
    return join(this.#path, at);
  }

  #lstat(at: string): Stats | undefined {
    return lstatSync(this.#host(at), { throwIfNoEntry: false });
  }

  #needed(path: string): string {
    const at = this.#place(path);
    if (at === null) throw refusedEntry(path, 'has no name');
    return at;
  }

  /** @returns where an entry goes, the folders above it made; null: it is the root */
  #place(path: string): string | null {
    const parts = partsOf(path);
    const name = parts.pop();
    if (name === undefined) return null;
    return join(this.#enter(parts, path), name);
  }

  /** @returns where something is, if the folders above it are there */
  #find(path: string): string | null {
    const parts = partsOf(path);
    const name = parts.pop();
    if (name === undefined) return null;
    try {
      return join(this.#enter(parts, path, false), name);
    } catch (error) {
      if (error instanceof Missing) return null;
      throw error;
    }
  }

  /** Follows a path into the folder that it names. @returns its real path below the root */
  #enter(parts: readonly string[], path: string, make = true): string {
    const key = parts.join('/');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const left = [...parts].reverse();
    let at = '';
    for (let links = 0; left.length > 0; ) {
      const name = left.pop() as string;
      if (name === '..') {
        at = at.includes('/') ? at.slice(0, at.lastIndexOf('/')) : '';
        continue;
      }
      const next = at === '' ? name : `${at}/${name}`;
      const found = this.#lstat(next);
      if (found?.isSymbolicLink()) {
        if (++links > MAX_LINKS) throw refusedEntry(path, 'lies behind links that lead in a circle');
        const target = readlinkSync(this.#host(next));
        if (target.startsWith('/')) at = '';
        left.push(...target.split('/').filter(isPart).reverse());
        continue;
      }
      if (found === undefined) {
        if (!make) throw new Missing();
        mkdirSync(this.#host(next));
        chmodSync(this.#host(next), 0o755);
        this.#count(next, path);
      } else if (!found.isDirectory()) {
        if (!make) throw new Missing();
        throw refusedEntry(path, `lies below /${next}, which is a file`);
      }
      at = next;
    }
    this.#known.set(key, at);
    return at;
  }

  #clear(at: string): void {
    const found = this.#lstat(at);
    if (found === undefined) return;
    if (found.isDirectory() || found.isSymbolicLink()) this.#known.clear();
    rmSync(this.#host(at), { recursive: true, force: true });
  }

  #removeLower(at: string): void {
    this.#known.clear();
    for (const name of readdirSync(this.#host(at))) {
      const child = at === '' ? name : `${at}/${name}`;
      if (!this.#added.has(child)) rmSync(this.#host(child), { recursive: true, force: true });
      else if (this.#lstat(child)?.isDirectory()) this.#removeLower(child);
    }
  }

  #count(at: string, path: string): void {
    for (
      let one = at;
      one !== '' && !this.#added.has(one);
      one = one.slice(0, Math.max(0, one.lastIndexOf('/')))
    ) {
      this.#added.add(one);
    }
    this.files += 1;
    const { imageFiles } = this.#limits;
    if (this.files <= imageFiles) return;
    throw tooLargeImage(`it has more than ${imageFiles} files (at ${JSON.stringify(path.slice(0, 200))})`, {
      maxFiles: imageFiles,
    });
  }

  #takeBytes(bytes: number): void {
    this.bytes += bytes;
    const { imageBytes } = this.#limits;
    if (this.bytes <= imageBytes) return;
    throw tooLargeImage(`its files are larger than ${imageBytes} bytes`, { maxBytes: imageBytes });
  }
}

class Missing extends Error {}

const isPart = (part: string) => part !== '' && part !== '.';

/**
 * The parts of an entry's path. A leading slash is the image's root.
 *
 * @throws {Fault} `package-invalid` for a path that leaves the image or that no file system holds
 */
function partsOf(path: string): string[] {
  const parts = path.split('/').filter(isPart);
  if (parts.includes('..')) throw refusedEntry(path, 'leaves the image');
  const tooLong = Buffer.byteLength(path) > MAX_PATH_BYTES;
  if (tooLong || parts.some((part) => Buffer.byteLength(part) > MAX_NAME_BYTES)) {
    throw refusedEntry(path, 'has too long a name');
  }
  if (path.includes('\0')) throw refusedEntry(path, 'has a NUL in its name');
  return parts;
}
