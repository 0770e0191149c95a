/**
 * A load that runs one at a time.
 *
 * Who asks during one gets the next, because the running one may have read the older state; all who ask during
 * one get the same next one.
 */
export class Refresher {
  readonly #load: () => Promise<void>;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(load: () => Promise<void>) {
    this.#load = load;
  }

  /**
   * Resolves when what was there before the call has been loaded.
   *
   * @throws what the load failed with
   */
  refresh(): Promise<void> {
    if (this.#running === null) {
      this.#running = this.#load().finally(() => {
        this.#running = null;
      });
      return this.#running;
    }
    this.#next ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#next = null;
        return this.refresh();
      });
    return this.#next;
  }

  /** The last load that was asked for and has not ended; null: none. */
  get pending(): Promise<void> | null {
    return this.#next ?? this.#running;
  }
}
