/** When schedules fire: expressions, time zones, slots. Pure. */
export { parseSchedule, type ScheduleExpression } from './expression.ts';
export { nextSlot, type ScheduleSpan } from './next-slot.ts';
export {
  beginSchedule,
  firesAt,
  goOn,
  type ScheduleProgress,
  type ScheduleTiming,
} from './progress.ts';
export { ScheduleError } from './schedule-error.ts';
