/** Gives back to the machine what building a node has left on the heap: about 25 MB of 155, which V8 would keep. */
import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from './clock.ts';
import { periodically } from './periodic.ts';

const LOOK_EVERY_MS = 5_000;
/** The loop is at work for less than this share of the time: a pause of 60 to 150 ms meets nobody. */
const IDLE = 0.05;

/**
 * Tidies the heap once, in the first quiet moment from some seconds on.
 *
 * @returns ends waiting for it
 */
export function tidyHeapOnceIdle(clock: Clock, onProblem: (problem: unknown) => void): () => void {
  let before = performance.eventLoopUtilization();
  const end = periodically(clock, {
    everyMs: LOOK_EVERY_MS,
    async task() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      if (utilization >= IDLE) return;
      end();
      collect();
    },
    onProblem,
  });
  return end;
}

/** V8 gives its collector to code only where a flag says so, and reads that flag when a context is made. */
function collect(): void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as (options: Readonly<Record<string, string>>) => void;
  setFlagsFromString('--no-expose-gc');
  gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
