/** Finds this machine's control groups in its table of mounts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hierarchies } from './dialect.ts';

const NEEDED = ['memory', 'cpu', 'pids', 'freezer'] as const;

export type Found =
  | { readonly kind: 'usable'; readonly hierarchies: Hierarchies; readonly name: 'v1' | 'v2' | 'hybrid' }
  | { readonly kind: 'unusable'; readonly why: string };

/** @param table text in the form of /proc/self/mountinfo */
export function findHierarchies(table = readTable('/proc/self/mountinfo')): Found {
  const mounts = table.split('\n').flatMap(cgroupMount);
  const second = mounts.find(({ type }) => type === 'cgroup2');
  const firsts = mounts.filter(({ type }) => type === 'cgroup');
  const folderOf = (controller: string) => firsts.find(({ options }) => options.includes(controller))?.folder;
  if (firsts.length > 0) {
    const missing = NEEDED.filter((controller) => folderOf(controller) === undefined);
    if (missing.length > 0) {
      return unusable(`the kernel's control groups lack ${missing.join(', ')} (cgroup version 1)`);
    }
    const controllers = Object.fromEntries(NEEDED.map((name) => [name, folderOf(name)]));
    const all = mounts.map(({ folder }) => folder);
    const hierarchies = { version: 1, controllers: controllers as Hierarchies['controllers'], all } as const;
    return { kind: 'usable', hierarchies, name: second === undefined ? 'v1' : 'hybrid' };
  }
  if (second === undefined) return unusable('no control groups are mounted (/sys/fs/cgroup)');
  const { folder } = second;
  const offered = readTable(join(folder, 'cgroup.controllers')).trim().split(' ');
  const missing = ['memory', 'cpu', 'pids'].filter((controller) => !offered.includes(controller));
  if (missing.length > 0) {
    return unusable(`the kernel's control groups lack ${missing.join(', ')} (cgroup version 2)`);
  }
  const controllers = { memory: folder, cpu: folder, pids: folder, freezer: folder };
  return { kind: 'usable', hierarchies: { version: 2, controllers, all: [folder] }, name: 'v2' };
}

function unusable(why: string): Found {
  return { kind: 'unusable', why };
}

interface Mount {
  readonly folder: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** `36 35 0:31 / /sys/fs/cgroup/memory rw,relatime shared:17 - cgroup cgroup rw,memory` */
function cgroupMount(line: string): Mount[] {
  const [before = '', after = ''] = line.split(' - ');
  const [type = '', , options = ''] = after.split(' ');
  const folder = before.split(' ')[4];
  if (!/^cgroup2?$/.test(type) || folder === undefined) return [];
  return [{ folder, type, options: options.split(',') }];
}

function readTable(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
