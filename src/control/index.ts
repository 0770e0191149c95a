export type {
  ControlOptions,
  DeployAnswer,
  DestroyAnswer,
  ListAnswer,
  RollbackAnswer,
  VersionsAnswer,
} from './answers.ts';
export { type Control, createControl } from './control.ts';
export { functionUrls } from './urls.ts';
