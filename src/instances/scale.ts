/** How many instances a version should be starting, as arithmetic. The pool acts on the answer. */

export interface Demand {
  /** Requests that wait for an instance. */
  readonly waiting: number;
  /** Starts that have begun or are planned. */
  readonly coming: number;
}

/**
 * One instance serves one request at a time, and a request that waits cannot count on a busy
 * instance to become free: every waiting request gets a start of its own. A warm instance that
 * becomes free first serves it all the same, and the start it no longer needs is called off if it
 * has not begun.
 *
 * @returns starts to add now; negative: how many planned ones are no longer needed
 */
export function startsWanted({ waiting, coming }: Demand): number {
  return waiting - coming;
}
