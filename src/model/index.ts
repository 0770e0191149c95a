export type { App, AppFunction } from './app.ts';
export type { Egress } from './egress.ts';
export {
  type AppDatabase,
  type FunctionConfig,
  type FunctionEntry,
  type Route,
  RUNTIMES,
  type RuntimeName,
  type Shape,
  type Version,
} from './function.ts';
export { LIMITS } from './limits.ts';
export { ACCOUNT_ID, fullName, functionArn, LIVE, NAME_PATTERN, REGION, slugOf } from './names.ts';
export type { OutcomeKind, ProvisionedSpan, UsageRecord } from './usage.ts';
