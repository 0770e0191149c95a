/** What the operations of SQS's API are made of. The needs are ours; server/ fills them. */
import type { QueueControl } from '../../../control/index.ts';
import type { QueueEntry } from '../../../model/index.ts';
import type { Queues } from '../../../resources/index.ts';

export interface SqsParts {
  readonly registry: { current(): { readonly queues: ReadonlyMap<string, QueueEntry> } };
  readonly queues: Pick<
    Queues,
    'changeVisibility' | 'counts' | 'delete' | 'moves' | 'purge' | 'receive' | 'send'
  >;
  readonly control: Omit<QueueControl, 'pause'>;
}
