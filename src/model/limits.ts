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
  /** How long user code may take to initialise before it is given up, in ms (AWS: 10 s). */
  initMs: 10_000,
  /** Event and buffered answer of a synchronous invocation, in bytes (AWS: 6 MB, plus 100 bytes of slack on answers). */
  eventBytes: 6 * MB,
  answerBytes: 6 * MB + 100,
  /** A streamed answer, in bytes (AWS: 200 MB). */
  streamBytes: 200 * MB,
  /** Request headers together with the request line, in bytes (API Gateway: 10,240; Node's own default is 16 KB). */
  headerBytes: 16 * KB,
  /** All environment variables of a function, in bytes (AWS: 4 KB). */
  environmentBytes: 4 * KB,
  /** A zip, and what it unpacks to, in bytes (AWS: 250 MB unpacked). */
  packageBytes: 250 * MB,
  unpackedBytes: 250 * MB,
  /** Files in a package. */
  packageFiles: 100_000,
  /** Invocations at once on the node's account (AWS: 1,000). */
  accountConcurrency: 1_000,
  /** Starts of one function within 10 s (AWS: 1,000 per 10 s). */
  burstStarts: { count: 1_000, windowMs: 10_000 },
  /** How long a request may wait for an instance, in ms, and how many of one version may wait. */
  queueTimeoutMs: 30_000,
  queueLength: 1_000,
  /** Functions and routes of one app. */
  functionsPerApp: 200,
  routesPerFunction: 100,
  /** Versions kept of a function; older ones go, except those that an alias points at. */
  versionsPerFunction: 100,
  /** A manifest, in bytes. */
  manifestBytes: 256 * KB,
  /** Log lines: one line, in bytes (AWS: 256 KB); what one instance may keep per second, and at once. */
  logLineBytes: 256 * KB,
  logBytesPerSecond: 256 * KB,
  logBurstBytes: 1 * MB,
} as const;
