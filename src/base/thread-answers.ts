/** The inner end of a thread that answers questions: see thread-questions.ts. */
import { parentPort } from 'node:worker_threads';
import { sleep, systemClock } from './clock.ts';
import { Fault } from './fault.ts';
import type { Answers, FromThread, Question, ToThread } from './thread-questions.ts';

const RETRY_MS = 250;
/** How long the last answers may take when the node stops. */
const STOP_MS = 2_000;

/**
 * Answers what this thread is asked until it is told to stop; then it ends.
 *
 * @param stop gives back what the thread holds; it is not waited for longer than 2 s
 * @returns tells the other end something that was not asked for
 */
export function answerQuestions(answers: Answers, stop: () => Promise<unknown>): (news: unknown) => void {
  const port = parentPort!;
  const tell = (message: FromThread) => port.postMessage(message);
  const answer = async ({ ticket, ask, input }: Question) => {
    try {
      tell({ ticket, value: await answers[ask]!(input) });
    } catch (error) {
      if (!(error instanceof Fault)) return tell({ ticket, bug: (error as Error).stack ?? String(error) });
      const { code, message: text, facts } = error;
      tell({ ticket, fault: { code, message: text, facts } });
    }
  };
  const end = async () => {
    await Promise.race([stop(), sleep(systemClock, STOP_MS)]);
    process.exit(); // of the thread, which a connection that hangs would keep
  };
  port.on('message', (message: ToThread) => void ('stop' in message ? end() : answer(message)));
  return (news) => tell({ news });
}

/**
 * Does work again while the database is away.
 *
 * @param until.forMs from now; infinite: until it is done or the signal aborts
 * @throws what `work` throws, when it is something else or the time is over
 */
export async function tryAgain<T>(
  work: () => Promise<T>,
  until: { readonly forMs: number; readonly signal: AbortSignal },
): Promise<T> {
  const untilMs = systemClock.nowMs() + until.forMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const away = error instanceof Fault && error.code === 'database-unavailable';
      if (!away || systemClock.nowMs() + RETRY_MS > untilMs || until.signal.aborted) throw error;
      await sleep(systemClock, RETRY_MS);
    }
  }
}
