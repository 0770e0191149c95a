/**
 * The only door to time. Decisions take `nowMs` as an argument; services hold a `Clock`; nothing
 * else in the platform reads the time or sets a timer, so every test can own time.
 */
export interface Clock {
  /** Wall-clock milliseconds since 1970, with a fraction. For stamps that people and functions see. */
  wallMs(): number;
  /** Monotonic milliseconds, with a fraction. For durations and every decision. */
  nowMs(): number;
  /** Calls `action` once, `delayMs` from now, unless cancelled. Does not keep the process alive. */
  after(delayMs: number, action: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

class SystemTimer implements Timer {
  readonly #timeout: NodeJS.Timeout;

  constructor(delayMs: number, action: () => void) {
    this.#timeout = setTimeout(action, Math.max(0, delayMs)); // what is overdue is due now
    this.#timeout.unref();
  }

  cancel(): void {
    clearTimeout(this.#timeout);
  }
}

/** The machine's own clock. */
export const systemClock: Clock = {
  wallMs: () => performance.timeOrigin + performance.now(),
  nowMs: () => performance.now(),
  after: (delayMs, action) => new SystemTimer(delayMs, action),
};

/**
 * Resolves after `delayMs`.
 *
 * @throws the signal's reason, when it aborts first
 */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
