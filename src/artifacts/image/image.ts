/**
 * A container image on this machine: its root file system, and how its program is started.
 *
 * An unpacked image is a folder with `root/` and `image.json`. It is made whole beside its place, under
 * the same rules as a package; see root.ts for what its layers may do.
 */
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LIMITS } from '../../model/index.ts';
import type { Unpacked } from '../unpack.ts';
import { openArchive, TAR_OVERHEAD } from './archive.ts';
import { applyLayer } from './layer.ts';
import { refusedImage } from './refused.ts';
import { ImageRoot } from './root.ts';

/** What an image says of itself. */
export interface ImageConfig {
  readonly entryPoint: readonly string[];
  readonly command: readonly string[];
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** For the node's user alone: every file that came out of a zip can be read by all, so none of those passes for it. */
const DESCRIPTION = 'image.json';
const DESCRIPTION_MODE = 0o600;
const ROOT = 'root';
/** Made in every image: what a sandbox mounts, which a read-only root could not be given later. */
const MOUNT_POINTS = ['dev', 'proc', 'tmp', 'etc', 'var', 'var/task', '.skein'];
const MOUNTED_FILES = ['etc/resolv.conf', 'etc/hosts', 'etc/hostname'];
/** As images name the machine. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/**
 * Unpacks an image into a folder that exists and is empty. On an error the folder is left as it is.
 *
 * @throws {Fault} `package-invalid`, `package-too-large`
 */
export async function unpackImage(file: string, target: string): Promise<Unpacked> {
  const parts = mkdtempSync(join(dirname(target), 'parts-'));
  try {
    const maxBytes = LIMITS.imageBytes;
    const platform = { architecture: ARCHITECTURES[process.arch] ?? process.arch };
    const { config, layers } = await openArchive(file, { into: parts, platform, maxBytes });
    mkdirSync(join(target, ROOT));
    chmodSync(join(target, ROOT), 0o755); // whatever the umask is
    const root = new ImageRoot(join(target, ROOT), LIMITS);
    let left = maxBytes * TAR_OVERHEAD;
    for (const layer of layers) left -= await applyLayer(root, layer, left);
    root.beginLayer();
    for (const path of MOUNT_POINTS) root.mountPoint(path);
    for (const path of MOUNTED_FILES) root.emptyFile(path);
    const described = configOf(config.config);
    const workingDirectory = root.workFolder(described.workingDirectory);
    if (workingDirectory === null)
      throw refusedImage(`its WORKDIR ${described.workingDirectory} is no folder`);
    writeFileSync(join(target, DESCRIPTION), JSON.stringify(described), { mode: DESCRIPTION_MODE });
    return { files: root.files, bytes: root.bytes };
  } finally {
    rmSync(parts, { recursive: true, force: true });
  }
}

/** An image as a sandbox is started with it. */
export interface UnpackedImage {
  /** Folder of its root file system. */
  readonly root: string;
  readonly config: ImageConfig;
}

/** @returns what is unpacked in a package's folder, or null when that is no image */
export function imageIn(folder: string): UnpackedImage | null {
  const path = join(folder, DESCRIPTION);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined || (found.mode & 0o777) !== DESCRIPTION_MODE) return null;
  const text = readFileSync(path, 'utf8');
  return { root: join(folder, ROOT), config: JSON.parse(text) as ImageConfig };
}

/** @throws {Fault} `package-invalid` for a configuration that is not one */
function configOf(value: unknown): ImageConfig {
  const given = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const { WorkingDir } = given;
  if (WorkingDir !== undefined && typeof WorkingDir !== 'string')
    throw refusedImage('its WORKDIR is no text');
  return {
    entryPoint: wordsOf(given.Entrypoint, 'ENTRYPOINT'),
    command: wordsOf(given.Cmd, 'CMD'),
    workingDirectory: WorkingDir === undefined || WorkingDir === '' ? '/' : WorkingDir,
    environment: Object.fromEntries(
      wordsOf(given.Env, 'ENV').map((line) => {
        const at = line.indexOf('=');
        if (at < 1) throw refusedImage(`${JSON.stringify(line)} in its ENV is not NAME=value`);
        return [line.slice(0, at), line.slice(at + 1)];
      }),
    ),
  };
}

function wordsOf(value: unknown, what: string): readonly string[] {
  if (value === undefined || value === null) return [];
  const isList = Array.isArray(value) && value.length <= 1_500;
  if (isList && value.every((word) => typeof word === 'string' && !word.includes('\0')))
    return value as string[];
  throw refusedImage(`its ${what} is not a list of texts`);
}
