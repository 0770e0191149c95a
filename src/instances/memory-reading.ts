/**
 * Reads how much memory is left: of the machine (`MemAvailable`), and of every control group with a
 * limit that this process lives in, v1 or v2; the least of them counts. Three small files of the
 * kernel's own, read without holding up the main loop.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { MemoryReading } from './memory.ts';

/** Where a control group tells its limit, its use, and what of that is file cache. */
interface GroupFiles {
  readonly folder: string;
  readonly limit: string;
  readonly use: string;
  readonly cachePrefix: string;
}

export interface MemoryReader {
  /** @returns null where this machine does not tell (it is not Linux) */
  read(): Promise<MemoryReading | null>;
}

/** @param root of the file system, for tests */
export async function openMemoryReader(root = '/'): Promise<MemoryReader> {
  const groups = await limitedGroups(root);
  return {
    async read() {
      const meminfo = await contentOf(join(root, 'proc/meminfo'));
      const machineMb = availableOf(meminfo ?? '');
      if (machineMb === null) return null;
      const rooms = await Promise.all(groups.map(roomOf));
      return { availableMb: Math.min(machineMb, ...rooms.filter((room) => room !== null)) };
    },
  };
}

/** @returns MB; null: the text is not a Linux kernel's */
export function availableOf(meminfo: string): number | null {
  const kb = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1];
  return kb === undefined ? null : Number(kb) / 1_024;
}

/** The group of this process and those around it, as far as they can be seen and have a limit now. */
async function limitedGroups(root: string): Promise<GroupFiles[]> {
  const text = (await contentOf(join(root, 'proc/self/cgroup'))) ?? '';
  const found: GroupFiles[] = [];
  for (const { mount, path, files } of memoryGroups(text)) {
    const top = join(root, mount);
    for (let folder = join(top, path); folder.startsWith(top); folder = dirname(folder)) {
      const group = { folder, ...files };
      if ((await roomOf(group)) !== null) found.push(group);
    }
  }
  return found;
}

const V1 = { limit: 'memory.limit_in_bytes', use: 'memory.usage_in_bytes', cachePrefix: 'total_' };
const V2 = { limit: 'memory.max', use: 'memory.current', cachePrefix: '' };

/** @param text of /proc/self/cgroup: lines of `id:controllers:path` */
export function memoryGroups(text: string) {
  return text.split('\n').flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === undefined) return [];
    if (controllers === '') return [{ mount: 'sys/fs/cgroup', path, files: V2 }];
    const isMemory = controllers?.split(',').includes('memory');
    return isMemory ? [{ mount: 'sys/fs/cgroup/memory', path, files: V1 }] : [];
  });
}

/** @returns MB that the group may still take; null: it has no limit, or is gone */
async function roomOf({ folder, limit, use, cachePrefix }: GroupFiles): Promise<number | null> {
  const texts = await Promise.all([limit, use, 'memory.stat'].map((file) => contentOf(join(folder, file))));
  const [limitText, useText, stat] = texts;
  const limitBytes = Number(limitText);
  if (limitText === null || useText === null || !(limitBytes < UNLIMITED_BYTES)) return null;
  const cache = (of: string) =>
    Number(new RegExp(`^${cachePrefix}${of} (\\d+)$`, 'm').exec(stat ?? '')?.[1] ?? 0);
  // As the kernel's own MemAvailable: cache that is in use is only given up in part.
  const spareBytes = cache('inactive_file') + cache('active_file') / 2;
  return (limitBytes - Number(useText) + spareBytes) / 2 ** 20;
}

/** v1 writes no limit as a number near 2^63, v2 as "max". */
const UNLIMITED_BYTES = 2 ** 60;

async function contentOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return null;
  }
}
