export type { ScheduleAnswer, ScheduleRunAnswer, SchedulesAnswer } from './answers.ts';
export { createScheduleDesk, type ScheduleDesk } from './operate.ts';
