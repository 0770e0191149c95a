/** One lane on this node: how many of its events may run here at once, and when it is to be looked at. */
import { AdaptiveWindow, type Random } from '../base/index.ts';

const FIRST_WINDOW = 8;

export class Lane {
  readonly name: string;
  running = 0;
  /** When an event of it is due, monotonic ms; infinite: none that is known of. */
  dueAtMs = Number.POSITIVE_INFINITY;
  readonly #window = new AdaptiveWindow(FIRST_WINDOW);

  constructor(name: string) {
    this.name = name;
  }

  /** When it can be claimed from: when an event is due, and it does not rest. */
  get readyAtMs(): number {
    return Math.max(this.dueAtMs, this.#window.restsUntilMs);
  }

  /** Whether there is nothing to remember of it. */
  get idle(): boolean {
    return this.running === 0 && this.dueAtMs === Number.POSITIVE_INFINITY && this.#window.calm;
  }

  dueAt(ms: number): void {
    this.dueAtMs = Math.min(this.dueAtMs, ms);
  }

  /**
   * Events that may be claimed now.
   *
   * @param limit at once, by the function's reserved concurrency
   * @param free places on this node: nobody takes more than it leaves, so that there is always one for a lane that comes late
   */
  room({ limit, free }: { readonly limit: number; readonly free: number }): number {
    const left = Math.min(this.#window.size, limit) - this.running;
    return Math.max(0, Math.min(left, Math.ceil((free - this.running) / 2)));
  }

  /** It was let in. */
  admitted(): void {
    this.#window.admitted(this.running);
  }

  /** Many at once are one refusal. @returns how long the event is to wait, ms */
  refused(nowMs: number, random: Random): number {
    return this.#window.refused(nowMs, { running: this.running, random });
  }
}
