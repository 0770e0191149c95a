/** A zip whose bytes depend on names, contents and executable bits alone. */
import { readFile } from 'node:fs/promises';
import { ZipFile } from 'yazl';
import { Fault } from '../../base/index.ts';
import { LIMITS } from '../../model/index.ts';
import { type Content, megabytes } from './contents.ts';

/** A date without a time zone: the same bytes everywhere. Zip knows none before 1980. */
const MTIME = new Date(1980, 0, 1, 12);
/** Beyond this size (libraries, media) more effort costs seconds and saves little. */
const LARGE_BYTES = 256 * 1024;
/** Files open at once while reading. */
const BATCH = 32;

/**
 * @param files in the order in which they are to be in the zip
 * @param what the function, for messages
 * @throws {Fault} `package-too-large`; `package-invalid` when a file changes while it is read
 */
export async function zip(files: readonly Content[], what: string): Promise<Buffer> {
  const archive = new ZipFile();
  const done = collect(archive.outputStream);
  for (let from = 0; from < files.length; from += BATCH) {
    const batch = files.slice(from, from + BATCH);
    const bytes = await Promise.all(batch.map((file) => read(file)));
    for (const [index, file] of batch.entries()) {
      archive.addBuffer(bytes[index]!, file.name, {
        mtime: MTIME,
        mode: file.executable ? 0o100755 : 0o100644,
        compressionLevel: file.bytes > LARGE_BYTES ? 1 : 6,
        forceDosTimestamp: true,
      });
    }
  }
  archive.end();
  const all = await done;
  if (all.length > LIMITS.packageBytes) throw tooLarge(all.length, what);
  return all;
}

/** @returns the fault for a zip that is too long */
export function tooLarge(bytes: number, what: string): Fault {
  const message = `The package of ${what} is a zip of ${megabytes(bytes)}; at most ${megabytes(LIMITS.packageBytes)} are allowed. Leave out what the code does not need.`;
  return new Fault('package-too-large', message, { facts: { bytes, maxBytes: LIMITS.packageBytes } });
}

async function read({ name, from, bytes }: Content): Promise<Buffer> {
  if (Buffer.isBuffer(from)) return from;
  const found = await readFile(from).catch((error: NodeJS.ErrnoException) => {
    throw new Fault('package-invalid', `${name} cannot be read (${error.code}).`, { cause: error });
  });
  if (found.length === bytes) return found;
  throw new Fault('package-invalid', `${name} changed while it was packed; deploy again.`);
}

async function collect(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
