/**
 * EventBridge Scheduler's API: schedules, their groups, tags. Translates; what a schedule is, and when it fires,
 * is decided below.
 */
import type { SchedulerOperations } from '../models/scheduler.types.ts';
import { readModel } from '../protocol/index.ts';
import type { AwsService, Operations } from '../service.ts';
import { schedulerError } from './errors.ts';
import { groupOperations } from './groups.ts';
import type { SchedulerParts } from './parts.ts';
import { scheduleOperations } from './schedules.ts';
import { tagOperations } from './tags.ts';

export function schedulerService(parts: SchedulerParts): AwsService {
  const operations: Operations<SchedulerOperations> = {
    ...scheduleOperations(parts),
    ...groupOperations(parts),
    ...tagOperations(parts),
  };
  return {
    model: readModel('scheduler'),
    operations: operations as AwsService['operations'],
    errorOf: schedulerError,
  };
}
