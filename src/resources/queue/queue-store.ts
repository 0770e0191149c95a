/** What queues need of whoever keeps messages. In a node it is a thread with connections of its own: see store-thread.ts. */
import type {
  DueQueue,
  FifoDeleted,
  FifoMessageRow,
  FifoTerms,
  HeldMessage,
  MessageCounts,
  MessageRow,
  MoveRow,
  NewMoveRow,
  NumberedMessage,
  SeenMessage,
  TakenMessage,
  VisibilityRow,
  WaitedFor,
} from '../../store/index.ts';

/** Everything rejects with the Fault `database-unavailable`. */
export interface QueueStore extends QueueAnswers {
  /** Calls back when another node has stored something in these queues; null: in any. */
  onNews(listener: (queueIds: readonly number[] | null) => void): void;
  /** Idempotent. */
  close(): Promise<void>;
}

export interface QueueAnswers {
  /** Resolves when all of them are committed. @returns ids of those whose queue there is */
  insert(messages: readonly MessageRow[]): Promise<readonly string[]>;
  /** Those without a deduplication id have one made of their body. */
  insertFifo(messages: readonly FifoWish[]): Promise<readonly (NumberedMessage | null)[]>;
  receive(terms: Omit<FifoTerms, 'receipt'> & { readonly fifo: boolean }): Promise<Received>;
  due(queues: WaitedFor): Promise<readonly DueQueue[]>;
  delete(held: readonly HeldMessage[]): Promise<readonly number[]>;
  deleteFifo(held: readonly HeldMessage[]): Promise<FifoDeleted>;
  changeVisibility(changes: readonly VisibilityRow[]): Promise<readonly number[]>;
  changeFifoVisibility(changes: readonly VisibilityRow[]): Promise<readonly number[]>;
  count(queueId: number): Promise<MessageCounts>;
  see(page: {
    readonly queueId: number;
    readonly after: number;
    readonly max: number;
  }): Promise<readonly SeenMessage[]>;
  purge(queueId: number): Promise<number | null>;
  /** Deletes what is too old, or left behind: all of it. */
  sweep(input: null): Promise<void>;
  startMove(move: NewMoveRow): Promise<MoveRow | null>;
  cancelMove(id: string): Promise<number | 'ended' | null>;
  listMoves(page: { readonly source: string; readonly max: number }): Promise<readonly MoveRow[]>;
  /** @returns tasks that are this node's to do for so long */
  leaseMoves(leaseMs: number): Promise<readonly MoveRow[]>;
  /** @returns how many were moved; 0: the task has ended */
  move(wanted: { readonly id: string; readonly max: number }): Promise<number>;
}

export interface Received {
  readonly messages: readonly TakenMessage[];
  /** Where there are none: until there may be one, ms; null: nothing waits. */
  readonly dueInMs: number | null;
}

/** A message for a FIFO queue, on its way. */
export type FifoWish = Omit<FifoMessageRow, 'deduplicationId'> & { readonly deduplicationId: string | null };
