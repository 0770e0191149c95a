/** The port of queues: what edges and triggers do with messages. How queues are configured: control/queues. */
import type { Service } from '../../base/index.ts';
import type { NewMessage, PeekedMessage, QueueCounts, ReceivedMessage, SendOutcome } from './message.ts';
import type { Moves } from './moves.ts';

/**
 * Every method that names a queue throws the Fault `queue-not-found`; every one throws `database-unavailable`, and
 * `shutting-down` once the node stops.
 */
export interface Queues extends Service {
  /**
   * Keeps messages, in their order. When this resolves they are committed. One that is refused does not
   * hold up the others.
   *
   * @returns for each message what became of it
   */
  send(queue: string, messages: readonly NewMessage[]): Promise<readonly SendOutcome[]>;
  /**
   * Hands messages out. Waits until there is one, or `waitMs` is over, or `signal` aborts: then nothing is handed
   * out, and nothing counts as received. A paused queue hands nothing out.
   *
   * Of a FIFO queue: in order within each group; while a message of a group is out, so is its group.
   *
   * @throws {Fault} `queue-over-limit` when a standard queue has 120,000 messages out; `parameter-invalid`
   */
  receive(queue: string, wanted: Wanted, signal: AbortSignal): Promise<readonly ReceivedMessage[]>;
  /** Deletes what was received. @returns for each receipt what became of it, in order */
  delete(queue: string, receipts: readonly string[]): Promise<readonly DeleteOutcome[]>;
  /**
   * Makes received messages stay out of sight for so long from now; 0: they can be received at once.
   *
   * @throws {Fault} `parameter-invalid` for more than 12 h
   */
  changeVisibility(
    queue: string,
    changes: readonly VisibilityChange[],
  ): Promise<readonly VisibilityOutcome[]>;
  /** As it was configured and counted at this moment. */
  counts(queue: string): Promise<QueueCounts>;
  /** Messages in the order in which they came, without receiving them. */
  peek(queue: string, wanted: PeekWanted): Promise<readonly PeekedMessage[]>;
  /**
   * Deletes all that is in the queue now.
   *
   * @returns how many
   * @throws {Fault} `purge-in-progress` within 60 s of another
   */
  purge(queue: string): Promise<number>;
  /** For a node that is about to stop: who waits goes with nothing, and who comes is told so. The rest goes on. */
  endWaits(): void;
  /** Moving what is in a dead-letter queue back, or elsewhere. */
  readonly moves: Moves;
}

export interface Wanted {
  /** At most this many, 1 to LIMITS.receiveMessages. SQS's own bound of 10 is its wire's. */
  readonly max: number;
  /** ms; absent: what the queue says. */
  readonly visibilityTimeoutMs?: number;
  /** How long to wait for the first, ms, up to 5 min; absent: what the queue says. SQS's own bound of 20 s is its wire's. */
  readonly waitMs?: number;
  /** Of a FIFO queue: a receive that is repeated with the same id within 5 min has the same answer. */
  readonly attemptId?: string;
}

/**
 * - `deleted`
 * - `stale`: it was deleted already, or has been received again since (a standard queue: SQS answers with success)
 * - `expired`: its visibility timeout is over (a FIFO queue: refused)
 * - `invalid`: not a receipt of this queue
 */
export type DeleteOutcome = 'deleted' | 'stale' | 'expired' | 'invalid';

export interface VisibilityChange {
  readonly receipt: string;
  /** From now, ms, 0 to 12 h. */
  readonly visibilityTimeoutMs: number;
  /** It was not processed and that does not count: the receive count is what it was before. Default false. */
  readonly uncounted?: boolean;
}

/**
 * - `changed`
 * - `not-in-flight`: it is visible (again), gone, or out under another receipt
 * - `too-long`: it would be out for more than 12 h in all
 * - `invalid`: not a receipt of this queue
 */
export type VisibilityOutcome = 'changed' | 'not-in-flight' | 'too-long' | 'invalid';

export interface PeekWanted {
  /** 1 to 1,000. */
  readonly max: number;
  /** Continues after the `position` that a page ended with; absent: from the oldest. */
  readonly after?: number;
}
