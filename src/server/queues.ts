/** Queues: kept in the database, configured by the registry. */
import { systemClock as clock } from '../base/index.ts';
import { nodeId } from '../cluster/index.ts';
import { createQueueControl, type QueueControl } from '../control/index.ts';
import { createQueues, openQueueStore, type Queues } from '../resources/index.ts';
import type { Home } from './site.ts';
import type { State } from './state.ts';

export interface OpenedQueues {
  readonly queues: Queues;
  readonly control: QueueControl;
}

export async function openQueues(
  { options, building, newId, problem }: Pick<Home, 'options' | 'building' | 'newId' | 'problem'>,
  { database, sql, registry }: Pick<State, 'database' | 'sql' | 'registry'>,
): Promise<OpenedQueues> {
  const holder = await nodeId(options.home);
  const queues = createQueues({
    store: openQueueStore({ databaseUrl: database.url, holder }),
    ...{ directory: registry, clock, newId, onProblem: problem('queues') },
  });
  building.defer(() => queues.stop());
  await queues.start();
  return { queues, control: createQueueControl({ sql, registry, clock }) };
}
