/** When schedules fire: expressions, time zones, slots. Pure. */
export { parseSchedule, type ScheduleExpression } from './expression.ts';
export { nextSlot, type ScheduleSpan } from './next-slot.ts';
export { ScheduleError } from './schedule-error.ts';
