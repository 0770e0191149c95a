/**
 * User ids for sandboxes. When the node is root, every sandbox runs as a user of its own: a number
 * without a name, drawn by chance from a range that nobody is given by hand. So one function can
 * neither read another's files nor signal its processes, and everything a sandbox ever started can
 * be found and ended by its user id. A node that is not root cannot change users: its sandboxes
 * share its own.
 */
import { readFileSync } from 'node:fs';
import type { Random } from '../../base/index.ts';

const WIDE = { first: 1_100_000_000, count: 500_000_000 };
/** Inside a user namespace only some thousand ids exist. */
const NARROW = { first: 20_000, count: 40_000 };

export interface UserSource {
  /** @returns null when the node cannot change users */
  take(): number | null;
  giveBack(uid: number | null): void;
}

export function userSource(random: Random, mappedIds = mappedIdCount()): UserSource {
  if (process.getuid?.() !== 0) return { take: () => null, giveBack: () => {} };
  const range = mappedIds > WIDE.first + WIDE.count ? WIDE : NARROW;
  const taken = new Set<number>();
  return {
    take() {
      for (;;) {
        const uid = range.first + Math.floor(random() * range.count);
        if (taken.has(uid)) continue;
        taken.add(uid);
        return uid;
      }
    },
    giveBack(uid) {
      if (uid !== null) taken.delete(uid);
    },
  };
}

/** How many ids exist here, counted from 0, by /proc/self/uid_map. */
function mappedIdCount(): number {
  try {
    const lines = readFileSync('/proc/self/uid_map', 'utf8').trim().split('\n');
    return Math.max(
      ...lines.map((line) => {
        const [first, , count] = line.trim().split(/\s+/).map(Number);
        return (first ?? 0) + (count ?? 0);
      }),
    );
  } catch {
    return 65_536;
  }
}
