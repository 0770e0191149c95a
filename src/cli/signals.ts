import { systemClock } from '../base/index.ts';
import { note } from './output.ts';

export interface StopSignals {
  /** From now on a signal stops in this way. A signal that came before does so at once. */
  stopWith(stop: () => Promise<void>): void;
  /** Signals have their usual meaning again. */
  release(): void;
}

/**
 * One Ctrl-C may arrive more than once: from the terminal, from npm, from a launcher, all within
 * moments. No person is this fast.
 */
const ONE_PRESS_MS = 500;

/**
 * The first Ctrl-C (or SIGTERM) stops in order, the second one at once. Before there is anything to
 * stop, the first only asks for it: half a start cannot be undone as well as a whole one can.
 */
export function stopOnSignals(): StopSignals {
  let stop: (() => Promise<void>) | null = null;
  let askedAtMs: number | null = null;
  const onSignal = (signal: NodeJS.Signals) => {
    const nowMs = systemClock.nowMs();
    if (askedAtMs !== null && nowMs - askedAtMs < ONE_PRESS_MS) return;
    if (askedAtMs !== null) process.exit(signal === 'SIGTERM' ? 143 : 130);
    askedAtMs = nowMs;
    note('Stopping in order; once more to stop at once.');
    if (stop !== null) void stop();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    stopWith(how) {
      stop = how;
      if (askedAtMs !== null) void stop();
    },
    release() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
