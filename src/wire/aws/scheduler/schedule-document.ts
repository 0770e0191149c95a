/** A schedule as AWS shows it. */
import { functionRoleName, roleArn } from '../../../identity/index.ts';
import { LIMITS, parseFunctionReference, scheduleArn } from '../../../model/index.ts';
import type { Schedule } from '../../../store/index.ts';
import type { GetScheduleOutput, ScheduleSummary, Target } from '../models/scheduler.types.ts';

const MINUTE_MS = 60_000;

export function scheduleDocument(schedule: Schedule): GetScheduleOutput {
  const { description, startMs, endMs, windowMs } = schedule;
  return {
    ...head(schedule),
    ScheduleExpression: schedule.expression,
    ScheduleExpressionTimezone: schedule.timezone,
    ...(startMs !== null && { StartDate: new Date(startMs) }),
    ...(endMs !== null && { EndDate: new Date(endMs) }),
    ...(description !== null && { Description: description }),
    FlexibleTimeWindow:
      windowMs === 0
        ? { Mode: 'OFF' }
        : { Mode: 'FLEXIBLE', MaximumWindowInMinutes: Math.ceil(windowMs / MINUTE_MS) },
    ActionAfterCompletion: schedule.afterCompletion === 'delete' ? 'DELETE' : 'NONE',
    Target: targetOf(schedule.target),
  };
}

export function scheduleSummary(schedule: Schedule): ScheduleSummary {
  return { ...head(schedule), Target: { Arn: schedule.target.arn } };
}

function head({ group, name, enabled, createdAtMs, modifiedAtMs }: Schedule) {
  return {
    Arn: scheduleArn({ group, name }),
    GroupName: group,
    Name: name,
    State: enabled ? 'ENABLED' : 'DISABLED',
    CreationDate: new Date(createdAtMs),
    LastModificationDate: new Date(modifiedAtMs),
  } as const;
}

function targetOf(target: Schedule['target']): Target {
  const { input, messageGroupId, deadLetterArn } = target;
  return {
    Arn: target.arn,
    RoleArn: target.roleArn === '' ? ownRoleOf(target.arn) : target.roleArn,
    ...(input !== null && { Input: input }),
    ...(messageGroupId !== null && { SqsParameters: { MessageGroupId: messageGroupId } }),
    ...(deadLetterArn !== null && { DeadLetterConfig: { Arn: deadLetterArn } }),
    RetryPolicy: {
      MaximumEventAgeInSeconds: target.maximumEventAgeSeconds ?? LIMITS.eventAgeMs.default / 1_000,
      MaximumRetryAttempts: target.maximumRetryAttempts ?? LIMITS.eventRetries.default,
    },
  };
}

/** A schedule of an app calls a function of it, which has rights of its own. */
function ownRoleOf(arn: string): string {
  const name = functionRoleName(parseFunctionReference(arn)?.name ?? '');
  return roleArn({ path: '/skein/', name });
}
