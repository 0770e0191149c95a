export type {
  App,
  AppFunction,
  AppQueueTrigger,
  AppRoute,
  AppSchedule,
  LayerWish,
} from './app.ts';
export { type FunctionReference, parseFunctionReference, parseQueueArn } from './arn.ts';
export type { Egress } from './egress.ts';
export type { EventSourceMapping } from './event-source-mapping.ts';
export {
  type Alias,
  type AppDatabase,
  CONFIG_DEFAULTS,
  type Cors,
  type EventInvokeConfig,
  type EventSettings,
  type FunctionConfig,
  type FunctionEntry,
  type FunctionUrl,
  type ImageStart,
  type LayerReference,
  type QueueRight,
  type Route,
  type Shape,
  type Use,
  type Version,
  type VersionDetails,
} from './function.ts';
export { type IdempotencyRule, jsonPathSteps, valueAt } from './idempotency.ts';
export { isOrdered, orderedLane } from './lanes.ts';
export { LIMITS } from './limits.ts';
export {
  ACCOUNT_ID,
  fullName,
  functionArn,
  INTERNAL_SUFFIX,
  isInternalHost,
  LATEST,
  LIVE,
  NAME_PATTERN,
  queueArn,
  REGION,
  scheduleArn,
  slugOf,
  versionLabel,
} from './names.ts';
export { compilePattern, type Pattern } from './pattern/compile.ts';
export { PatternError } from './pattern/error.ts';
export { matches } from './pattern/match.ts';
export { parseEvent } from './pattern/scalar.ts';
export { sqsFilter } from './pattern/sqs-filter.ts';
export {
  mostOf,
  type Provisioned,
  type ProvisionedNow,
  type ProvisionedPlan,
  type ProvisionedStep,
  provisionedAt,
} from './provisioned.ts';
export {
  type AppQueue,
  appQueueSettings,
  defaultQueueSettings,
  type FifoSettings,
  type QueueEncryption,
  type QueueEntry,
  type QueueSettings,
  queueName,
  type Redrive,
  type RedriveAllow,
} from './queue.ts';
export { type PolicyStatement, policyDocument, type ResourcePolicy } from './resource-policy.ts';
export { RUNTIMES, type RuntimeFamily, type RuntimeName, runtimeParts } from './runtime.ts';
export {
  beginSchedule,
  firesAt,
  goOn,
  nextSlot,
  parseSchedule,
  ScheduleError,
  type ScheduleExpression,
  type ScheduleProgress,
  type ScheduleTiming,
} from './schedule/index.ts';
export type { OutcomeKind, ProvisionedSpan, UsageRecord } from './usage.ts';
export { isReservedVariable, VARIABLE_PATTERN } from './variables.ts';
export {
  HMAC_ALGORITHMS,
  HMAC_ENCODINGS,
  type HmacRule,
  WEBHOOK_SCHEMES,
  type Webhook,
  type WebhookScheme,
} from './webhook.ts';
