/**
 * Code for sandboxes that were started without it: trees of hard links to an unpacked package, ready
 * to be moved into a sandbox's slot by one rename. (A mount would do the same for 4.6 ms and a
 * process; and would stay, one per instance, in every table of mounts.)
 *
 * Owns   the trees: those that wait, and those that sandboxes gave back. Nobody can write in one, so
 *        one that comes back is as good as new.
 * Never  holds the content of a file: a tree is names only, and goes when its package does.
 *
 * The first start of a version links its own; one more is then made in the background, so that later
 * ones find theirs ready. At most `MAX_SPARES` wait per package and `MAX_TREES` in all, those unused
 * for longest go first.
 */
import { chmodSync, linkSync, mkdirSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { removeFolder } from '../process/scratch.ts';

const MAX_SPARES = 16;
const MAX_TREES = 256;
/** Links made in one go: the main loop goes on after that many. */
const BATCH = 64;

export interface CodeTrees {
  /** Makes the folder `target` (empty until now) the package's tree. */
  place(codeDir: string, target: string): Promise<void>;
  /** Takes a tree back that was placed, once no process can see it any more. */
  takeBack(codeDir: string, target: string): Promise<void>;
  /** Waits for what is being made. */
  settle(): Promise<void>;
}

/** @param folder exists, is empty, and lies on the file system of the packages and of the slots */
export function codeTrees(folder: string): CodeTrees {
  /** Least recently used first. */
  const spares = new Map<string, string[]>();
  const making = new Map<string, Promise<void>>();
  let last = 0;

  async function make(codeDir: string): Promise<string> {
    const tree = join(folder, String(++last));
    await linkTree(codeDir, tree);
    return tree;
  }

  function keep(codeDir: string, tree: string): void {
    const list = spares.get(codeDir) ?? [];
    spares.delete(codeDir);
    spares.set(codeDir, list);
    if (list.length < MAX_SPARES) list.push(tree);
    else void removeFolder(tree);
    let count = [...spares.values()].reduce((sum, some) => sum + some.length, 0);
    for (const [oldest, some] of spares) {
      if (count <= MAX_TREES) break;
      spares.delete(oldest);
      count -= some.length;
      for (const one of some) void removeFolder(one);
    }
  }

  function makeSpare(codeDir: string): void {
    if (making.has(codeDir) || (spares.get(codeDir)?.length ?? 0) > 0) return;
    const made = make(codeDir).then(
      (tree) => keep(codeDir, tree),
      () => {}, // the next start makes its own, and says what is wrong
    );
    making.set(codeDir, made);
    void made.finally(() => making.delete(codeDir));
  }

  return {
    async place(codeDir, target) {
      const tree = spares.get(codeDir)?.pop() ?? (await make(codeDir));
      await rename(tree, target);
      makeSpare(codeDir);
    },
    async takeBack(codeDir, target) {
      const tree = join(folder, String(++last));
      await rename(target, tree);
      keep(codeDir, tree);
    },
    settle: async () => void (await Promise.all(making.values())),
  };
}

/** Links of files, folders with their modes, and symbolic links as they are. */
async function linkTree(from: string, to: string): Promise<void> {
  const folders = [''];
  let count = 0;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    mkdirSync(join(to, folder), { mode: 0o755 });
    chmodSync(join(to, folder), 0o755); // whatever the umask says
    for (const entry of readdirSync(join(from, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(join(from, path)), join(to, path));
      else linkSync(join(from, path), join(to, path));
      if (++count % BATCH === 0) await nextTurn();
    }
  }
}
