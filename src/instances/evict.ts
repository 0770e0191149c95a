/** Whose instance goes when the node is full and another function needs one. */
export interface Evictable {
  /** Since when its longest unused instance is idle; null: it has none to spare. */
  oldestIdleMs(): number | null;
}

/** @returns the one whose instance has been unused for longest; null when nobody can spare one */
export function oldestIdle<T extends Evictable>(pools: readonly T[]): T | null {
  let victim: T | null = null;
  let sinceMs = Number.POSITIVE_INFINITY;
  for (const pool of pools) {
    const idleMs = pool.oldestIdleMs();
    if (idleMs === null || idleMs >= sinceMs) continue;
    victim = pool;
    sinceMs = idleMs;
  }
  return victim;
}
