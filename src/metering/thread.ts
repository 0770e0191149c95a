/** The thread behind recorder.ts: batches in order, each until it is written. See there. */
import { parentPort, workerData } from 'node:worker_threads';
import { GIVE_WAY, giveWay, sleep, systemClock } from '../base/index.ts';
import type { UsageRecord } from '../model/index.ts';
import { connect, insertUsage } from '../store/index.ts';
import type { FromRecorderThread, RecorderThreadOptions, ToRecorderThread } from './recorder.ts';

/** Rows of one insert. */
const BATCH_RECORDS = 5_000;
const RETRY_MS = 250;
/** How often a stop tries to write what is left before it gives up. */
const STOP_TRIES = 20;

giveWay(GIVE_WAY.records);
const { databaseUrl, backlogRecords } = workerData as RecorderThreadOptions;
const port = parentPort!;
const sql = connect({ url: databaseUrl, max: 1 });
let backlog: UsageRecord[] = [];
let flushes: number[] = [];
let writing = false;
let stopping = false;
let tries = 0;

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

async function writeAll(): Promise<void> {
  if (writing) return;
  writing = true;
  while (backlog.length > 0) {
    const batch = backlog.slice(0, BATCH_RECORDS);
    backlog = backlog.slice(batch.length);
    try {
      await insertUsage(sql, batch);
    } catch {
      backlog = batch.concat(backlog);
      if (stopping && ++tries >= STOP_TRIES) break;
      await sleep(systemClock, RETRY_MS);
    }
  }
  writing = false;
  for (const ticket of flushes) tell({ kind: 'flushed', ticket });
  flushes = [];
  if (stopping) await end();
}

async function end(): Promise<void> {
  if (backlog.length > 0) tell({ kind: 'lost', records: backlog.length });
  await sql.end({ timeout: 2 });
  port.close();
}

port.on('message', (message: ToRecorderThread) => {
  if (message.kind === 'batch') add(parse(message.lines));
  else if (message.kind === 'flush') flushes.push(message.ticket);
  else stopping = true;
  void writeAll();
});
