/** Schedules: made, shown, replaced, deleted, listed. */
import { scheduleArn } from '../../../model/index.ts';
import { DEFAULT_SCHEDULE_GROUP } from '../../../store/index.ts';
import type { SchedulerOperations } from '../models/scheduler.types.ts';
import type { AwsCall, Operations } from '../service.ts';
import { nextToken, pageWanted } from './pages.ts';
import { groupArn, type SchedulerParts } from './parts.ts';
import { scheduleDocument, scheduleSummary } from './schedule-document.ts';
import { scheduleWish } from './schedule-wish.ts';

type Of = 'CreateSchedule' | 'DeleteSchedule' | 'GetSchedule' | 'ListSchedules' | 'UpdateSchedule';
type Wish = Parameters<Required<Operations<SchedulerOperations>>['CreateSchedule']>[0];

const SERVICE = 'scheduler.amazonaws.com';

export function scheduleOperations({
  schedules,
  roles,
  clock,
}: SchedulerParts): Pick<Operations<SchedulerOperations>, Of> {
  const allowed = async (call: AwsCall, { Name: name, GroupName: group = DEFAULT_SCHEDULE_GROUP }: Named) => {
    await call.authorize(`scheduler:${call.operation}`, scheduleArn({ group, name }));
    return { group, name };
  };
  const wanted = async (call: AwsCall, input: Wish) => {
    const wish = { ...(await allowed(call, input)), ...scheduleWish(input, clock.wallMs()) };
    const { RoleArn } = input.Target;
    await call.authorize('iam:PassRole', RoleArn, { context: { 'iam:PassedToService': SERVICE } });
    roles.requireAssumable({ nameOrArn: RoleArn, service: SERVICE });
    return { ...wish, token: input.ClientToken ?? null };
  };
  return {
    async CreateSchedule(input, call) {
      const wish = await wanted(call, input);
      await schedules.create(wish);
      return { ScheduleArn: scheduleArn(wish) };
    },
    async UpdateSchedule(input, call) {
      const wish = await wanted(call, input);
      await schedules.replace(wish);
      return { ScheduleArn: scheduleArn(wish) };
    },
    async GetSchedule(input, call) {
      return scheduleDocument(await schedules.get(await allowed(call, input)));
    },
    async DeleteSchedule(input, call) {
      const key = await allowed(call, input);
      await schedules.delete({ ...key, token: input.ClientToken ?? null });
      return {};
    },
    async ListSchedules(input, call) {
      const { GroupName: group = null, NamePrefix: prefix = '', State } = input;
      await call.authorize('scheduler:ListSchedules', group === null ? '*' : groupArn(group));
      const enabled = State === undefined ? null : State === 'ENABLED';
      const { after, limit } = pageWanted(input);
      const found = await schedules.list({ group, prefix, enabled, limit, after: keyOf(after) });
      const next = found.next === null ? null : `${found.next.group}/${found.next.name}`;
      return { Schedules: found.schedules.map(scheduleSummary), ...nextToken(next) };
    },
  };
}

interface Named {
  readonly Name: string;
  readonly GroupName?: string | undefined;
}

/** No name has a slash. */
function keyOf(after: string | null) {
  const [group = '', name = ''] = after?.split('/') ?? [];
  return after === null ? null : { group, name };
}
