/** Events: taken in by the edges, delivered through the one door. */
import { systemClock as clock, systemRandom } from '../base/index.ts';
import { nodeId } from '../cluster/index.ts';
import { createEvents, type Events, openEventStore } from '../events/index.ts';
import type { Invoker } from '../invoke/index.ts';
import type { Site } from './site.ts';
import type { State } from './state.ts';

/** Not started: what waits is delivered once the node is ready. */
export async function openEvents(
  { options, building, newId, problem, weather }: Site,
  { database, registry }: State,
  invoker: Invoker,
): Promise<Events> {
  const holder = await nodeId(options.home);
  const events = createEvents({
    store: openEventStore({ databaseUrl: database.url, holder }),
    directory: registry,
    invoke: (invocation, signal) => invoker.invoke(invocation, signal),
    ...{ clock, random: systemRandom, newId, onProblem: problem('events') },
    retryMs: options.eventRetryMs,
    ...{ accountConcurrency: options.accountConcurrency, weather },
  });
  building.defer(() => events.stop());
  return events;
}
