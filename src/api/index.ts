export { type Api, createApi } from './api.ts';
export type { ApiOptions, FunctionUsage, LogEntry, Status } from './options.ts';
