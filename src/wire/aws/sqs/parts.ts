/** What the operations of SQS's API are made of. The needs are ours; server/ fills them. */
import type { FifoSettings, QueueEncryption, QueueEntry, QueueSettings } from '../../../model/index.ts';
import type { Queues } from '../../../resources/index.ts';

export interface SqsParts {
  readonly registry: { current(): { readonly queues: ReadonlyMap<string, QueueEntry> } };
  readonly queues: Pick<
    Queues,
    'changeVisibility' | 'counts' | 'delete' | 'moves' | 'purge' | 'receive' | 'send'
  >;
  readonly control: QueueControl;
}

/**
 * Queues' configuration, each verb one transaction; when it resolves, this node's registry serves the change. Each
 * that names a queue throws the Fault `queue-not-found`.
 */
export interface QueueControl {
  /**
   * Does nothing where a queue of this name is there with the same values for all that is given.
   *
   * @throws {Fault} `queue-exists` (fact `attribute`: what differs), `queue-attribute-invalid`, `parameter-invalid`
   */
  create(wanted: {
    readonly name: string;
    readonly changes: QueueChanges;
    readonly tags: Readonly<Record<string, string>>;
  }): Promise<void>;
  /** @throws {Fault} `queue-attribute-invalid` (fact `attribute`); nothing is changed then */
  change(name: string, changes: QueueChanges): Promise<void>;
  delete(name: string): Promise<void>;
  tag(name: string, tags: Readonly<Record<string, string>>): Promise<void>;
  untag(name: string, keys: readonly string[]): Promise<void>;
  /** Adds a statement to the queue's policy. @throws {Fault} `parameter-invalid`, `resource-conflict` (the label is taken) */
  addPermission(
    name: string,
    grant: {
      readonly label: string;
      readonly accountIds: readonly string[];
      /** `SQS:SendMessage`, or `SQS:*` */
      readonly actions: readonly string[];
    },
  ): Promise<void>;
  /** @throws {Fault} `resource-not-found` */
  removePermission(name: string, label: string): Promise<void>;
}

/** What is left out stays as it is; of a new queue it is the default. */
export interface QueueChanges extends Partial<Omit<QueueSettings, 'encryption' | 'fifo'>> {
  readonly encryption?: Partial<QueueEncryption>;
  /** Of a FIFO queue; whether it is one, its name says. */
  readonly fifo?: Partial<FifoSettings>;
  /** An IAM document, JSON text; null: none. */
  readonly policy?: string | null;
}
