/** One layer of an image: read once, verified while it is read, laid over what is there. */
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { posix } from 'node:path';
import { PassThrough, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { refusedEntry, refusedImage, tooLargeImage } from './refused.ts';
import type { ImageRoot } from './root.ts';
import { type EntryWriter, readTar, type TarEntry } from './tar-entries.ts';

export interface Layer {
  /** Of this machine. */
  readonly file: string;
  /** SHA-256 of the file as it is, where the image says so. */
  readonly digest: string | null;
  /** SHA-256 of the tar in it. */
  readonly diffId: string;
}

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
/** What a union file system kept for itself. */
const META = '.wh..wh.';

/**
 * @param maxBytes of the tar
 * @returns bytes of the tar
 * @throws {Fault} `package-invalid`, `package-too-large`
 */
export async function applyLayer(root: ImageRoot, layer: Layer, maxBytes: number): Promise<number> {
  root.beginLayer();
  const packed = tap(Number.POSITIVE_INFINITY);
  const plain = tap(maxBytes);
  const tar = new PassThrough();
  const source = createReadStream(layer.file, { highWaterMark: 1024 * 1024 });
  const reading = readTar(tar, (entry) => place(root, entry)).finally(() => tar.destroy());
  const piping = pipeline([source, packed.stream, unpacker(layer.file), plain.stream, tar]);
  const outcomes = await Promise.allSettled([reading, piping]);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw explained(failed.reason);
  check(layer.digest, packed.digest(), 'a layer is damaged');
  check(layer.diffId, plain.digest(), 'what a layer unpacks to is not what the image announces');
  return plain.bytes();
}

function check(expected: string | null, found: string, what: string): void {
  if (expected === null || expected === found) return;
  throw refusedImage(`${what}: its SHA-256 is ${found}, announced was ${expected}`);
}

/** What zlib and the tar reader say is the image's fault. */
function explained(error: unknown): unknown {
  if (!(error instanceof Error) || error.name === 'Fault') return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code?.startsWith('E') && code !== 'ERR_STREAM_PREMATURE_CLOSE') return error; // of the disk
  return refusedImage(`a layer cannot be read as a tar (${error.message})`, error);
}

/** A stream that hashes what passes, up to a bound. */
function tap(maxBytes: number) {
  const hash = createHash('sha256');
  let bytes = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, pass) {
      bytes += chunk.length;
      if (bytes > maxBytes)
        return pass(tooLargeImage(`it unpacks to more than ${maxBytes} bytes`, { maxBytes }));
      hash.update(chunk);
      pass(null, chunk);
    },
  });
  return { stream, digest: () => hash.digest('hex'), bytes: () => bytes };
}

/** By its first bytes: media types are often wrong. */
function unpacker(file: string): Transform {
  const head = Buffer.alloc(4);
  const fd = openSync(file, 'r');
  try {
    readSync(fd, head, 0, head.length, 0);
  } finally {
    closeSync(fd);
  }
  if (head.readUInt16BE(0) === 0x1f8b) return createGunzip();
  return head.readUInt32LE(0) === 0xfd2fb528 ? createZstdDecompress() : new PassThrough();
}

function place(root: ImageRoot, entry: TarEntry): EntryWriter | null {
  const path = posix.normalize(`/${entry.path}`) === '/' ? '' : entry.path.replace(/\/+$/, '');
  const name = posix.basename(path);
  if (name.startsWith(WHITEOUT)) return whiteout(root, path, name);
  if (/^\/?(?:\.\/)*dev\//.test(path)) return null; // every sandbox has its own
  switch (entry.kind) {
    case 'folder':
      root.folder(path, entry.mode);
      return null;
    case 'file':
      return root.file(path, entry);
    case 'symlink':
      root.symlink(path, entry.target);
      return null;
    case 'hardlink':
      root.hardLink(path, entry.target);
      return null;
    case 'device':
      throw refusedEntry(path, 'is a device; no image of a function needs one outside of /dev');
    case 'other':
      throw refusedEntry(path, 'is neither a file, a folder nor a link');
  }
}

function whiteout(root: ImageRoot, path: string, name: string): null {
  const folder = posix.dirname(path);
  if (name === OPAQUE) root.empty(folder);
  else if (!name.startsWith(META)) root.remove(posix.join(folder, name.slice(WHITEOUT.length)));
  return null;
}
