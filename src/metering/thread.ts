/** The thread behind recorder.ts: batches of one function's records, each tried until it is written. See there. */
import { parentPort, workerData } from 'node:worker_threads';
import { GIVE_WAY, giveWay, sleep, systemClock, uuidSource } from '../base/index.ts';
import type { UsageRecord } from '../model/index.ts';
import { connect, insertUsage, MAX_BATCH_RECORDS, type UsageBatch } from '../store/index.ts';
import {
  type FromRecorderThread,
  type RecorderThreadOptions,
  type RecordFields,
  recordOf,
  type ToRecorderThread,
} from './recorder.ts';

const RETRY_MS = 250;

giveWay(GIVE_WAY.records);
const { databaseUrl, backlogRecords, stopMs } = workerData as RecorderThreadOptions;
const port = parentPort!;
const sql = connect({ url: databaseUrl, max: 1 });
const newId = uuidSource(() => systemClock.wallMs());
let backlog: UsageRecord[] = [];
/** Being written. One that failed stays as it is: PostgreSQL may have it already. */
let batches: UsageBatch[] = [];
let flushes: number[] = [];
let writing: Promise<void> | null = null;
let stopped = false;

const tell = (message: FromRecorderThread) => port.postMessage(message);

function add(records: readonly UsageRecord[]): void {
  for (const record of records) backlog.push(record);
  const over = backlog.length - backlogRecords;
  if (over <= 0) return;
  backlog = backlog.slice(over);
  tell({ kind: 'lost', records: over });
}

function parse(lines: Uint8Array): UsageRecord[] {
  const text = Buffer.from(lines.buffer).toString('utf8').trimEnd();
  return (JSON.parse(`[${text.replaceAll('\n', ',')}]`) as RecordFields[]).map(recordOf);
}

function writeAll(): Promise<void> {
  writing ??= writeBacklog().finally(() => {
    writing = null;
  });
  return writing;
}

async function writeBacklog(): Promise<void> {
  while (backlog.length + batches.length > 0 && !stopped) {
    if (batches.length === 0) batches = takeBatches();
    const written = await Promise.allSettled(batches.map((batch) => insertUsage(sql, batch)));
    batches = batches.filter((_, index) => written[index]?.status === 'rejected');
    if (batches.length > 0) await sleep(systemClock, RETRY_MS);
  }
  for (const ticket of flushes) tell({ kind: 'flushed', ticket });
  flushes = [];
}

/** The oldest records, by function. */
function takeBatches(): UsageBatch[] {
  const taken = backlog.slice(0, MAX_BATCH_RECORDS);
  backlog = backlog.slice(taken.length);
  const byFunction = Map.groupBy(taken, (record) => record.functionName);
  return [...byFunction].map(([functionName, records]) => ({ id: newId(), functionName, records }));
}

async function stop(): Promise<void> {
  await Promise.race([writeAll(), sleep(systemClock, stopMs)]); // a server that hangs says nothing
  stopped = true;
  const left = batches.reduce((sum, batch) => sum + batch.records.length, backlog.length);
  if (left > 0) tell({ kind: 'lost', records: left });
  await sql.end({ timeout: 1 });
  process.exit(); // of the thread, which a connection that hangs would keep
}

port.on('message', (message: ToRecorderThread) => {
  if (message.kind === 'stop') {
    void stop();
    return;
  }
  if (message.kind === 'batch') add(parse(message.lines));
  else flushes.push(message.ticket);
  void writeAll();
});
