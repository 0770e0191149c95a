/** The table that the watch and its thread share. */

/** How often the memory of a running sandbox is looked at when it is near its limit, in ms. */
export const SAMPLE_MS = 50;
/** How fast a process can touch fresh memory: one farther from its limit is looked at less often. */
export const GROWTH_KB_PER_MS = 4_096;
/** A limit may have been lowered meanwhile. */
export const LONGEST_MS = 400;

/** Rows in the table: the most sandboxes a node can hold under this driver. */
export const MAX_ROWS = 4_096;

export const STATE = { free: 0, active: 1, quiet: 2, killed: 3 } as const;

/** Cells of `control`. */
export const COLUMNS = { wakeups: 0 } as const;

export interface Columns {
  readonly control: Int32Array<SharedArrayBuffer>;
  readonly pids: Int32Array<SharedArrayBuffer>;
  readonly states: Int32Array<SharedArrayBuffer>;
  readonly limitsKb: Float64Array<SharedArrayBuffer>;
  readonly peaksKb: Float64Array<SharedArrayBuffer>;
}
