export type { ScheduleAnswer, ScheduleRunAnswer, SchedulesAnswer } from './answers.ts';
export { createMadeSchedules, type MadeSchedules, type MadeScheduleWish } from './made-schedules.ts';
export { createScheduleDesk, type ScheduleDesk } from './operate.ts';
