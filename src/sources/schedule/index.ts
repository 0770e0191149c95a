/** Schedules: their slots become events. */

export { createScheduler, type Scheduler, type SchedulerParts } from './scheduler.ts';
export { startWarmUp } from './warm-up.ts';
