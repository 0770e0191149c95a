/** The only room that speaks SQL: the connection, migrations, one file per aggregate, the node's own server. */
export {
  applyDeploy,
  checkDeploy,
  type Deployed,
  type DeployedFunction,
  type DeployPlan,
  destroyApp,
} from './apps.ts';
export {
  type ArtifactContent,
  deleteUnusedArtifacts,
  hasArtifact,
  readArtifact,
  writeArtifact,
} from './artifacts.ts';
export {
  type Configuration,
  currentRevision,
  listenConfiguration,
  loadConfiguration,
} from './configuration.ts';
export {
  type ConnectOptions,
  connect,
  isUnavailable,
  orUnavailable,
  type Queryable,
  type Sql,
} from './connect.ts';
export {
  claimDatabase,
  createDatabase,
  dropDatabase,
  findDatabase,
  protectDatabases,
  setRoleLimits,
  withDatabaseLock,
} from './databases.ts';
export {
  type EmbeddedEvent,
  type EmbeddedOptions,
  type EmbeddedServer,
  startEmbedded,
} from './embedded/index.ts';
export { dropOldLines, insertLines, type LogLine, linesAfter, type StoredLine } from './logs.ts';
export { migrate } from './migrate.ts';
export type { Keep } from './retention.ts';
export { getSetting, putSetting, putSettingIfAbsent } from './settings.ts';
export {
  type After,
  dropOldUsage,
  insertUsage,
  type StoredUsage,
  type UsageTotal,
  usageAfter,
  usageTotals,
} from './usage.ts';
export { listVersions, rollback, type VersionRow } from './versions.ts';
