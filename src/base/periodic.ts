import type { Clock, Timer } from './clock.ts';

/**
 * Runs a task again and again, `everyMs` after the last run has ended; the first time after `everyMs`.
 *
 * @param onProblem told when a run fails; the next one comes all the same
 * @returns ends it; resolves when a run that is under way has ended
 */
export function periodically(
  clock: Clock,
  {
    everyMs,
    task,
    onProblem,
  }: { everyMs: number; task: () => Promise<unknown>; onProblem: (problem: unknown) => void },
): () => Promise<void> {
  let stopped = false;
  let running = Promise.resolve();
  let timer: Timer;
  const schedule = () => {
    if (!stopped) timer = clock.after(everyMs, run);
  };
  const run = () => {
    running = task()
      .then(() => {}, onProblem)
      .then(schedule);
  };
  schedule();
  return async () => {
    stopped = true;
    timer.cancel();
    await running;
  };
}
