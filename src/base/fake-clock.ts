import type { Clock, Timer } from './clock.ts';

export interface FakeClock extends Clock {
  /** Moves time forward, firing due timers in order; lets promises settle before each and after the last. */
  advance(byMs: number): Promise<void>;
}

/** Time as a value, moved by hand. Starts at `startMs`, and `wallMs` equals `nowMs`. */
export function fakeClock(startMs = 1_000_000): FakeClock {
  let now = startMs;
  const due = new Set<{ atMs: number; action: () => void }>();

  async function settle(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  return {
    wallMs: () => now,
    nowMs: () => now,
    after(delayMs, action): Timer {
      const entry = { atMs: now + Math.max(0, delayMs), action };
      due.add(entry);
      return { cancel: () => due.delete(entry) };
    },
    async advance(byMs) {
      const end = now + byMs;
      for (;;) {
        await settle();
        const next = [...due].sort((a, b) => a.atMs - b.atMs)[0];
        if (next === undefined || next.atMs > end) break;
        due.delete(next);
        now = next.atMs;
        next.action();
      }
      now = end;
      await settle();
    },
  };
}
