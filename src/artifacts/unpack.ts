/**
 * Unpacking of a package that nobody vouches for.
 *
 * Owns   what a zip may contain, and the exact files, modes and links that come of it.
 * Never  writes outside `target`, follows a link of the zip while writing, or trusts a declared size.
 *
 * Small files are written synchronously: this runs in a thread of its own, where that takes half the
 * time. Links are made after all files, so nothing is ever written through one; then the kernel is asked
 * where each one leads, because a path that stays inside on paper can leave through another link.
 */
import { chmodSync, closeSync, constants, mkdirSync, openSync, readSync, writeFileSync } from 'node:fs';
import { type FileHandle, open, realpath, symlink } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { crc32, inflateRawSync } from 'node:zlib';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { Fault } from '../base/index.ts';
import { LIMITS } from '../model/index.ts';

export interface UnpackLimits {
  readonly unpackedBytes: number;
  readonly packageFiles: number;
}

const MAX_PATH_BYTES = 1024;
const MAX_NAME_BYTES = 255;
const MAX_LINK_BYTES = 1024;
/** Entries up to this size are inflated in one go: a stream costs more than the work itself. */
const SMALL_BYTES = 1024 * 1024;

/** No type at all is what zips from other systems have. */
const TYPES: ReadonlyMap<number, Kind> = new Map([
  [0, 'file'],
  [constants.S_IFREG, 'file'],
  [constants.S_IFDIR, 'dir'],
  [constants.S_IFLNK, 'link'],
]);
/** `version made by`: the systems whose high attribute bits are a Unix mode. */
const UNIX_HOSTS = new Set([3, 19]);

type Kind = 'file' | 'dir' | 'link';

interface Job {
  readonly zip: ZipFile;
  readonly fd: number;
  readonly target: string;
  readonly limits: UnpackLimits;
  /** Every path so far, implied folders too. */
  readonly kinds: Map<string, Kind>;
  readonly links: Map<string, string>;
  bytes: number;
}

/** What came out of a package. */
export interface Unpacked {
  readonly files: number;
  readonly bytes: number;
}

/**
 * Unpacks a zip into a folder that exists and is empty. Files are 0644 or 0755, folders 0755,
 * whatever the umask. On an error the folder is left as it is: the caller removes it.
 *
 * @throws {Fault} `package-invalid` naming the entry and why; `package-too-large`
 */
export async function unpack(file: string, target: string, limits: UnpackLimits = LIMITS): Promise<Unpacked> {
  const fd = openSync(file, 'r');
  const zip = await readable('it cannot be read as a zip file', () =>
    yauzl.fromFdPromise(fd, { strictFileNames: true, validateEntrySizes: true, autoClose: false }),
  ).catch((error) => {
    closeSync(fd);
    throw error;
  });
  const job: Job = {
    zip,
    fd,
    target: await realpath(target),
    limits,
    kinds: new Map(),
    links: new Map(),
    bytes: 0,
  };
  try {
    if (zip.entryCount > limits.packageFiles) throw tooMany(zip.entryCount, limits);
    for (let read = 0; ; read++) {
      const entry = await readable('its list of entries is damaged', () => nextEntry(zip));
      if (entry === null) break;
      if (read >= limits.packageFiles) throw tooMany(read + 1, limits);
      await one(entry, job);
    }
    await makeLinks(job);
  } finally {
    zip.close();
  }
  return { files: [...job.kinds.values()].filter((kind) => kind !== 'dir').length, bytes: job.bytes };
}

function tooMany(count: number, { packageFiles }: UnpackLimits): Fault {
  const message = `The package has ${count} entries; at most ${packageFiles} are allowed. Leave out what the code does not need.`;
  return new Fault('package-too-large', message, { facts: { files: count, maxFiles: packageFiles } });
}

function nextEntry(zip: ZipFile): Promise<Entry | null> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void) => {
      zip.off('entry', onEntry).off('end', onEnd).off('error', onError);
      settle();
    };
    const onEntry = (entry: Entry) => done(() => resolve(entry));
    const onEnd = () => done(() => resolve(null));
    const onError = (error: Error) => done(() => reject(error));
    zip.on('entry', onEntry).on('end', onEnd).on('error', onError);
    zip.readEntry();
  });
}

/** Runs a step in which the library judges the zip: what it throws is the zip's fault. */
async function readable<T>(what: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('package-invalid', `The package is refused: ${what} (${(error as Error).message}).`, {
      cause: error,
    });
  }
}

function refused(name: string, why: string): Fault {
  const entry = name.length > 200 ? `${name.slice(0, 200)}…` : name;
  return new Fault('package-invalid', `The package is refused: its entry ${JSON.stringify(entry)} ${why}.`, {
    facts: { entry },
  });
}

async function one(entry: Entry, job: Job): Promise<void> {
  const name = entry.fileName;
  const mode = UNIX_HOSTS.has(entry.versionMadeBy >>> 8) ? entry.externalFileAttributes >>> 16 : 0;
  const type = TYPES.get(mode & constants.S_IFMT);
  if (type === undefined) throw refused(name, 'is neither a file, a folder nor a link');
  if (entry.isEncrypted()) throw refused(name, 'is encrypted');
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8) {
    throw refused(
      name,
      `is compressed by method ${entry.compressionMethod}; only stored and deflated entries can be read`,
    );
  }
  const kind: Kind = name.endsWith('/') ? 'dir' : type;
  const path = claim(name, kind, job);
  if (path === '' || kind === 'dir') return;
  count(entry, job);
  if (kind === 'link') job.links.set(path, (await content(entry, job, MAX_LINK_BYTES)).toString());
  else await writeEntry(entry, { path: join(job.target, path), executable: (mode & 0o111) !== 0 }, job);
}

/** Checks a name, makes the folders above it, and takes the path for this entry. */
function claim(name: string, kind: Kind, { kinds, target }: Job): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (name.startsWith('/') || /^[A-Za-z]:/.test(name)) throw refused(name, 'has an absolute path');
  if (parts.includes('..')) throw refused(name, 'leaves the package');
  if (/[\p{Cc}\\]/u.test(name)) throw refused(name, 'has a backslash or a control character in its name');
  const tooLong = parts.some((part) => Buffer.byteLength(part) > MAX_NAME_BYTES);
  if (tooLong || Buffer.byteLength(name) > MAX_PATH_BYTES) throw refused(name, 'has too long a name');
  for (let length = 1; length < parts.length; length++) {
    claimFolder(parts.slice(0, length).join('/'), name, { kinds, target });
  }
  const path = parts.join('/');
  if (path === '') {
    if (kind !== 'dir') throw refused(name, 'has no name');
    return '';
  }
  if (kind === 'dir') claimFolder(path, name, { kinds, target });
  else if (kinds.has(path)) throw refused(name, 'is there twice');
  else kinds.set(path, kind);
  return path;
}

function claimFolder(path: string, name: string, job: Pick<Job, 'kinds' | 'target'>): void {
  const known = job.kinds.get(path);
  if (known === 'dir') return;
  if (known !== undefined) throw refused(name, `lies below ${JSON.stringify(path)}, which is a ${known}`);
  const folder = join(job.target, path);
  mkdirSync(folder);
  chmodSync(folder, 0o755);
  job.kinds.set(path, 'dir');
}

function count(entry: Entry, job: Job): void {
  job.bytes += entry.uncompressedSize;
  if (job.bytes <= job.limits.unpackedBytes) return;
  const { unpackedBytes } = job.limits;
  const message = `The package unpacks to more than ${unpackedBytes} bytes. Leave out what the code does not need.`;
  throw new Fault('package-too-large', message, { facts: { maxBytes: unpackedBytes } });
}

/** The whole content of a small entry, never more than it declared. */
async function content(entry: Entry, job: Job, maxBytes: number): Promise<Buffer> {
  const { fileName, uncompressedSize, compressedSize, compressionMethod } = entry;
  if (uncompressedSize > maxBytes)
    throw refused(fileName, `is longer than the ${maxBytes} bytes allowed here`);
  // Deflate needs at most 5 bytes for each 16 KB it cannot shrink; a longer claim would fill memory.
  if (compressedSize > uncompressedSize + (uncompressedSize >>> 10) + 1024)
    throw refused(fileName, 'is damaged');
  return readable(`its entry ${JSON.stringify(fileName)} is damaged`, async () => {
    const raw = await readRaw(entry, job);
    const plain =
      compressionMethod === 0 || uncompressedSize === 0
        ? raw
        : inflateRawSync(raw, { maxOutputLength: uncompressedSize });
    if (uncompressedSize > 0 || compressionMethod === 0)
      checkContent(entry, { bytes: plain.length, crc: crc32(plain) });
    return uncompressedSize === 0 ? Buffer.alloc(0) : plain;
  });
}

async function readRaw(entry: Entry, { zip, fd }: Job): Promise<Buffer> {
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
  const raw = Buffer.alloc(entry.compressedSize);
  const read = readSync(fd, raw, 0, raw.length, fileDataStart);
  if (read < raw.length) throw new Error('the file ends too early');
  return raw;
}

function checkContent(entry: Entry, found: { bytes: number; crc: number }): void {
  if (found.bytes !== entry.uncompressedSize)
    throw refused(entry.fileName, 'has another size than it declares');
  if (found.crc !== entry.crc32) throw refused(entry.fileName, 'does not match its checksum');
}

async function writeEntry(
  entry: Entry,
  file: { path: string; executable: boolean },
  job: Job,
): Promise<void> {
  const mode = file.executable ? 0o755 : 0o644;
  if (entry.uncompressedSize > SMALL_BYTES) {
    await using handle = await open(file.path, 'wx', 0o600);
    await writeLarge(entry, handle, job);
    await handle.chmod(mode);
    return;
  }
  const small = await content(entry, job, SMALL_BYTES);
  writeFileSync(file.path, small, { flag: 'wx', mode: 0o600 });
  chmodSync(file.path, mode);
}

async function writeLarge(entry: Entry, handle: FileHandle, job: Job): Promise<void> {
  const what = `its entry ${JSON.stringify(entry.fileName)} is damaged`;
  const stream = await readable(what, () => job.zip.openReadStreamPromise(entry));
  const chunks = stream[Symbol.asyncIterator]();
  let crc = 0;
  let bytes = 0;
  for (;;) {
    const { done, value } = await readable(what, () => chunks.next());
    if (done) break;
    crc = crc32(value, crc);
    bytes += value.length;
    await handle.writeFile(value);
  }
  checkContent(entry, { bytes, crc });
}

async function makeLinks({ links, target }: Job): Promise<void> {
  for (const [path, to] of links) {
    if (to === '' || to.startsWith('/') || to.includes('\0') || to.includes('\\'))
      throw refused(path, `is a link to ${JSON.stringify(to)}, outside the package`);
    await symlink(to, join(target, path));
  }
  for (const [path, to] of links) {
    const end = await realpath(join(target, path)).catch((error: NodeJS.ErrnoException) => error);
    if (end instanceof Error)
      throw refused(path, `is a link to ${JSON.stringify(to)}, where nothing is (${end.code})`);
    if (end !== target && !end.startsWith(target + sep))
      throw refused(path, `is a link to ${JSON.stringify(to)}, outside the package`);
  }
}
