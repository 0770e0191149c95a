/**
 * Start slots: how many processes may be booting at once on this node, handed out in turn by
 * function, so that one function's thousand starts do not stand before another's first.
 *
 * Starting a process costs about one core for its boot time; more at once only makes each slower
 * (measured on two cores: two, three or four at once all take 16 ms a process). So one function alone
 * gets half of the slots at most, and in its storm another's first start finds one free, and a
 * processor that is shared by fewer.
 */
export class StartSlots {
  readonly #count: number;
  readonly #most: number;
  readonly #nowMs: () => number;
  #free: number;
  readonly #held = new Map<string, number>();
  /** Functions in the order of their turn; each with its starts in the order they came. */
  readonly #queues = new Map<string, (() => void)[]>();
  /** How long a slot is held, of late, in ms. */
  #holdMs = 0;

  /**
   * @param count starts at once (≥ 1)
   * @param nowMs monotonic milliseconds
   */
  constructor(count: number, nowMs: () => number) {
    this.#count = count;
    this.#most = Math.max(1, Math.ceil(count / 2));
    this.#nowMs = nowMs;
    this.#free = count;
  }

  /**
   * Waits for this function's turn. Unbounded by itself: the pools bound what they ask for.
   *
   * @returns gives the slot back; to be called once
   */
  async acquire(functionName: string): Promise<() => void> {
    if (this.#mayHold(functionName)) this.#take(functionName);
    else await this.#turn(functionName);
    const sinceMs = this.#nowMs();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#learn(this.#nowMs() - sinceMs);
      this.#release(functionName);
    };
  }

  /** How long a start that is asked for now would wait for its slot, in ms, if starts go on as of late. */
  expectedWaitMs(functionName: string): number {
    if (this.#mayHold(functionName)) return 0;
    const own = this.#queues.get(functionName)?.length ?? 0;
    let before = own;
    for (const [name, queue] of this.#queues)
      if (name !== functionName) before += Math.min(queue.length, own + 1);
    return Math.max((before + 1) / this.#count, (own + 1) / this.#most) * this.#holdMs;
  }

  #mayHold(functionName: string): boolean {
    return this.#free > 0 && (this.#held.get(functionName) ?? 0) < this.#most;
  }

  #take(functionName: string): void {
    this.#free -= 1;
    this.#held.set(functionName, (this.#held.get(functionName) ?? 0) + 1);
  }

  #learn(holdMs: number): void {
    this.#holdMs = this.#holdMs === 0 ? holdMs : (7 * this.#holdMs + holdMs) / 8;
  }

  #turn(functionName: string): Promise<void> {
    return new Promise((resolve) => {
      const queue = this.#queues.get(functionName);
      if (queue === undefined) this.#queues.set(functionName, [resolve]);
      else queue.push(resolve);
    });
  }

  #release(functionName: string): void {
    this.#free += 1;
    const held = (this.#held.get(functionName) ?? 1) - 1;
    if (held === 0) this.#held.delete(functionName);
    else this.#held.set(functionName, held);
    for (const [name, queue] of this.#queues) {
      if (!this.#mayHold(name)) continue;
      this.#take(name);
      const proceed = queue.shift() as () => void;
      this.#queues.delete(name);
      if (queue.length > 0) this.#queues.set(name, queue); // to the end of the round
      proceed();
      return;
    }
  }
}
