/** Longer than anything waits: the timer is there to be there. */
const FOREVER_MS = 2 ** 30;

/**
 * Keeps the process from ending while something waits by the clock, whose timers do not.
 *
 * @example
 * using _ = keepAlive();
 * await sleep(clock, 2);
 */
export function keepAlive(): Disposable {
  const timer = setInterval(() => {}, FOREVER_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
