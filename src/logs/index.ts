export { type InstanceLog, type LogIntake, startLogIntake } from './intake.ts';
export { type LogReader, logReader } from './reader.ts';
export type { LogEntry } from './report.ts';
