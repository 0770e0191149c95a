/** Container images without a container engine: layers made of files of this machine. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { create } from 'tar';

export interface ImageSettings {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly WorkingDir?: string;
}

const ARCHITECTURE = process.arch === 'x64' ? 'amd64' : process.arch;

/**
 * Writes an image as `docker save` does.
 *
 * @param layers folders, each the whole of one layer; the lowest first
 */
export async function saveImage(
  file: string,
  layers: readonly string[],
  config: ImageSettings,
): Promise<void> {
  const folder = `${file}.parts`;
  mkdirSync(folder, { recursive: true });
  const digests: string[] = [];
  const names = layers.map((_, index) => `layer${index}.tar`);
  for (const [index, layer] of layers.entries()) {
    const tar = join(folder, names[index] as string);
    await create({ file: tar, cwd: layer, portable: true, mtime: new Date(0), jobs: 1 }, ['.']);
    digests.push(`sha256:${createHash('sha256').update(readFileSync(tar)).digest('hex')}`);
  }
  const described = {
    architecture: ARCHITECTURE,
    os: 'linux',
    config,
    rootfs: { type: 'layers', diff_ids: digests },
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(described));
  const manifest = [{ Config: 'config.json', RepoTags: null, Layers: names }];
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  await create({ file, cwd: folder, portable: true }, [...names, 'config.json', 'manifest.json']);
}

/** Puts a program of this machine into a layer, with the libraries that it loads, at the paths where it looks for them. */
export function addProgram(layer: string, program: string, as: string): void {
  const put = (from: string, to: string) => {
    const target = join(layer, to);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(realpathSync(from), target);
  };
  put(program, as);
  const listed = execFileSync('ldd', [program], { encoding: 'utf8' });
  for (const [path] of listed.matchAll(/\/\S+/g)) {
    // The loader is found by its own path, everything else where the loader looks.
    put(path, basename(path).startsWith('ld-') ? path : join('/usr/lib', basename(path)));
  }
}

/** Copies folders of npm packages into a layer. */
export function addPackages(layer: string, from: string, names: readonly string[]): void {
  for (const name of names) {
    cpSync(join(from, name), join(layer, 'node_modules', name), { recursive: true, dereference: true });
  }
}
