/** Tags, which schedule groups have and schedules do not. */
import type { SchedulerOperations } from '../models/scheduler.types.ts';
import type { AwsCall, Operations } from '../service.ts';
import type { SchedulerParts } from './parts.ts';

type Of = 'ListTagsForResource' | 'TagResource' | 'UntagResource';

export function tagOperations({
  schedules: { groups },
}: SchedulerParts): Pick<Operations<SchedulerOperations>, Of> {
  const allowed = async (call: AwsCall, { ResourceArn }: { readonly ResourceArn: string }) => {
    await call.authorize(`scheduler:${call.operation}`, ResourceArn);
    return ResourceArn.slice(ResourceArn.lastIndexOf('/') + 1);
  };
  return {
    async ListTagsForResource(input, call) {
      const { tags } = await groups.get(await allowed(call, input));
      return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
    },
    async TagResource(input, call) {
      await groups.tag(await allowed(call, input), tagsOf(input.Tags));
      return {};
    },
    async UntagResource(input, call) {
      await groups.untag(await allowed(call, input), input.TagKeys);
      return {};
    },
  };
}

export function tagsOf(
  tags: readonly { readonly Key: string; readonly Value: string }[] = [],
): Readonly<Record<string, string>> {
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));
}
