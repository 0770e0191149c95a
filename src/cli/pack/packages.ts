/**
 * npm packages that cannot be bundled because they load native code, and what they need.
 *
 * Such a package stays outside the bundle and is copied with its dependencies into the zip's
 * `node_modules`, where Node.js finds it from any file of the package.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Fault } from '../../base/index.ts';
import { addFolder, type Contents } from './contents.ts';

interface PackageJson {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly gypfile?: boolean;
}

/** Packages whose only use is to find or build a native add-on. */
const NATIVE_LOADERS = [
  'node-gyp-build',
  'bindings',
  'prebuild-install',
  '@mapbox/node-pre-gyp',
  'node-pre-gyp',
  'node-addon-api',
];
/** An add-on is at `build/Release/x.node` or `prebuilds/linux-x64/x.node`, never much deeper. */
const ADDON_DEPTH = 3;
const MAX_PACKAGES = 1_000;

/** @returns `sharp` for `sharp/lib/x`, `@img/x` for `@img/x/y`; null for what is no package name */
export function packageName(specifier: string): string | null {
  const parts = /^(?:@[a-z0-9-~._]+\/)?[a-z0-9-~][a-z0-9-~._]*/i.exec(specifier);
  return parts === null || specifier.startsWith('node:') ? null : parts[0];
}

/**
 * Finds a package as Node.js does: `node_modules` of each folder upwards.
 *
 * @returns its folder, resolved, or null
 */
export async function findPackage(name: string, from: string): Promise<string | null> {
  for (let at = from; ; at = dirname(at)) {
    const folder = join(at, 'node_modules', name);
    if (existsSync(join(folder, 'package.json'))) return realpath(folder);
    if (at === dirname(at)) return null;
  }
}

/** @returns whether a package loads native code, by itself or through packages made for one platform */
export async function isNative(folder: string): Promise<boolean> {
  const manifest = await readManifest(folder);
  if (manifest.gypfile || existsSync(join(folder, 'binding.gyp'))) return true;
  const needs = Object.keys({ ...manifest.dependencies });
  if (needs.some((name) => NATIVE_LOADERS.includes(name))) return true;
  for (const name of Object.keys({ ...manifest.optionalDependencies })) {
    const platform = await findPackage(name, folder);
    if (platform !== null && isForOnePlatform(await readManifest(platform))) return true;
  }
  return hasAddon(folder, ADDON_DEPTH);
}

function isForOnePlatform(manifest: PackageJson): boolean {
  return manifest.os !== undefined || manifest.cpu !== undefined;
}

async function hasAddon(folder: string, depth: number): Promise<boolean> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  if (entries.some((entry) => entry.name.endsWith('.node') && entry.isFile())) return true;
  if (depth === 0) return false;
  for (const entry of entries) {
    if (!entry.isDirectory() || entry.name === 'node_modules') continue;
    if (await hasAddon(join(folder, entry.name), depth - 1)) return true;
  }
  return false;
}

async function readManifest(folder: string): Promise<PackageJson> {
  const file = join(folder, 'package.json');
  try {
    return JSON.parse(await readFile(file, 'utf8')) as PackageJson;
  } catch (error) {
    throw new Fault('package-invalid', `${file} cannot be read (${(error as Error).message}).`, {
      cause: error,
    });
  }
}

/**
 * Adds packages and all they need below `node_modules/` of the zip.
 *
 * Two versions of one package: the first is at the top, the other one below the package that needs it.
 */
export async function addPackages(into: Contents, packages: ReadonlyMap<string, string>): Promise<void> {
  const placed = new Map<string, string>();
  const queue = [...packages].map(([name, folder]) => ({ name, folder, parent: '' }));
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const top = `node_modules/${next.name}`;
    if (placed.get(top) === next.folder) continue;
    const at = placed.has(top) ? `${next.parent}node_modules/${next.name}` : top;
    if (placed.has(at)) continue;
    if (placed.size >= MAX_PACKAGES)
      throw new Fault('package-too-large', `Native packages need more than ${MAX_PACKAGES} others.`);
    placed.set(at, next.folder);
    const prefix = `${at}/`;
    addFolder(into, {
      folder: next.folder,
      prefix,
      skip: (path) => /(?:^|\/)node_modules\/\.(?:bin|cache)$/.test(path),
    });
    for (const { name, folder } of await needsOf(next.folder)) queue.push({ name, folder, parent: prefix });
  }
}

async function needsOf(folder: string): Promise<{ name: string; folder: string }[]> {
  const { dependencies, optionalDependencies, peerDependencies } = await readManifest(folder);
  const found: { name: string; folder: string }[] = [];
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
    const need = await findPackage(name, folder);
    // What lies inside the package's own folder has been copied with it.
    if (need !== null && !need.startsWith(join(folder, '/'))) found.push({ name, folder: need });
  }
  return found;
}
