export { type Api, createApi } from './api.ts';
export type { ApiOptions, Status } from './options.ts';
export type { UsageAnswer } from './usage-document.ts';
