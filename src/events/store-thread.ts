/**
 * The event store of a node: a thread with connections of its own, so that neither making and reading of batches
 * nor waiting for PostgreSQL is on the loop that serves requests.
 */
import { openThread } from '../base/index.ts';
import type { EventStore } from './event-store.ts';

export interface EventThreadOptions {
  readonly databaseUrl: string;
  readonly holder: string;
}

/** What can be asked, by name. */
export type Asked = Omit<EventStore, 'onNews' | 'close'>;

export function openEventStore(workerData: EventThreadOptions): EventStore {
  const thread = openThread<Asked>({
    module: new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js', import.meta.url),
    workerData,
    asks: [
      ...(['insert', 'dueLanes', 'claim', 'renew', 'settle', 'release', 'volumes', 'oldestAtMs'] as const),
      ...(['takeKeys', 'endKeys', 'renewKeys', 'releaseKeys', 'keepShapes'] as const),
    ],
  });
  return { ...thread.ask, onNews: (told) => thread.onNews(told), close: () => thread.close() };
}
