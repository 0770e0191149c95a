/** From a request to what is wanted of a schedule; what the model cannot say of it is checked here. */

import type { MadeScheduleWish } from '../../../control/index.ts';
import { parseSchedule, ScheduleError, type ScheduleExpression } from '../../../model/index.ts';
import type { CreateScheduleInput, FlexibleTimeWindow } from '../models/scheduler.types.ts';
import { invalid } from './errors.ts';
import { checkTarget, checkText, notHere } from './target.ts';

const MINUTE_MS = 60_000;
/** How far in the past a recurring schedule may begin. */
const START_GRACE_MS = 5 * MINUTE_MS;
/** What AWS puts where nothing is said. */
const DEFAULT_RETRIES = { attempts: 185, ageSeconds: 86_400 };

/** @param nowMs wall ms. @throws {AwsError} `ValidationException` */
export function scheduleWish(
  input: CreateScheduleInput,
  nowMs: number,
): Omit<MadeScheduleWish, 'group' | 'name'> {
  const { ScheduleExpression, ScheduleExpressionTimezone: timezone = 'UTC', Target } = input;
  const expression = read(ScheduleExpression, timezone);
  const startMs = input.StartDate?.getTime() ?? null;
  const endMs = input.EndDate?.getTime() ?? null;
  if (expression.kind !== 'at') checkSpan({ startMs, endMs, nowMs });
  const windowMs = windowOf(input.FlexibleTimeWindow);
  if (input.KmsKeyArn !== undefined) throw notHere('KmsKeyArn');
  checkText('Description', input.Description);
  checkTarget(Target);
  return {
    expression: ScheduleExpression,
    ...{ timezone, startMs, endMs, windowMs },
    description: input.Description ?? null,
    enabled: input.State !== 'DISABLED',
    afterCompletion: input.ActionAfterCompletion === 'DELETE' ? 'delete' : 'keep',
    target: {
      arn: Target.Arn,
      roleArn: Target.RoleArn,
      input: Target.Input ?? null,
      messageGroupId: Target.SqsParameters?.MessageGroupId ?? null,
      maximumRetryAttempts: Target.RetryPolicy?.MaximumRetryAttempts ?? DEFAULT_RETRIES.attempts,
      maximumEventAgeSeconds: Target.RetryPolicy?.MaximumEventAgeInSeconds ?? DEFAULT_RETRIES.ageSeconds,
      deadLetterArn: Target.DeadLetterConfig?.Arn ?? null,
    },
  };
}

/** AWS allows no space around an expression, or within its brackets. */
const STRICT = /^\w+\(\S(?:.*\S)?\)$/;

function read(text: string, timezone: string): ScheduleExpression {
  try {
    if (!STRICT.test(text)) throw new ScheduleError('expression', 'it has space where AWS allows none');
    return parseSchedule(text, { timezone, dialect: 'aws' });
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error;
    const what =
      error.about === 'timezone' ? `ScheduleExpressionTimezone ${timezone}` : `Schedule Expression ${text}`;
    throw invalid(`Invalid ${what}.`);
  }
}

function checkSpan(span: { startMs: number | null; endMs: number | null; nowMs: number }): void {
  const { startMs, endMs, nowMs } = span;
  if (startMs !== null && startMs < nowMs - START_GRACE_MS)
    throw invalid('The StartDate you specify cannot be earlier than 5 minutes ago.');
  if (endMs !== null && endMs < (startMs ?? nowMs))
    throw invalid('The EndDate you specify must be later than the StartDate, and in the future.');
}

function windowOf({ Mode, MaximumWindowInMinutes: minutes }: FlexibleTimeWindow): number {
  if (Mode === 'OFF') return 0;
  if (minutes !== undefined) return minutes * MINUTE_MS;
  throw invalid('MaximumWindowInMinutes must be provided when FlexibleTimeWindowMode is set to FLEXIBLE');
}
