/**
 * The agenda of provisioned instances: of functions whose number of them depends on the time, when the next of these
 * times comes.
 *
 * Owns   the timer until then.
 * Asks   the plans of a snapshot, each function's anew when it has changed.
 * Never  decides how many: it says whose number to look up again.
 */
import type { Clock, Timer } from '../base/index.ts';
import { type FunctionEntry, provisionedAt } from '../model/index.ts';
import type { Snapshot } from './snapshot.ts';

/** Looked up again at least this often while there is anything to wait for, in ms: wall clocks are set. */
const LOOK_EVERY_MS = 60_000;

export class ProvisionedAgenda {
  readonly #clock: Clock;
  readonly #onDue: (functionNames: readonly string[]) => void;
  /** By function: when its number may be another, wall ms. */
  readonly #dueMs = new Map<string, number>();
  #timer: Timer | null = null;

  /** @param parts.onDue is told whose number may be another now, and reads them again */
  constructor(parts: { readonly clock: Clock; readonly onDue: (functionNames: readonly string[]) => void }) {
    this.#clock = parts.clock;
    this.#onDue = parts.onDue;
  }

  /** @param names whose plans may have changed; null: all of them */
  read({ functions }: Pick<Snapshot, 'functions'>, names: readonly string[] | null): void {
    if (names === null) this.#dueMs.clear();
    for (const name of names ?? functions.keys()) {
      const dueMs = dueOf(functions.get(name), this.#clock.wallMs());
      if (dueMs === null) this.#dueMs.delete(name);
      else this.#dueMs.set(name, dueMs);
    }
    this.#await();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#dueMs.clear();
  }

  #await(): void {
    this.#timer?.cancel();
    if (this.#dueMs.size === 0) return;
    const nextMs = Math.min(...this.#dueMs.values()) - this.#clock.wallMs();
    this.#timer = this.#clock.after(Math.min(nextMs, LOOK_EVERY_MS), () => this.#wake());
  }

  #wake(): void {
    const nowMs = this.#clock.wallMs();
    const due = [...this.#dueMs].filter(([, dueMs]) => dueMs <= nowMs).map(([name]) => name);
    if (due.length === 0) this.#await();
    else this.#onDue(due);
  }
}

function dueOf(entry: FunctionEntry | undefined, nowMs: number): number | null {
  const times = [...(entry?.aliases.values() ?? [])].flatMap(
    (alias) => provisionedAt(alias, nowMs).untilMs ?? [],
  );
  return times.length === 0 ? null : Math.min(...times);
}
