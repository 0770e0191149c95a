/** How a program ended, from the status that a shell knows of it. */
import { constants } from 'node:os';

export type Ending = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** Process 1 of a sandbox says a few words; a program cannot write there. */
export const MAX_REPORT = 4_096;

const SIGNALS = new Map(
  Object.entries(constants.signals)
    .reverse() // of two names of one number the first is the usual one: SIGABRT, not SIGIOT
    .map(([name, number]) => [number, name as NodeJS.Signals]),
);

/**
 * @param hasWord whether the shell had a word for it: a program may exit with 129 by itself, and only a
 *   status that the shell comments is a signal
 */
export function endingOf(status: number, hasWord: boolean): Ending {
  const signal = hasWord ? SIGNALS.get(status - 128) : undefined;
  return signal === undefined ? { code: status, signal: null } : { code: null, signal };
}
