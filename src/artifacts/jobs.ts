/** The heavy work on packages, as plain functions: a worker thread runs them, a test may call them. */
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../base/index.ts';
import { LIMITS } from '../model/index.ts';
import { unpack } from './unpack.ts';

/** Where packages are kept for good. `module` of `ArtifactsOptions` exports a function that opens one. */
export interface ChunkStore {
  write(artifact: { digest: string; bytes: number; chunks: AsyncIterable<Buffer> }): Promise<unknown>;
  read(digest: string): AsyncIterable<Buffer>;
  end(): Promise<void>;
}

export interface Stored {
  /** SHA-256, lower-case hex. */
  readonly digest: string;
  /** Length of the zip. */
  readonly bytes: number;
}

export type Job =
  | { readonly kind: 'admit'; readonly file: string; readonly expected: string | null }
  | { readonly kind: 'fetch'; readonly digest: string };

interface Place {
  readonly cacheDir: string;
  readonly store: ChunkStore;
}

const CHUNK_BYTES = 1024 * 1024;

/** Folder of what is not finished; removed when a node starts. */
export function temporaryDir(cacheDir: string): string {
  return join(cacheDir, '.incoming');
}

/**
 * Judges an uploaded zip, unpacks it into the cache, then stores it.
 *
 * @throws {Fault} `package-invalid`, `package-too-large`, `database-unavailable`; nothing is stored then
 */
export async function admit(job: { file: string; expected: string | null }, place: Place): Promise<Stored> {
  const { digest, bytes } = await hashFile(job.file);
  if (job.expected !== null && job.expected !== digest) {
    const message = `The package arrived damaged: its SHA-256 is ${digest}, announced was ${job.expected}. Send it again.`;
    throw new Fault('package-invalid', message, { facts: { digest, expected: job.expected } });
  }
  await unpackInto(job.file, digest, place.cacheDir);
  await place.store.write({ digest, bytes, chunks: chunksOf(job.file) });
  return { digest, bytes };
}

/**
 * Brings a stored package into the cache.
 *
 * @throws {Fault} `artifact-not-found`, `database-unavailable`; `package-invalid` when what is stored is damaged
 */
export async function fetch(digest: string, place: Place): Promise<Stored> {
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
    const found = hash.digest('hex');
    if (found !== digest) {
      const message = `The stored package ${digest} is damaged: its SHA-256 is now ${found}. Deploy the function again.`;
      throw new Fault('package-invalid', message, { facts: { digest, found } });
    }
    await unpackInto(file, digest, place.cacheDir);
    return { digest, bytes };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
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
async function unpackInto(file: string, digest: string, cacheDir: string): Promise<void> {
  const final = join(cacheDir, digest);
  if (await exists(final)) return;
  const folder = await mkdtemp(join(temporaryDir(cacheDir), 'unpack-'));
  try {
    const inner = join(folder, 'package');
    await mkdir(inner);
    await unpack(file, inner, LIMITS);
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
