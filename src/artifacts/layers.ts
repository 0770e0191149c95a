/**
 * Layers: what several packages are together, as one folder for /opt.
 *
 * Owns   a folder for each list of layers that is in use: hard links to the unpacked packages, the later
 *        over the earlier, shared by all instances with the same list. Whole or absent.
 * Never  holds the content of a file, lets anybody write in one, or follows a link while it writes: a link that
 *        stays inside of its own package can lead anywhere once other layers lie beside it.
 */
import { createHash } from 'node:crypto';
import {
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import { join, sep } from 'node:path';
import { Fault } from '../base/index.ts';
import { LIMITS, type Version } from '../model/index.ts';
import { exists } from './jobs.ts';

/** A program of /opt/extensions. */
export interface LayerExtension {
  readonly name: string;
  /** Whether it may be run at all. */
  readonly executable: boolean;
}

export interface PlacedLayers {
  readonly folder: string;
  /** In the order in which they start. */
  readonly extensions: readonly LayerExtension[];
  /** Of the files that are left in it. */
  readonly bytes: number;
}

export interface Layers {
  start(): Promise<void>;
  /**
   * @param artifacts of the layers, the first at the bottom
   * @param code of the function that they are for
   * @returns null where there are none
   * @throws {Fault} `package-too-large` when they and the code are more than a function may have; what `ensure` throws
   */
  place(artifacts: readonly string[], code: string): Promise<PlacedLayers | null>;
  /** @param versions what is deployed, or what instances still run */
  forgetAllBut(versions: Iterable<Version>): Promise<void>;
}

export interface LayersParts {
  readonly folder: string;
  /** The folder of an unpacked package. */
  ensure(digest: string): Promise<string>;
}

export const LAYERS_FOLDER = '.layers';
const UNFINISHED = 'new-';
/** Sizes and lists that are remembered; the oldest is forgotten, and found out again. */
const MAX_REMEMBERED = 1_000;

export function createLayers({ folder, ensure }: LayersParts): Layers {
  const placing = new Map<string, Promise<PlacedLayers>>();
  const sizes = new Map<string, Promise<number>>();

  async function merge(artifacts: readonly string[], name: string): Promise<PlacedLayers> {
    const target = join(folder, name);
    if (!(await exists(target))) {
      const fresh = await mkdtemp(join(folder, UNFINISHED));
      try {
        for (const artifact of artifacts) await layOver(await ensure(artifact), fresh);
        await chmod(fresh, 0o755);
        await rename(fresh, target);
      } catch (error) {
        await rm(fresh, { recursive: true, force: true });
        throw error;
      }
    }
    return { folder: target, extensions: await extensionsIn(target), bytes: await bytesIn(target) };
  }

  return {
    async start() {
      await mkdir(folder, { recursive: true, mode: 0o755 });
      for (const name of await readdir(folder))
        if (name.startsWith(UNFINISHED)) await rm(join(folder, name), { recursive: true, force: true });
    },
    async place(artifacts, code) {
      if (artifacts.length === 0) return null;
      const name = nameOf(artifacts);
      const placed = await remembered(placing, name, () => merge(artifacts, name));
      const codeBytes = await remembered(sizes, code, async () => bytesIn(await ensure(code)));
      if (placed.bytes + codeBytes > LIMITS.unpackedBytes) throw tooLarge(placed.bytes + codeBytes);
      return placed;
    },
    async forgetAllBut(versions) {
      const lists = [...versions].map(({ config }) => config.layers.map(({ artifact }) => artifact));
      const keep = new Set(lists.map(nameOf));
      for (const name of await readdir(folder)) {
        if (keep.has(name) || name.startsWith(UNFINISHED)) continue;
        placing.delete(name);
        await rm(join(folder, name), { recursive: true, force: true });
      }
    },
  };
}

function nameOf(artifacts: readonly string[]): string {
  return createHash('sha256').update(artifacts.join('\n')).digest('hex');
}

/** What succeeded is not done again. */
function remembered<T>(all: Map<string, Promise<T>>, key: string, find: () => Promise<T>): Promise<T> {
  const known = all.get(key);
  if (known !== undefined) return known;
  const found = find();
  all.set(key, found);
  found.catch(() => all.delete(key));
  const [oldest] = all.keys();
  if (all.size > MAX_REMEMBERED && oldest !== undefined) all.delete(oldest);
  return found;
}

function tooLarge(bytes: number): Fault {
  const maxBytes = LIMITS.unpackedBytes;
  const message = `The function's code and its layers are ${bytes} bytes when unpacked; together they may have ${maxBytes}. Leave out what the code does not need.`;
  return new Fault('package-too-large', message, { facts: { bytes, maxBytes } });
}

/** Links of files over what is there: a folder joins a folder, anything else takes the other's place. */
async function layOver(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    const isFolder = entry.isDirectory();
    const there = await lstat(target).catch(() => null);
    if (!isFolder || there?.isDirectory() !== true) await rm(target, { recursive: true, force: true });
    if (isFolder) {
      await mkdir(target, { recursive: true });
      await chmod(target, 0o755); // whatever the umask says
      await layOver(source, target);
    } else if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
    else await link(source, target);
  }
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += await bytesIn(path);
    else if (entry.isFile()) bytes += (await stat(path)).size;
  }
  return bytes;
}

/** @param opt a folder that becomes /opt; links that lead out of it are passed over */
export async function extensionsIn(opt: string): Promise<LayerExtension[]> {
  const inside = `${await realpath(opt).catch(() => opt)}${sep}`;
  const resolve = async (path: string) => {
    const real = await realpath(path).catch(() => null); // a link that leads nowhere here
    return real?.startsWith(inside) === true ? real : null;
  };
  const folder = await resolve(join(opt, 'extensions'));
  const names = folder === null ? [] : (await readdir(folder).catch(() => [])).sort();
  const found: LayerExtension[] = [];
  for (const name of names) {
    const real = await resolve(join(opt, 'extensions', name));
    const status = real === null ? null : await stat(real).catch(() => null);
    if (status?.isFile() === true) found.push({ name, executable: (status.mode & 0o111) !== 0 });
  }
  return found;
}
