/**
 * Start slots: how many processes may be booting at once on this node, handed out in turn by
 * function, so that one function's thousand starts do not stand before another's first.
 *
 * Starting a process costs about one core for its boot time; more at once only makes each slower.
 */
export class StartSlots {
  #free: number;
  /** Functions in the order of their turn; each with its starts in the order they came. */
  readonly #queues = new Map<string, (() => void)[]>();

  /** @param count starts at once (≥ 1) */
  constructor(count: number) {
    this.#free = count;
  }

  /**
   * Waits for this function's turn. Unbounded by itself: the pools bound what they ask for.
   *
   * @returns gives the slot back; to be called once
   */
  async acquire(functionName: string): Promise<() => void> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn(functionName);
    let held = true;
    return () => {
      if (held) this.#release();
      held = false;
    };
  }

  #turn(functionName: string): Promise<void> {
    return new Promise((resolve) => {
      const queue = this.#queues.get(functionName);
      if (queue === undefined) this.#queues.set(functionName, [resolve]);
      else queue.push(resolve);
    });
  }

  #release(): void {
    const first = this.#queues.entries().next();
    if (first.done) {
      this.#free += 1;
      return;
    }
    const [functionName, queue] = first.value;
    const proceed = queue.shift() as () => void;
    this.#queues.delete(functionName);
    if (queue.length > 0) this.#queues.set(functionName, queue); // to the end of the round
    proceed();
  }
}
