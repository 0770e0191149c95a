/** The heavy work on packages, as plain functions: a worker thread runs them, a test may call them. */
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import yauzl from 'yauzl';
import { Fault } from '../base/index.ts';
import { LIMITS } from '../model/index.ts';
import { isZip } from './image/archive.ts';
import { unpackImage } from './image/image.ts';
import { unpack } from './unpack.ts';

/** Where packages are kept for good. `module` of `ArtifactsOptions` exports a function that opens one. */
export interface ChunkStore {
  write(artifact: { digest: string; bytes: number; chunks: AsyncIterable<Buffer> }): Promise<unknown>;
  /** Remembers one whose content is kept on this node's disk. */
  note(artifact: Stored): Promise<unknown>;
  read(digest: string): AsyncIterable<Buffer>;
  end(): Promise<void>;
}

/** A package that was taken in. */
export interface Admitted extends Stored {
  /** What a zip unpacks to; an image's is not counted. */
  readonly unpackedBytes: number;
}

export interface Stored {
  /** SHA-256, lower-case hex. */
  readonly digest: string;
  /** Length of the zip, or of an image's archive. */
  readonly bytes: number;
}

export type Job =
  | {
      readonly kind: 'admit';
      readonly file: string;
      readonly expected: string | null;
      readonly what: Packing;
    }
  | { readonly kind: 'fetch'; readonly digest: string };

/** What a sender says that it sends. */
export type Packing = 'zip' | 'image';

interface Place {
  readonly cacheDir: string;
  /** Where images lie that are too large for the database. */
  readonly imagesDir: string;
  readonly store: ChunkStore;
}

const CHUNK_BYTES = 1024 * 1024;

/** Folder of what is not finished; removed when a node starts. */
export function temporaryDir(cacheDir: string): string {
  return join(cacheDir, '.incoming');
}

/** @returns where an image's archive lies on this node's disk, if it is one that does */
function imageFile(imagesDir: string, digest: string): string {
  return join(imagesDir, `${digest}.tar`);
}

/**
 * Judges an uploaded zip or image, unpacks it into the cache, then stores it.
 *
 * @throws {Fault} `package-invalid`, `package-too-large`, `database-unavailable`; nothing is stored then
 */
export async function admit(
  job: { file: string; expected: string | null; what: Packing },
  place: Place,
): Promise<Admitted> {
  const { digest, bytes } = await hashFile(job.file);
  if (job.expected !== null && job.expected !== digest) {
    const message = `The package arrived damaged: its SHA-256 is ${digest}, announced was ${job.expected}. Send it again.`;
    throw new Fault('package-invalid', message, { facts: { digest, expected: job.expected } });
  }
  if (job.what === 'image' && isZip(job.file)) {
    throw new Fault(
      'package-invalid',
      'The image is refused: it is a zip. Send packages as application/zip.',
    );
  }
  await unpackInto(job, digest, place.cacheDir);
  if (bytes > LIMITS.databaseArtifactBytes) {
    await keepOnDisk(job.file, imageFile(place.imagesDir, digest));
    await place.store.note({ digest, bytes });
  } else await place.store.write({ digest, bytes, chunks: chunksOf(job.file) });
  return { digest, bytes, unpackedBytes: job.what === 'zip' ? await declaredBytes(job.file) : 0 };
}

/** Of a zip that has been judged: it held to what it declares. */
async function declaredBytes(file: string): Promise<number> {
  const zip = await yauzl.openPromise(file);
  let bytes = 0;
  for await (const entry of zip.eachEntry()) bytes += entry.uncompressedSize;
  return bytes;
}

/** Whole or not at all, also when the machine loses its power right after. */
async function keepOnDisk(file: string, final: string): Promise<void> {
  if (await exists(final)) return;
  await mkdir(dirname(final), { recursive: true, mode: 0o700 });
  const beside = `${final}.part`;
  await rename(file, beside).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EXDEV') throw error;
    return copyFile(file, beside);
  });
  await using handle = await open(beside, 'r');
  await handle.sync();
  await rename(beside, final);
}

/**
 * Brings a stored package into the cache.
 *
 * @throws {Fault} `artifact-not-found`, `database-unavailable`; `package-invalid` when what is stored is damaged
 */
export async function fetch(digest: string, place: Place): Promise<Stored> {
  const kept = imageFile(place.imagesDir, digest);
  if (await exists(kept)) {
    const found = await hashFile(kept);
    refuseDamaged(digest, found.digest);
    await unpackInto({ file: kept, what: 'image' }, digest, place.cacheDir);
    return found;
  }
  const folder = await mkdtemp(join(temporaryDir(place.cacheDir), 'fetch-'));
  try {
    const file = join(folder, 'package.zip');
    const hash = createHash('sha256');
    let bytes = 0;
    {
      await using handle = await open(file, 'wx', 0o600);
      for await (const chunk of place.store.read(digest)) {
        hash.update(chunk);
        bytes += chunk.length;
        await handle.writeFile(chunk);
      }
    }
    if (bytes === 0) {
      const message = `The image ${digest} is too large for the database, and this node's disk does not have it. Deploy the function again, on this node.`;
      throw new Fault('artifact-not-found', message, { facts: { digest } });
    }
    refuseDamaged(digest, hash.digest('hex'));
    await unpackInto({ file, what: isZip(file) ? 'zip' : 'image' }, digest, place.cacheDir);
    return { digest, bytes };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function refuseDamaged(digest: string, found: string): void {
  if (found === digest) return;
  const message = `The stored package ${digest} is damaged: its SHA-256 is now ${found}. Deploy the function again.`;
  throw new Fault('package-invalid', message, { facts: { digest, found } });
}

async function hashFile(file: string): Promise<Stored> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of chunksOf(file)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { digest: hash.digest('hex'), bytes };
}

/** A file in pieces of 1 MB, one in memory at a time. */
async function* chunksOf(file: string): AsyncGenerator<Buffer> {
  await using handle = await open(file, 'r');
  for (;;) {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Unpacks beside the final place and renames, so that a folder with a digest's name is always whole. */
async function unpackInto(
  { file, what }: { file: string; what: Packing },
  digest: string,
  cacheDir: string,
): Promise<void> {
  const final = join(cacheDir, digest);
  if (await exists(final)) return;
  const folder = await mkdtemp(join(temporaryDir(cacheDir), 'unpack-'));
  try {
    const inner = join(folder, 'package');
    await mkdir(inner);
    if (what === 'image') await unpackImage(file, inner);
    else await unpack(file, inner, LIMITS);
    await chmod(inner, 0o755);
    await rename(inner, final).catch((error: NodeJS.ErrnoException) => {
      // Another node on this cache was quicker; its folder has the same content.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
