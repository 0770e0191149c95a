export type {
  ControlOptions,
  DeployAnswer,
  DestroyAnswer,
  ListAnswer,
  RollbackAnswer,
  VersionsAnswer,
} from './answers.ts';
export { type Control, createControl } from './control.ts';
export type { Functions, VersionSettings } from './functions/index.ts';
export { createLambdaControl, type LambdaControl } from './lambda.ts';
export { type LayerKey, layerArn, layerVersionArn, parseLayerVersionArn } from './layers/index.ts';
export { createQueueControl, type NewQueue, type QueueChanges, type QueueControl } from './queues/index.ts';
export { capacityProviderArn, codeSigningArn, type Records } from './records/index.ts';
export {
  createMadeSchedules,
  createScheduleDesk,
  type MadeSchedules,
  type MadeScheduleWish,
  type ScheduleAnswer,
  type ScheduleDesk,
  type ScheduleRunAnswer,
  type SchedulesAnswer,
} from './schedules/index.ts';
export {
  createSecrets,
  type RemovedAnswer,
  type RotateAnswer,
  type Secrets,
  type SecretsAnswer,
  type SetAnswer,
} from './secrets.ts';
export { functionUrls } from './urls.ts';
