import type { Life } from './life.ts';

/** Instances by what they do, and blank sandboxes. */
export type InstanceCounts = Record<'starting' | 'idle' | 'busy' | 'frozen' | 'blank', number>;

/** Provisioned instances: how many there are to be, and how many stand ready. */
export interface ProvisionedCounts {
  readonly wanted: number;
  readonly ready: number;
}

/** Of one version. */
export interface ProvisionedState extends ProvisionedCounts {
  /** Why not all stand ready: what came of the last start that failed; null: nothing did. */
  readonly problem: unknown;
}

export function countStates(pools: readonly { states(): Life['at'][] }[]): Omit<InstanceCounts, 'blank'> {
  const counts = { starting: 0, idle: 0, busy: 0, frozen: 0 };
  for (const pool of pools) for (const state of pool.states()) counts[COUNTED_AS[state]] += 1;
  return counts;
}

export function sumProvisioned(pools: readonly { provisioned: ProvisionedCounts }[]): ProvisionedCounts {
  const sum = (pick: (counts: ProvisionedCounts) => number) =>
    pools.reduce((total, pool) => total + pick(pool.provisioned), 0);
  return { wanted: sum((counts) => counts.wanted), ready: sum((counts) => counts.ready) };
}

const COUNTED_AS: Record<Life['at'], 'starting' | 'idle' | 'busy' | 'frozen'> = {
  starting: 'starting',
  idle: 'idle',
  busy: 'busy',
  draining: 'busy',
  frozen: 'frozen',
  stopping: 'idle',
  gone: 'idle',
};
