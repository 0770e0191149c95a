/** The only room that speaks SQL: the connection, migrations, one file per aggregate, the node's own server. */
export {
  announceChange,
  applyDeploy,
  checkDeploy,
  type Deployed,
  type DeployPlan,
  destroyApp,
  withAppLock,
} from './apps.ts';
export { deleteUnusedArtifacts, hasArtifact, readArtifact, writeArtifact } from './artifacts.ts';
export { listenConfiguration, loadConfiguration } from './configuration.ts';
export { connect, type Sql } from './connect.ts';
export {
  claimDatabase,
  createDatabase,
  databaseKeys,
  dropDatabase,
  findDatabase,
  protectDatabases,
  setRoleLimits,
  withDatabaseLock,
} from './databases.ts';
export { draftVersions } from './drafts.ts';
export { dropOldLines, insertLines, type LogLine, linesAfter } from './logs.ts';
export { migrate } from './migrate.ts';
export { type OpenedDatabase, openDatabase, unreachable } from './open-database.ts';
export { dropOldSpans, insertProvisioned, type ProvisionedTotal, provisionedTotals } from './provisioned.ts';
export { putSettingIfAbsent } from './settings.ts';
export {
  dropOldUsage,
  insertUsage,
  MAX_BATCH_RECORDS,
  type UsageBatch,
  usageAfter,
  usageTotals,
} from './usage.ts';
export { listVersions, rollback, rollbackTarget } from './versions.ts';
export { watchDatabase } from './watch.ts';
