/** Schedule groups. `default` is always there; another goes with its schedules. */
import type { ScheduleGroup } from '../../../store/index.ts';
import type { GetScheduleGroupOutput, SchedulerOperations } from '../models/scheduler.types.ts';
import type { AwsCall, Operations } from '../service.ts';
import { nextToken, pageWanted } from './pages.ts';
import { groupArn, type SchedulerParts } from './parts.ts';
import { tagsOf } from './tags.ts';

type Of = 'CreateScheduleGroup' | 'DeleteScheduleGroup' | 'GetScheduleGroup' | 'ListScheduleGroups';

export function groupOperations({
  schedules: { groups },
}: SchedulerParts): Pick<Operations<SchedulerOperations>, Of> {
  const allowed = async (call: AwsCall, { Name }: { readonly Name: string }) => {
    await call.authorize(`scheduler:${call.operation}`, groupArn(Name));
    return Name;
  };
  return {
    async CreateScheduleGroup(input, call) {
      const name = await allowed(call, input);
      await groups.create({ name, tags: tagsOf(input.Tags), token: input.ClientToken ?? null });
      return { ScheduleGroupArn: groupArn(name) };
    },
    async GetScheduleGroup(input, call) {
      return told(await groups.get(await allowed(call, input)));
    },
    async DeleteScheduleGroup(input, call) {
      const name = await allowed(call, input);
      await groups.delete({ name, token: input.ClientToken ?? null });
      return {};
    },
    async ListScheduleGroups(input, call) {
      await call.authorize('scheduler:ListScheduleGroups', '*');
      const found = await groups.list({ prefix: input.NamePrefix ?? '', ...pageWanted(input) });
      return { ScheduleGroups: found.groups.map(told), ...nextToken(found.next) };
    },
  };
}

/** Dates are given in whole seconds, as on AWS. */
function told({ name, createdAtMs, modifiedAtMs }: ScheduleGroup): GetScheduleGroupOutput {
  return {
    Arn: groupArn(name),
    Name: name,
    State: 'ACTIVE',
    CreationDate: new Date(createdAtMs),
    LastModificationDate: new Date(modifiedAtMs),
  };
}
