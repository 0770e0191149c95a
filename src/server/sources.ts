/** What turns messages into invocations. */
import { systemClock as clock, type Service, systemRandom } from '../base/index.ts';
import { nodeId } from '../cluster/index.ts';
import type { Events } from '../events/index.ts';
import type { Invoker } from '../invoke/index.ts';
import { queuesInWeather } from '../resources/index.ts';
import { createQueueTriggers } from '../sources/index.ts';
import { keepFailedEvent, releaseTriggerLeases, takeTriggerLeases } from '../store/index.ts';
import type { Site } from './site.ts';
import type { State } from './state.ts';

/** Not started: nothing is delivered before the node is ready. */
export async function openSources(
  { options, building, newId, problem, weather }: Site,
  { sql, registry, queues: fair }: State,
  { invoker, events }: { readonly invoker: Invoker; readonly events: Pick<Events, 'keys'> },
): Promise<Service> {
  const holder = await nodeId(options.home);
  const queues = options.weather === null ? fair : queuesInWeather(fair, weather);
  const triggers = createQueueTriggers({
    ...{ registry, queues, clock, random: systemRandom, newId, onProblem: problem('triggers') },
    invoke: (invocation, signal) => invoker.invoke(invocation, signal),
    keys: events.keys,
    keep: (event) => keepFailedEvent(sql, event),
    leases: {
      take: (wanted, leaseMs) => takeTriggerLeases(sql, { holder, leaseMs, wanted }),
      release: (ids) => releaseTriggerLeases(sql, { holder, ids }),
    },
  });
  building.defer(() => triggers.stop());
  return triggers;
}
