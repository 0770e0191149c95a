import type { Clock, Timer } from './clock.ts';

/**
 * Runs a task again and again, `everyMs` after the last run has ended; the first time after `everyMs`.
 *
 * @param onProblem told when a run fails; the next one comes all the same
 * @returns ends it, without waiting for a run that is under way: whoever owns its connection cuts it off
 */
export function periodically(
  clock: Clock,
  {
    everyMs,
    task,
    onProblem,
  }: { everyMs: number; task: () => Promise<unknown>; onProblem: (problem: unknown) => void },
): () => void {
  let stopped = false;
  let timer: Timer;
  const run = async () => {
    try {
      await task();
    } catch (problem) {
      if (!stopped) onProblem(problem);
    }
    schedule();
  };
  const schedule = () => {
    if (!stopped) timer = clock.after(everyMs, () => void run());
  };
  schedule();
  return () => {
    stopped = true;
    timer.cancel();
  };
}
