/** The only room that speaks SQL: the connection, migrations, one file per aggregate, the node's own server. */

export { DEFAULT_SCHEDULE_GROUP } from './app-schedules.ts';
export {
  applyDeploy,
  checkDeploy,
  type Deployed,
  type DeployPlan,
  destroyApp,
  withAppLock,
} from './apps.ts';
export {
  artifactBytes,
  deleteUnusedArtifacts,
  hasArtifact,
  noteArtifact,
  readArtifact,
  writeArtifact,
} from './artifacts.ts';
export { announceChange } from './changes.ts';
export { doOnce, forgetOldCalls } from './client-tokens.ts';
export { codeBytes } from './code-bytes.ts';
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
export { dropOldDeliveries } from './deliveries.ts';
export { draftVersions } from './drafts.ts';
export {
  type Claim,
  type ClaimedEvent,
  claimEvents,
  type DueLane,
  dueLanes,
  type EventFailure,
  type Held,
  releaseEvents,
  renewEvents,
} from './event-claims.ts';
export { connectEvents, listenEvents, notifyEvents } from './event-connection.ts';
export { type EventPause, listPauses, pauseEvents, resumeEvents } from './event-pauses.ts';
export { type AttemptNote, type Settlement, settleEvents } from './event-settlements.ts';
export { type EventShape, keepShapes, type SeenShape, shapesOf } from './event-shapes.ts';
export {
  changeMapping,
  deleteMapping,
  findMapping,
  insertMapping,
  listMappings,
  type MappingChange,
} from './event-source-mappings.ts';
export { sweepEvents } from './event-sweep.ts';
export {
  type EventContext,
  type EventTerms,
  insertEvents,
  type LaneVolume,
  laneVolumes,
  type NewEvent,
  oldestEvent,
} from './events.ts';
export {
  dropOldFailedEvents,
  editFailedEvent,
  type FailedEvent,
  findEvent,
  type KnownEvent,
  keepFailedEvent,
  listFailedEvents,
  listWaitingEvents,
  redriveEvents,
  type WaitingEvent,
} from './failed-events.ts';
export { type AliasPoints, changeAlias, createAlias, deleteAlias } from './function-aliases.ts';
export { noFunction, updateInProgress } from './function-changes.ts';
export type { Made } from './function-rows.ts';
export {
  changeSettings,
  type FunctionSettings,
  functionsSignedBy,
  readSettings,
  type StoredRuntimeManagement,
  type StoredScaling,
} from './function-settings.ts';
export {
  changeLatest,
  createFunction,
  deleteFunction,
  deleteVersion,
  publishVersion,
} from './functions.ts';
export {
  dropOldKeys,
  type EndedKey,
  endKeys,
  type FoundKey,
  type RecordedAnswer,
  releaseKeys,
  renewKeys,
  takeKeys,
  type WantedKey,
} from './idempotency.ts';
export {
  changeIdentities,
  type IdentityChange,
  type IdentityKind,
  listenIdentities,
  loadIdentities,
  type StoredIdentity,
} from './identities.ts';
export {
  changeRecord,
  deleteRecord,
  findRecord,
  insertRecord,
  type LambdaRecord,
  listRecords,
  type RecordKind,
} from './lambda-records.ts';
export {
  changeLayerPolicy,
  deleteLayer,
  findLayer,
  forgetDeletedLayers,
  type LayerVersion,
  listLayers,
  listLayerVersions,
  publishLayer,
} from './layers.ts';
export { dropOldLines, insertLines, type LogLine, linesAfter } from './logs.ts';
export { migrate } from './migrate.ts';
export { type OpenedDatabase, openDatabase, unreachable } from './open-database.ts';
export { dropOldSpans, insertProvisioned, type ProvisionedTotal, provisionedTotals } from './provisioned.ts';
export {
  type Claimed,
  changeProvisioned,
  changeReserved,
  provisionedChanges,
} from './provisioned-concurrency.ts';
export { changeQueues, type QueueDraft, type QueueTransaction } from './queue-configuration.ts';
export { connectQueues, listenQueues, notifyQueues } from './queue-connection.ts';
export { type FifoTerms, receiveFifoMessages } from './queue-fifo-receives.ts';
export { type FifoMessageRow, insertFifoMessages, type NumberedMessage } from './queue-fifo-sends.ts';
export { changeFifoVisibility, deleteFifoMessages, type FifoDeleted } from './queue-fifo-settlements.ts';
export { insertMessages, type MessageDetails, type MessageRow } from './queue-messages.ts';
export {
  cancelMove,
  insertMove,
  leaseMoves,
  listMoves,
  type MoveRow,
  moveSome,
  type NewMoveRow,
} from './queue-moves.ts';
export {
  type DueQueue,
  dueQueues,
  type ReceiveTerms,
  receiveMessages,
  type TakenMessage,
  type WaitedFor,
} from './queue-receives.ts';
export {
  changeVisibility,
  deleteMessages,
  type HeldMessage,
  type VisibilityRow,
} from './queue-settlements.ts';
export { dropOldMessages, dropRemains, purgeQueue } from './queue-upkeep.ts';
export { countQueue, type MessageCounts, type SeenMessage, seeMessages } from './queue-views.ts';
export {
  type DueSchedule,
  type FifoSend,
  type Fired,
  type Firing,
  fireSchedules,
  keepFired,
  nextScheduleInMs,
  type ScheduleMove,
} from './schedule-firings.ts';
export {
  countScheduleGroups,
  deleteScheduleGroup,
  findScheduleGroup,
  insertScheduleGroup,
  listScheduleGroups,
  type ScheduleGroup,
  writeGroupTags,
} from './schedule-groups.ts';
export {
  countSchedules,
  databaseNow,
  deleteSchedule,
  findSchedule,
  listSchedules,
  type Schedule,
  type ScheduleKey,
  type ScheduleTarget,
  type ScheduleWish,
  type SoonDue,
  schedulesDueSoon,
  writeSchedule,
} from './schedules.ts';
export {
  deleteSecret,
  deleteSecretsOf,
  loadSecrets,
  putSecret,
  resealSecrets,
  type SealedSecret,
  type SecretName,
} from './secrets.ts';
export { putSettingIfAbsent } from './settings.ts';
export { releaseTriggerLeases, takeTriggerLeases } from './trigger-leases.ts';
export {
  dropOldUsage,
  insertUsage,
  MAX_BATCH_RECORDS,
  type UsageBatch,
  usageAfter,
  usageTotals,
} from './usage.ts';
export { functionNotFound, listVersions, qualifierNotFound, rollback, rollbackTarget } from './versions.ts';
export { watchDatabase } from './watch.ts';
