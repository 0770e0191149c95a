/** The thread behind recorder.ts: batches in order, each until it is written. See there. */
import { parentPort, workerData } from 'node:worker_threads';
import { GIVE_WAY, giveWay, sleep, systemClock } from '../base/index.ts';
import type { UsageRecord } from '../model/index.ts';
import { connect, insertUsage } from '../store/index.ts';
import type { FromRecorderThread, RecorderThreadOptions, ToRecorderThread } from './recorder.ts';

/** Rows of one insert. */
const BATCH_RECORDS = 5_000;
const RETRY_MS = 250;

giveWay(GIVE_WAY.records);
const { databaseUrl, backlogRecords, stopMs } = workerData as RecorderThreadOptions;
const port = parentPort!;
const sql = connect({ url: databaseUrl, max: 1 });
let backlog: UsageRecord[] = [];
let flushes: number[] = [];
/** Records that are being written. */
let inHand = 0;
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
  return JSON.parse(`[${text.replaceAll('\n', ',')}]`) as UsageRecord[];
}

function writeAll(): Promise<void> {
  writing ??= writeBacklog().finally(() => {
    writing = null;
  });
  return writing;
}

async function writeBacklog(): Promise<void> {
  while (backlog.length > 0 && !stopped) {
    const batch = backlog.slice(0, BATCH_RECORDS);
    backlog = backlog.slice(batch.length);
    inHand = batch.length;
    try {
      await insertUsage(sql, batch);
      inHand = 0;
    } catch {
      inHand = 0;
      backlog = batch.concat(backlog);
      await sleep(systemClock, RETRY_MS);
    }
  }
  for (const ticket of flushes) tell({ kind: 'flushed', ticket });
  flushes = [];
}

async function stop(): Promise<void> {
  await Promise.race([writeAll(), sleep(systemClock, stopMs)]); // a server that hangs says nothing
  stopped = true;
  const left = backlog.length + inHand;
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
