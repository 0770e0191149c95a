export { type InstanceLog, type LogIntake, type LogTail, startLogIntake } from './intake.ts';
export { type LogReader, logReader } from './reader.ts';
export { type LogEntry, requestLog } from './report.ts';
export { tailOf } from './tails.ts';
export type { InstanceTelemetry } from './telemetry/instance-telemetry.ts';
