/** Schedules: fired by any node, once each slot; shown and held up by people. */
import { systemClock as clock } from '../base/index.ts';
import { createScheduleDesk, type ScheduleDesk } from '../control/index.ts';
import type { Events } from '../events/index.ts';
import { createScheduler, type Scheduler } from '../sources/schedule/index.ts';
import { fireSchedules, insertEvents, nextScheduleInMs } from '../store/index.ts';
import type { Site } from './site.ts';
import type { State } from './state.ts';

export interface Schedules {
  readonly scheduler: Scheduler;
  readonly desk: ScheduleDesk;
}

/** Not started: what is due fires once the node is ready. */
export function openSchedules(
  { building, newId, problem }: Site,
  { sql, registry }: Pick<State, 'sql' | 'registry'>,
  events: Pick<Events, 'lookAround'>,
): Schedules {
  const scheduler = createScheduler({
    store: {
      fire: (firing) => fireSchedules(sql, firing),
      nextInMs: () => nextScheduleInMs(sql),
      keep: (event) => insertEvents(sql, [event]),
    },
    ...{ clock, newId, onProblem: problem('schedules') },
    onFired: () => events.lookAround(),
  });
  building.defer(() => scheduler.stop());
  building.defer(registry.onChange(() => scheduler.poke())); // a deploy may have brought some
  const desk = createScheduleDesk({
    sql,
    poke: () => scheduler.poke(),
    fire: (schedule) => scheduler.fireNow(schedule),
  });
  return { scheduler, desk };
}
