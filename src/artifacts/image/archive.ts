/**
 * The archive that an image comes in: what `docker save` writes, or an OCI image layout as a tar. Its
 * parts are laid beside each other under names of ours; what they are called in the archive is only
 * looked up.
 */
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, readFileSync, readSync, statSync, writeSync } from 'node:fs';
import { join, posix } from 'node:path';
import { PassThrough } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Fault } from '../../base/index.ts';
import type { Layer } from './layer.ts';
import { refusedImage, tooLargeImage } from './refused.ts';
import { readTar } from './tar-entries.ts';

/** Of the machine that the image is to run on, as images name it. */
export interface Platform {
  readonly architecture: string;
}

export interface ImageParts {
  readonly config: Record<string, unknown>;
  /** The lowest first. */
  readonly layers: readonly Layer[];
}

/** Headers and padding of a tar may come to more than what is in it, but not to much more. */
export const TAR_OVERHEAD = 1.25;
const MAX_PARTS = 10_000;
const MAX_JSON_BYTES = 4 * 1024 * 1024;
const MAX_LAYERS = 127;
/** An index may lead to another, and that to images. */
const MAX_INDEXES = 3;

/** @returns whether a file begins as a zip does, so that it is a package and no image */
export function isZip(file: string): boolean {
  const head = Buffer.alloc(2);
  const fd = openSync(file, 'r');
  try {
    readSync(fd, head, 0, 2, 0);
  } finally {
    closeSync(fd);
  }
  return head.toString('latin1') === 'PK';
}

/**
 * @param into an empty folder for the parts
 * @throws {Fault} `package-invalid` for what is no image, or none for this machine; `package-too-large`
 */
export async function openArchive(
  file: string,
  { into, platform, maxBytes }: { into: string; platform: Platform; maxBytes: number },
): Promise<ImageParts> {
  const parts = await split(file, into, maxBytes);
  const paths = new Paths(parts);
  if (paths.has('index.json') && paths.has('oci-layout')) return fromLayout(paths, platform);
  if (paths.has('manifest.json')) return fromDockerSave(paths, platform);
  throw refusedImage(
    'it is neither what "docker save" writes (it has no manifest.json) nor an OCI image layout (no index.json)',
  );
}

type Part = { readonly file: string } | { readonly link: string };

async function split(file: string, into: string, maxBytes: number): Promise<Map<string, Part>> {
  const parts = new Map<string, Part>();
  let bytes = 0;
  const take = (name: string, part: Part) => {
    parts.set(name, part);
    if (parts.size > MAX_PARTS) throw tooLargeImage(`its archive has more than ${MAX_PARTS} parts`, {});
  };
  const packed = readSyncBytes(file, 2).equals(Buffer.from([0x1f, 0x8b]));
  const source = createReadStream(file, { highWaterMark: 1024 * 1024 });
  const plain = source.pipe(packed ? createGunzip() : new PassThrough());
  source.on('error', (error) => plain.destroy(error));
  await readTar(bounded(plain, maxBytes * TAR_OVERHEAD), (entry) => {
    const name = posix.normalize(entry.path).replace(/\/$/, '');
    if (entry.kind === 'symlink') take(name, { link: posix.join(posix.dirname(name), entry.target) });
    if (entry.kind === 'hardlink') take(name, { link: posix.normalize(entry.target) });
    if (entry.kind !== 'file') return null;
    bytes += entry.bytes;
    if (bytes > maxBytes) throw tooLargeImage(`it is larger than ${maxBytes} bytes`, { maxBytes });
    const path = join(into, String(parts.size));
    take(name, { file: path });
    const fd = openSync(path, 'wx', 0o600);
    return {
      write: (piece) => {
        for (let done = 0; done < piece.length; ) done += writeSync(fd, piece, done);
      },
      end: () => closeSync(fd),
    };
  })
    .catch((error: NodeJS.ErrnoException) => {
      if (error instanceof Fault || (error.code?.startsWith('E') ?? false)) throw error;
      throw refusedImage(`it cannot be read as a tar (${error.message})`, error);
    })
    .finally(() => source.destroy());
  return parts;
}

/** All of it counts, also what no part is made of: a few MB can unpack to days of work. */
async function* bounded(source: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > maxBytes)
      throw tooLargeImage(`its archive unpacks to more than ${maxBytes} bytes`, { maxBytes });
    yield chunk;
  }
}

function readSyncBytes(file: string, count: number): Buffer {
  const head = Buffer.alloc(count);
  const fd = openSync(file, 'r');
  try {
    readSync(fd, head, 0, count, 0);
  } finally {
    closeSync(fd);
  }
  return head;
}

/** The parts by their names in the archive. */
class Paths {
  readonly #parts: ReadonlyMap<string, Part>;

  constructor(parts: ReadonlyMap<string, Part>) {
    this.#parts = parts;
  }

  has(name: string): boolean {
    return this.#parts.has(name);
  }

  /** @throws {Fault} `package-invalid` */
  fileOf(name: string): string {
    let at = posix.normalize(name);
    for (let links = 0; links < 10; links++) {
      const part = this.#parts.get(at);
      if (part === undefined) break;
      if ('file' in part) return part.file;
      at = part.link;
    }
    throw refusedImage(`its part ${JSON.stringify(name.slice(0, 200))} is missing`);
  }

  /** @throws {Fault} `package-invalid` */
  json(name: string, digest: string | null = null): unknown {
    const file = this.fileOf(name);
    if (statSync(file).size > MAX_JSON_BYTES) throw refusedImage(`its part ${name} is too large`);
    const text = readFileSync(file);
    const found = createHash('sha256').update(text).digest('hex');
    if (digest !== null && found !== digest)
      throw refusedImage(`its part ${name} is damaged: its SHA-256 is ${found}, announced was ${digest}`);
    try {
      return JSON.parse(text.toString()) as unknown;
    } catch (error) {
      throw refusedImage(`its part ${name} is not JSON`, error);
    }
  }
}

function fromDockerSave(paths: Paths, platform: Platform): ImageParts {
  const images = listOf(paths.json('manifest.json'), 'manifest.json');
  if (images.length !== 1) {
    throw refusedImage(`its archive has ${images.length} images; "docker save" one of them alone`);
  }
  const { Config, Layers } = objectOf(images[0], 'manifest.json');
  const name = textOf(Config, 'Config');
  const config = objectOf(
    paths.json(name, /(?:^|\/)([0-9a-f]{64})(?:\.json)?$/.exec(name)?.[1] ?? null),
    name,
  );
  const layers = listOf(Layers, 'Layers').map((one) => ({
    file: paths.fileOf(textOf(one, 'Layers')),
    digest: null,
  }));
  return complete(config, layers, platform);
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly architecture: string | null;
}

function fromLayout(paths: Paths, platform: Platform): ImageParts {
  let from = paths.json('index.json');
  for (let indexes = 0; indexes < MAX_INDEXES; indexes++) {
    const { digest } = choose(listOf(objectOf(from, 'an index').manifests, 'manifests'), platform);
    const found = objectOf(paths.json(blob(digest), digest), 'a manifest');
    if (Array.isArray(found.manifests)) {
      from = found;
      continue;
    }
    const config = descriptorOf(found.config).digest;
    const layers = listOf(found.layers, 'layers').map((one) => {
      const layer = descriptorOf(one).digest;
      return { file: paths.fileOf(blob(layer)), digest: layer };
    });
    return complete(objectOf(paths.json(blob(config), config), 'the configuration'), layers, platform);
  }
  throw refusedImage(`its indexes lead on more than ${MAX_INDEXES} times`);
}

const blob = (digest: string) => `blobs/sha256/${digest}`;

/** One image: the one for this machine, or the only one. */
function choose(manifests: readonly unknown[], { architecture }: Platform): Descriptor {
  // Attestations are listed beside the images that they are about, for a platform that is none.
  const all = manifests.map(descriptorOf).filter((one) => one.architecture !== 'unknown');
  const fitting = all.filter((one) => one.architecture === architecture);
  const [first] = fitting.length > 0 ? fitting : all;
  if (first !== undefined && (fitting.length === 1 || all.length === 1)) return first;
  const found = all.map((one) => one.architecture ?? 'one').join(', ') || 'none';
  throw refusedImage(`it must hold one image for ${architecture}; it holds ${found}`);
}

function descriptorOf(value: unknown): Descriptor {
  const { mediaType, digest, platform } = objectOf(value, 'a descriptor');
  const hex = /^sha256:([0-9a-f]{64})$/.exec(textOf(digest, 'digest'))?.[1];
  if (hex === undefined) throw refusedImage(`${JSON.stringify(digest)} is not a SHA-256 digest`);
  const architecture =
    platform === undefined ? null : String(objectOf(platform, 'a platform').architecture ?? '');
  return { mediaType: String(mediaType ?? ''), digest: hex, architecture };
}

function complete(
  config: Record<string, unknown>,
  files: readonly { file: string; digest: string | null }[],
  platform: Platform,
): ImageParts {
  const { os, architecture, rootfs } = config;
  if (os !== 'linux' || architecture !== platform.architecture) {
    throw refusedImage(
      `it is for ${String(os)}/${String(architecture)}, this machine is linux/${platform.architecture}`,
    );
  }
  const ids = listOf(objectOf(rootfs, 'rootfs').diff_ids, 'diff_ids').map((one) => textOf(one, 'diff_ids'));
  if (files.length !== ids.length || files.length === 0 || files.length > MAX_LAYERS) {
    throw refusedImage(
      `it has ${files.length} layers and names ${ids.length}; from 1 to ${MAX_LAYERS} are allowed, each named`,
    );
  }
  const layers = files.map((one, index) => {
    const diffId = /^sha256:([0-9a-f]{64})$/.exec(ids[index] ?? '')?.[1];
    if (diffId === undefined) throw refusedImage(`${JSON.stringify(ids[index])} is not a SHA-256 digest`);
    return { ...one, diffId };
  });
  return { config, layers };
}

function listOf(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value) && value.length <= MAX_PARTS) return value;
  throw refusedImage(`${what} in it is not a list`);
}

function objectOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw refusedImage(`${what} in it is not an object`);
}

function textOf(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw refusedImage(`${what} in it is not a text`);
}
