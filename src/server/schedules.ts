/** Schedules: fired by any node, once each slot; shown and held up by people. */
import { systemClock as clock, Fault } from '../base/index.ts';
import {
  createMadeSchedules,
  createScheduleDesk,
  type MadeSchedules,
  type ScheduleDesk,
} from '../control/index.ts';
import { createScheduler, type Scheduler, startWarmUp } from '../sources/schedule/index.ts';
import {
  type FifoSend,
  fireSchedules,
  keepFired,
  nextScheduleInMs,
  schedulesDueSoon,
} from '../store/index.ts';
import type { DataPlane } from './data-plane.ts';
import type { Site } from './site.ts';
import type { State } from './state.ts';

export interface Schedules {
  readonly scheduler: Scheduler;
  readonly desk: ScheduleDesk;
  /** Those that AWS's API makes. */
  readonly made: MadeSchedules;
}

/** Not started: what is due fires once the node is ready. */
export function openSchedules(
  { building, newId, problem }: Site,
  { sql, registry, queues }: Pick<State, 'sql' | 'registry' | 'queues'>,
  { events, fleet }: Pick<DataPlane, 'events' | 'fleet'>,
): Schedules {
  const onProblem = problem('schedules');
  const send = sender(queues, onProblem);
  const scheduler = createScheduler({
    store: {
      fire: (firing) => fireSchedules(sql, { ...firing, send }),
      nextInMs: () => nextScheduleInMs(sql),
      keep: (fired) => keepFired(sql, fired, send),
    },
    ...{ clock, newId, directory: registry, onProblem },
    onFired: () => events.lookAround(),
  });
  building.defer(() => scheduler.stop());
  building.defer(registry.onChange(() => scheduler.poke())); // a deploy may have brought some
  const endWarmUp = startWarmUp({
    ...{ clock, registry, onProblem: problem('starts ahead of schedules') },
    dueSoon: (withinMs) => schedulesDueSoon(sql, withinMs),
    expect: (version, untilMs) => fleet.expect(version, untilMs),
  });
  building.defer(endWarmUp);
  const desk = createScheduleDesk({
    sql,
    poke: () => scheduler.poke(),
    fire: (schedule) => scheduler.fireNow(schedule),
  });
  const made = createMadeSchedules(sql, { poke: () => scheduler.poke() });
  return { scheduler, desk, made };
}

/** @returns sends to FIFO queues; throws what may be otherwise later, and reports what will not be */
function sender(queues: State['queues'], onProblem: (problem: unknown) => void) {
  return async (sends: readonly FifoSend[]) => {
    for (const { queue, ...message } of sends) {
      try {
        const [sent] = await queues.send(queue, [message]);
        if (sent instanceof Fault) throw sent;
      } catch (problem) {
        if (!(problem instanceof Fault) || problem.retry) throw problem;
        onProblem(problem);
      }
    }
  };
}
