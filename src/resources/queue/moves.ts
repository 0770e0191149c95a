/** Moving messages out of a dead-letter queue: tasks that any node goes on with. */

export interface Moves {
  /**
   * Begins to move what is in a dead-letter queue.
   *
   * @throws {Fault} `resource-conflict` while another task moves from it, `parameter-invalid` (rate 1 to 500; the source
   *   is nobody's dead-letter queue; another kind of queue)
   */
  start(wanted: NewMove): Promise<MoveTask>;
  /** @throws {Fault} `resource-not-found`; `resource-conflict` when it is not running. @returns how many it has moved */
  cancel(id: string): Promise<number>;
  /** Tasks of a source, the newest first, 10 at most. */
  list(source: string, max: number): Promise<readonly MoveTask[]>;
}

export interface NewMove {
  readonly source: string;
  /** null: each goes back to the queue that it came from. */
  readonly destination: string | null;
  /** Messages per second; null: as fast as it goes. */
  readonly maxPerSecond: number | null;
}

export interface MoveTask {
  /** UUID. */
  readonly id: string;
  readonly source: string;
  readonly destination: string | null;
  readonly maxPerSecond: number | null;
  readonly status: 'running' | 'completed' | 'cancelled' | 'failed';
  readonly moved: number;
  /** What was in the source when it began. */
  readonly toMove: number;
  readonly failure: string | null;
  /** Wall clock, ms. */
  readonly startedAtMs: number;
}
