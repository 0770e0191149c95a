/**
 * Tells a database that hangs from one that is slow.
 *
 * A server that is gone ends its connections, and every query with them. One that hangs (a stopped
 * process, a dead network) says nothing for ever, and so would whoever waits for it. So work is
 * preceded and accompanied by a small question, on a connection of its own that nothing else can hold up.
 *
 * Never limits how long work takes while the server answers: a large package may take its time.
 */
import { type Clock, sleep } from '../base/index.ts';
import { connect, orUnavailable } from './connect.ts';

/** How long the server may take to answer the question, ms; also how often it is asked during work. */
const ANSWER_WITHIN_MS = 5_000;

export interface DatabaseWatch {
  /**
   * Does work that needs the database.
   *
   * @throws {Fault} `database-unavailable` before anything was begun when the server does not answer
   *   now; and when it falls silent during the work, whose outcome is then not known
   */
  during<T>(work: () => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

/** @param options.answerWithinMs default 5 s */
export function watchDatabase(options: {
  readonly url: string;
  readonly clock: Clock;
  readonly answerWithinMs?: number;
}): DatabaseWatch {
  const { url, clock, answerWithinMs: timeoutMs = ANSWER_WITHIN_MS } = options;
  const sql = connect({ url, max: 1 });
  const question = () => sql`select 1`;
  /** One for everybody who asks at the same time, so that a server that hangs is not owed thousands of answers. */
  let asked: Promise<unknown> | null = null;

  function answer(): Promise<unknown> {
    // A connection that was cut tells the first query after it, too: the second question is the one that counts.
    asked ??= question()
      .catch(question)
      .finally(() => {
        asked = null;
      });
    return orUnavailable(asked, { clock, timeoutMs });
  }

  async function silence(signal: AbortSignal): Promise<never> {
    for (;;) {
      await sleep(clock, timeoutMs, signal);
      await answer();
    }
  }

  return {
    async during(work) {
      await answer();
      const done = new AbortController();
      try {
        return await Promise.race([work(), silence(done.signal)]);
      } finally {
        done.abort();
      }
    },
    stop: () => sql.end({ timeout: 1 }),
  };
}
