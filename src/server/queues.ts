/** Queues: kept in the database, configured by the registry. */
import { systemClock as clock } from '../base/index.ts';
import { nodeId } from '../cluster/index.ts';
import { createQueueControl, type QueueControl } from '../control/index.ts';
import type { Registry } from '../registry/index.ts';
import { createQueues, openQueueStore, type Queues } from '../resources/index.ts';
import type { Sql } from '../store/index.ts';
import type { Home } from './site.ts';

export interface OpenedQueues {
  readonly queues: Queues;
  readonly queueControl: QueueControl;
}

export async function openQueues(
  { options, building, newId, problem }: Home,
  { databaseUrl, sql, registry }: { databaseUrl: string; sql: Sql; registry: Registry },
): Promise<OpenedQueues> {
  const holder = await nodeId(options.home);
  const queues = createQueues({
    store: openQueueStore({ databaseUrl, holder }),
    ...{ directory: registry, clock, newId, onProblem: problem('queues') },
  });
  building.defer(() => queues.stop());
  await queues.start();
  return { queues, queueControl: createQueueControl({ sql, registry, clock }) };
}
