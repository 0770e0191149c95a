/** Requests that keep coming while something else happens. */

export interface Load<T> {
  /** Everything answered so far, in the order of the answers. */
  readonly answers: readonly T[];
  /** Resolves when this many more have been answered. */
  more(count: number): Promise<void>;
  /** Sends no more, and waits for those on their way. */
  stop(): Promise<readonly T[]>;
}

/**
 * @param connections requests that are always under way
 * @param send one request; when it rejects, `stop` does
 */
export function steadyLoad<T>(connections: number, send: (n: number) => Promise<T>): Load<T> {
  const answers: T[] = [];
  const waiting = new Set<{ readonly until: number; resolve(): void }>();
  let stopped = false;
  let sent = 0;
  async function keepSending(): Promise<void> {
    while (!stopped) {
      answers.push(await send(sent++));
      for (const waiter of waiting) {
        if (answers.length < waiter.until) continue;
        waiting.delete(waiter);
        waiter.resolve();
      }
    }
  }
  const done = Promise.all(Array.from({ length: connections }, keepSending));
  done.catch(() => {}); // told by `stop`, and by `more`
  return {
    answers,
    more(count) {
      const enough = new Promise<void>((resolve) => waiting.add({ until: answers.length + count, resolve }));
      return Promise.race([enough, done.then(() => {})]);
    },
    async stop() {
      stopped = true;
      await done;
      return answers;
    },
  };
}
