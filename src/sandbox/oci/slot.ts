/**
 * A sandbox's slot: the folder that it sees as /var, read-only. It holds the code (`task`), its compiled
 * form where there is one (`compiled`) and, as mount points, what the installation exposes. Code comes into
 * a running sandbox by appearing here.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { removeFolder } from '../process/scratch.ts';
import type { Exposure } from './bundle.ts';
import type { CodeTrees } from './code-trees.ts';

export interface Slot {
  readonly path: string;
  /** Makes a package the sandbox's code. Once. */
  place(codeDir: string): Promise<void>;
  /** Adds the compiled code of that package. Once. */
  placeCompiled(folder: string): Promise<void>;
  /** Removes it, once no process can see it any more. Never fails. */
  remove(): Promise<void>;
}

export function makeSlot(
  path: string,
  { exposures, trees }: { exposures: readonly Exposure[]; trees: CodeTrees },
): Slot {
  const task = join(path, 'task');
  for (const folder of [path, task]) makeOpenFolder(folder);
  for (const { name, isFolder } of exposures) {
    const target = join(path, name);
    if (isFolder) mkdirSync(target, { recursive: true });
    else {
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, '');
    }
  }
  /** What trees stand in the slot, and of which folders they are. */
  const placed = new Map<string, string>();
  const put = async (folder: string, target: string) => {
    await trees.place(folder, target);
    placed.set(target, folder);
  };
  return {
    path,
    place: (codeDir) => put(codeDir, task),
    placeCompiled: (folder) => put(folder, join(path, 'compiled')),
    async remove() {
      for (const [target, folder] of placed) await trees.takeBack(folder, target).catch(() => {});
      await removeFolder(path);
    },
  };
}

/** Passable and readable for the sandbox's user, whatever the node's umask is. */
function makeOpenFolder(path: string): void {
  mkdirSync(path);
  chmodSync(path, 0o755);
}
