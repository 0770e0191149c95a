/**
 * The recorder: usage records on their way to PostgreSQL, off the request path.
 *
 * Recording is a line of text in a buffer: no object outlives its request for it. A few times a second what has come is handed to a thread,
 * which writes it in batches; writing a batch twice counts once, so the thread may try again after
 * any failure. A crash of the node loses what is younger than a flush. While PostgreSQL is away
 * records wait, up to `backlogRecords`; beyond that the oldest batch goes, counted and reported.
 */
import { Worker } from 'node:worker_threads';
import type { Clock } from '../base/index.ts';
import { LIMITS, type UsageRecord } from '../model/index.ts';

export interface Recorder {
  record(record: UsageRecord): void;
  /** Resolves when everything recorded so far has been written. */
  flushed(): Promise<void>;
  /** Writes what is left (it gives up, and reports the loss, after `stopMs`), and ends the thread. Idempotent. */
  stop(): Promise<void>;
}

export interface RecorderThreadOptions {
  readonly databaseUrl: string;
  readonly backlogRecords: number;
  readonly stopMs: number;
}

export interface RecorderOptions {
  readonly databaseUrl: string;
  readonly clock: Clock;
  /** How long a stop waits for PostgreSQL to take what is left. Default 5 s. */
  readonly stopMs?: number;
}

export type ToRecorderThread =
  /** A record a line: see `RecordFields`. */
  | { readonly kind: 'batch'; readonly lines: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'flush'; readonly ticket: number }
  | { readonly kind: 'stop' };

export type RecordFields = readonly [
  attemptId: string,
  functionName: string,
  version: number,
  alias: string | null,
  instanceId: string | null,
  startedAtMs: number,
  queuedMs: number,
  initMs: number | null,
  durationMs: number,
  billedMs: number,
  memoryMb: number,
  maxMemoryMb: number,
  outcome: UsageRecord['outcome'],
  errorType: string | null,
  requestId: string | null,
];

export type FromRecorderThread =
  | { readonly kind: 'flushed'; readonly ticket: number }
  | { readonly kind: 'lost'; readonly records: number };

/** How often records are handed over, in ms: most of what a crash can lose. */
const FLUSH_MS = 200;
/** Text that waits for the next flush; a full buffer is handed over at once. */
const TEXT_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;
const STOP_MS = 5_000;
/** UTF-8 of a UTF-16 unit. */
const MAX_BYTES_OF_CHARACTER = 3;
/** Characters of an errorType, the function's own word; everything else in a record is short. */
const MAX_ERROR_TYPE = 256;

export function startRecorder(
  { databaseUrl, clock, stopMs = STOP_MS }: RecorderOptions,
  onLost: (records: number) => void,
): Recorder {
  const worker = new Worker(new URL('./thread.ts', import.meta.url), {
    workerData: {
      databaseUrl,
      backlogRecords: LIMITS.usageBacklog,
      stopMs,
    } satisfies RecorderThreadOptions,
  });
  worker.on('error', (error) => {
    throw error; // a bug in the thread ends the node loudly: usage that nobody writes is worse
  });
  worker.unref();
  const waiting = new Map<number, () => void>();
  const stopped = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const text = Buffer.allocUnsafeSlow(TEXT_BYTES);
  let used = 0;
  let scheduled = false;
  let ticket = 0;
  let stopping = false;

  worker.on('message', (message: FromRecorderThread) => {
    if (message.kind === 'lost') return onLost(message.records);
    waiting.get(message.ticket)?.();
    waiting.delete(message.ticket);
  });

  function handOver(): void {
    scheduled = false;
    if (used === 0) return;
    const lines = new Uint8Array(text.subarray(0, used));
    worker.postMessage({ kind: 'batch', lines } satisfies ToRecorderThread, [lines.buffer]);
    used = 0;
  }

  return {
    record(record) {
      const line = lineOf(record);
      if (used + line.length * MAX_BYTES_OF_CHARACTER + 1 > TEXT_BYTES) handOver();
      used += text.write(line, used);
      text[used++] = NEWLINE;
      if (scheduled) return;
      scheduled = true;
      clock.after(FLUSH_MS, handOver);
    },
    flushed() {
      handOver();
      return new Promise((resolve) => {
        waiting.set(++ticket, resolve);
        worker.postMessage({ kind: 'flush', ticket } satisfies ToRecorderThread);
      });
    },
    async stop() {
      if (!stopping) {
        handOver();
        worker.postMessage({ kind: 'stop' } satisfies ToRecorderThread);
      }
      stopping = true;
      worker.ref();
      await stopped;
      for (const resolve of waiting.values()) resolve();
    },
  };
}

/**
 * A record as a line: the fields in the order of `recordOf`, without their names, which would be
 * two thirds of it. Always one that fits: half a line would be no JSON, and nothing could be read behind it.
 */
function lineOf(r: UsageRecord): string {
  const alias = r.alias === null ? 'null' : JSON.stringify(r.alias);
  const instanceId = r.instanceId === null ? 'null' : `"${r.instanceId}"`;
  const requestId = r.requestId == null ? 'null' : `"${r.requestId}"`;
  const errorType = r.errorType === null ? 'null' : JSON.stringify(r.errorType.slice(0, MAX_ERROR_TYPE));
  return `["${r.attemptId}","${r.functionName}",${r.version},${alias},${instanceId},${r.startedAtMs},${r.queuedMs},${r.initMs},${r.durationMs},${r.billedMs},${r.memoryMb},${r.maxMemoryMb},"${r.outcome}",${errorType},${requestId}]`;
}

/** @returns the record of a parsed line */
export function recordOf(fields: RecordFields): UsageRecord {
  const [attemptId, functionName, version, alias, instanceId, startedAtMs, queuedMs, initMs] = fields;
  const [, , , , , , , , durationMs, billedMs, memoryMb, maxMemoryMb, outcome, errorType, requestId] = fields;
  return {
    attemptId,
    functionName,
    version,
    alias,
    instanceId,
    startedAtMs,
    queuedMs,
    initMs,
    durationMs,
    billedMs,
    memoryMb,
    maxMemoryMb,
    outcome,
    errorType,
    requestId,
  };
}
