import { note } from './output.ts';

export interface StopSignals {
  /** From now on a signal stops in this way. A signal that came before does so at once. */
  stopWith(stop: () => Promise<void>): void;
  /** Signals have their usual meaning again. */
  release(): void;
}

/**
 * The first Ctrl-C (or SIGTERM) stops in order, the second one at once. Before there is anything to
 * stop, the first only asks for it: half a start cannot be undone as well as a whole one can.
 */
export function stopOnSignals(): StopSignals {
  let stop: (() => Promise<void>) | null = null;
  let asked = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    asked++;
    if (asked > 1) process.exit(signal === 'SIGTERM' ? 143 : 130);
    note('Stopping in order; once more to stop at once.');
    if (stop !== null) void stop();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    stopWith(how) {
      stop = how;
      if (asked > 0) void stop();
    },
    release() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
