/** Schedules: fired by any node, once each slot; shown and held up by people. */
import { systemClock as clock, Fault } from '../base/index.ts';
import {
  createMadeSchedules,
  createScheduleDesk,
  type MadeSchedules,
  type ScheduleDesk,
} from '../control/index.ts';
import { parseFunctionReference, parseQueueArn, policyDocument } from '../model/index.ts';
import type { Snapshot } from '../registry/index.ts';
import { createScheduler, type Scheduler, startWarmUp } from '../sources/schedule/index.ts';
import {
  type FifoSend,
  fireSchedules,
  keepFired,
  nextScheduleInMs,
  type Schedule,
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
  { sql, registry, queues, identity }: Pick<State, 'sql' | 'registry' | 'queues' | 'identity'>,
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
    mayCall: (schedule, arn) => mayCall(schedule, arn, { registry, authority: identity.authority }),
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

/** As on AWS its role must still let the scheduler in, and be allowed what it does. What a manifest says is allowed by that. */
function mayCall(
  { app, target }: Schedule,
  arn: string,
  { registry, authority }: Pick<State, 'registry'> & Pick<State['identity'], 'authority'>,
): boolean {
  if (app !== null) return true;
  const role = { nameOrArn: target.roleArn, service: 'scheduler.amazonaws.com' };
  try {
    const roleName = authority.requireAssumable(role);
    return authority.roleAllows({ roleName, resource: arn, ...callOf(arn, registry.current()) });
  } catch (error) {
    if (error instanceof Fault && error.code === 'role-unassumable') return false;
    throw error;
  }
}

/** What is done with a target, and what its own policies say of it. */
function callOf(arn: string, { functions, queues }: Snapshot) {
  const queue = parseQueueArn(arn);
  if (queue !== null) {
    const policy = queues.get(queue)?.policy ?? null;
    return { action: 'sqs:SendMessage', resourcePolicies: policy === null ? [] : [policy] };
  }
  const called = parseFunctionReference(arn);
  const policy = functions.get(called?.name ?? '')?.policies.get(called?.qualifier ?? '');
  const resourcePolicies = policy === undefined ? [] : [policyDocument(policy)];
  return { action: 'lambda:InvokeFunction', resourcePolicies };
}
