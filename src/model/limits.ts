/**
 * Every number that says "no further", in one place: what it bounds, in which unit, and where it
 * comes from. docs/limits.md repeats them for people; a test holds the two together.
 */
const KB = 1024;
const MB = 1024 * KB;

export const LIMITS = {
  /** Memory of a function, in MB (AWS: 128 to 10,240). */
  memoryMb: { min: 128, max: 10_240, default: 128 },
  /** How long one invocation may run, in ms (AWS: 1 s to 15 min, default 3 s). */
  timeoutMs: { min: 1_000, max: 900_000, default: 3_000 },
  /** An instance unused for this long is stopped, in ms. */
  stopAfterMs: { min: 1_000, max: 86_400_000, default: 300_000 },
  /** Size of /tmp, in MB (AWS: 512 to 10,240). */
  ephemeralMb: { min: 512, max: 10_240, default: 512 },
  /** Files and folders in one /tmp, whatever its size. */
  ephemeralFiles: 262_144,
  /** Entries that say how many instances stand ready when, of one function; and how long one may last, in ms. */
  provisionedSteps: 20,
  provisionedForMs: { min: 60_000, max: 604_800_000 },
  /** How long user code may take to initialise before it is given up, in ms (AWS: 10 s). */
  initMs: 10_000,
  /** Event and buffered answer of a synchronous invocation, in bytes (AWS: 6 MB, plus 100 bytes of slack on answers). */
  eventBytes: 6 * MB,
  /** Event of an invocation that nobody waits for, in bytes (AWS: 1 MB). */
  asyncEventBytes: MB,
  /** Events that wait for one function or on the whole node, and their bytes; each node may be over by one batch. */
  eventsPerFunction: 1_000_000,
  eventsWaiting: 2_000_000,
  eventsWaitingBytes: 16 * 1024 * MB,
  /** Times an event that nobody waits for is run again, and how old it may be, in ms (AWS: 0 to 2; 1 min to 6 h). */
  eventRetries: { min: 0, max: 2, default: 2 },
  eventAgeMs: { min: 60_000, max: 21_600_000, default: 21_600_000 },
  /** Triggers of one function. */
  triggersPerFunction: 50,
  /** How long after its time a schedule may fire, where it is to be spread, in ms (AWS: 1 min to 24 h). */
  scheduleWindowMs: { min: 0, max: 86_400_000 },
  /** Schedules, and groups of them, beyond which AWS's API makes no more (AWS: 1,000,000; 500). */
  schedules: 100_000,
  scheduleGroups: 500,
  /** Events in a chain, each of which led to the next. */
  eventHops: 16,
  /** Events that one node runs at once. */
  eventsAtOnce: 256,
  /** Events that failed: how many are kept, and the bytes of their payloads. */
  failedEvents: 100_000,
  failedEventBytes: 2 * 1024 * MB,
  /** Forms of payloads that a function has handled: how many are kept, to compare a failed one with. */
  eventShapes: 32,
  /** Answers kept by idempotency key, in bytes each; keys, in characters (longer ones are known by their digest); how long, in ms. */
  idempotencyAnswerBytes: MB,
  idempotencyKeyLength: 256,
  idempotencyWindowMs: { min: 60_000, max: 604_800_000, default: 86_400_000 },
  answerBytes: 6 * MB + 100,
  /** Bodies of requests to the AWS APIs that are held at once, all together, in bytes. */
  awsBodyBytes: 256 * MB,
  /** Those of one instance, to the AWS APIs and to other functions. */
  instanceBodyBytes: 72 * MB,
  /** How long the body of a request that an instance makes to its node may take to arrive, in ms. */
  instanceBodyMs: 60_000,
  /** A streamed answer, in bytes (AWS: 200 MB). */
  streamBytes: 200 * MB,
  /** Request headers together with the request line, in bytes (API Gateway: 10,240; Node's own default is 16 KB). */
  headerBytes: 16 * KB,
  /** All environment variables of a function, in bytes (AWS: 4 KB). */
  environmentBytes: 4 * KB,
  /** A secret's value, in bytes, its name, and how many a function may have. */
  secretBytes: 32 * KB,
  secretNameLength: 128,
  secretsPerFunction: 50,
  /** Other functions that one may call by its manifest. */
  usesPerFunction: 100,
  /** A zip, and what it unpacks to, in bytes (AWS: 250 MB unpacked). */
  packageBytes: 250 * MB,
  unpackedBytes: 250 * MB,
  /** Files in a package. */
  packageFiles: 100_000,
  /** A container image: its archive, and what its layers come to, in bytes (AWS: 10 GB); and files in it. */
  imageBytes: 10 * 1024 * MB,
  imageFiles: 500_000,
  /** What is kept in the database, in bytes; larger images stay on the node's disk. */
  databaseArtifactBytes: 256 * MB,
  /** Compiled code kept of one version, in bytes and files, and of all versions of a node, in bytes. */
  compiledBytes: 32 * MB,
  compiledFiles: 2_000,
  allCompiledBytes: 1024 * MB,
  /** Invocations at once on the node's account (AWS: 1,000). */
  accountConcurrency: 1_000,
  /** Starts of one function within 10 s (AWS: 1,000 per 10 s). */
  burstStarts: { count: 1_000, windowMs: 10_000 },
  /** How long a request may wait for an instance, in ms, and how many of one version may wait. */
  queueTimeoutMs: 30_000,
  queueLength: 1_000,
  /** Messages of one batch of a trigger, how long it may wait to be full, in ms, and batches of it at once (AWS: 10,000; 300 s; 2 to 1,000). */
  batchMessages: { min: 1, max: 10_000 },
  batchWindowMs: { min: 0, max: 300_000 },
  triggerConcurrency: { min: 1, max: 1_000 },
  /** Filters of a trigger (AWS: 5). */
  triggerFilters: 5,
  /** An event pattern, in characters, and the combinations that its `$or` may lead to (AWS's numbers). */
  patternCharacters: 4_096,
  patternAlternatives: 1_000,
  /** Functions and routes of one app. */
  functionsPerApp: 200,
  routesPerFunction: 100,
  /** A webhook's body, in bytes (GitHub sends up to 25 MB, most others far less). */
  webhookBodyBytes: MB,
  /** Secrets of one webhook, of which each may have signed. */
  webhookSecrets: 5,
  /** How far the time that a webhook's sender has signed may be from ours, in ms (Stripe, Slack, Standard Webhooks: 5 min). */
  webhookToleranceMs: { min: 1_000, max: 86_400_000, default: 300_000 },
  /** How long a delivery is known by its id, at least, in ms: Stripe sends one again for 3 days, GitHub does when asked within 3. */
  deliveryWindowMs: 7 * 24 * 3_600_000,
  /** Names and networks that one function may connect to, where it lists them. */
  egressEntries: 64,
  /** Versions kept of a function; older ones go, except those that an alias points at. */
  versionsPerFunction: 100,
  /** Published versions of a function; one more through an API is refused until some are deleted (AWS bounds what they take together). */
  publishedVersions: 1_000,
  /** Invocations at once that always stay without a reservation (AWS: 100). */
  unreservedConcurrency: 100,
  /** A zip in a request of an AWS API, in bytes (AWS: 50 MB). */
  inlinePackageBytes: 50 * MB,
  /** A manifest, in bytes. */
  manifestBytes: 256 * KB,
  /** Usage records that wait while PostgreSQL is away. */
  usageBacklog: 500_000,
  /** Log lines: one line, in bytes (AWS: 256 KB); what one instance may keep per second, and at once. */
  logLineBytes: 256 * KB,
  logBytesPerSecond: 256 * KB,
  logBurstBytes: 1 * MB,
  /** How long usage records and log lines are kept, in ms, and the most that are kept of each; sums of usage are kept for good. */
  retentionMs: 7 * 24 * 3_600_000,
  usageRecords: 2_000_000,
  logBytes: 1024 * MB,
  /** Connections to the database server, how many of them only the platform may use, and how many one app may open. */
  databaseConnections: 200,
  platformConnections: 30,
  appConnections: 40,
  /** Connections to PostgreSQL that one function has at once through the node's proxy, and its clients there. */
  functionConnections: 10,
  functionClients: 2_000,
  /** Sockets at the proxy, of all functions. */
  databaseClients: 10_000,
  /** Of one instance, where instances have addresses of their own. */
  instanceClients: 100,
  /** How long a transaction waits for a connection, in ms, and how many of one function may wait. */
  connectionQueueMs: 10_000,
  connectionQueueLength: 1_000,
  /** A connection that no transaction has used for this long is closed, in ms. */
  idleConnectionMs: 60_000,
  /** One statement of an app, and how long its transaction may idle, in ms: defaults that the app may change for itself. */
  statementMs: 60_000,
  idleTransactionMs: 60_000,
  /** Temporary files of one connection of an app, in bytes. */
  temporaryBytes: 1024 * MB,
  /** Users, roles and managed policies of the account, and access keys of a user (AWS: 5,000, 1,000, 1,500, 2). */
  users: 5_000,
  roles: 5_000,
  policies: 1_500,
  accessKeysPerUser: 2,
  /** Versions of a managed policy; managed policies attached to one user or role (AWS: 5; 10, up to 25). */
  policyVersions: 5,
  attachedPolicies: 20,
  /** Policy documents, in characters without white space (AWS's numbers): managed, all inline ones of a role or user, trust, session. */
  managedPolicyCharacters: 6_144,
  roleInlineCharacters: 10_240,
  userInlineCharacters: 2_048,
  trustPolicyCharacters: 2_048,
  sessionPolicyCharacters: 2_048,
  /** A queue's settings, times in ms (SQS's numbers): delay of a new message, its size in bytes, how long it is kept, */
  queueDelayMs: { min: 0, max: 900_000, default: 0 },
  queueMessageBytes: { min: KB, max: MB, default: MB },
  queueRetentionMs: { min: 60_000, max: 1_209_600_000, default: 345_600_000 },
  /** how long a receive waits, how long a received message stays out of sight, how often it is handed out. */
  queueWaitMs: { min: 0, max: 20_000, default: 0 },
  queueVisibilityMs: { min: 0, max: 43_200_000, default: 30_000 },
  queueReceives: { min: 1, max: 1_000, default: 10 },
  /** Queues of the account, and of one app; a name's length, `.fifo` included; tags (SQS: 80 and 50). */
  queues: 10_000,
  queuesPerApp: 100,
  queueNameLength: 80,
  queueTags: 50,
  /** Messages of one queue that are received and not deleted (SQS: 120,000). */
  queueInFlight: 120_000,
  /** Attributes of a message (SQS: 10), and messages that one receive gets; SQS's API: 10. */
  messageAttributes: 10,
  receiveMessages: 10_000,
  /** Tasks that move messages back at the same time, and messages of one of them per second (SQS: 100, 500). */
  moveTasks: 100,
  moveRate: { min: 1, max: 500 },
  /** Tags of a user, role or policy (AWS: 50). */
  identityTags: 50,
} as const;
