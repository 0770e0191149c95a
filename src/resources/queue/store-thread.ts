/** The store of queues of a node: a thread, so that no batch is made, read or waited for on the loop that serves requests. */
import { openThread } from '../../base/index.ts';
import type { QueueAnswers, QueueStore } from './queue-store.ts';

export interface QueueThreadOptions {
  readonly databaseUrl: string;
  readonly holder: string;
}

export function openQueueStore(workerData: QueueThreadOptions): QueueStore {
  const thread = openThread<QueueAnswers & Record<string, never>>({
    module: new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js', import.meta.url),
    workerData,
    asks: [
      ...(['insert', 'insertFifo', 'receive', 'due', 'delete', 'deleteFifo'] as const),
      ...(['changeVisibility', 'changeFifoVisibility', 'count', 'see', 'purge', 'sweep'] as const),
      ...(['startMove', 'cancelMove', 'listMoves', 'leaseMoves', 'move'] as const),
    ],
  });
  return { ...thread.ask, onNews: (told) => thread.onNews(told), close: () => thread.close() };
}
