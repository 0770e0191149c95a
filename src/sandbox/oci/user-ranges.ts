/**
 * User ids for sandboxes: 65,536 host ids of its own for each live one, so that what the kernel
 * counts by user (keys, watches, queued signals) is counted for each alone, and a file or a process
 * that came out of one sandbox is nobody's in any other.
 */
import { readFileSync } from 'node:fs';
import type { Random } from '../../base/index.ts';

export const RANGE_SIZE = 65_536;
/** Above what people and container engines are given by hand. */
const FIRST = 1_100_000_000;
/** The kernel's last two ids have meanings of their own. */
const LAST = 2 ** 32 - 2;

export interface UserRanges {
  /** @returns the first id of a range that no live sandbox of this node has */
  take(): number;
  giveBack(firstId: number): void;
}

export function userRanges(random: Random): UserRanges {
  const count = Math.floor((LAST - FIRST) / RANGE_SIZE);
  const taken = new Set<number>();
  return {
    take() {
      for (;;) {
        const firstId = FIRST + Math.floor(random() * count) * RANGE_SIZE;
        if (taken.has(firstId)) continue;
        taken.add(firstId);
        return firstId;
      }
    },
    giveBack: (firstId) => void taken.delete(firstId),
  };
}

/** Whether this process has all ids of the machine to give: not in a container with a user namespace. */
export function hasAllUsers(map = readMap()): boolean {
  return /^\s*0\s+0\s+4294967295\s*$/.test(map);
}

function readMap(): string {
  try {
    return readFileSync('/proc/self/uid_map', 'utf8');
  } catch {
    return '';
  }
}
