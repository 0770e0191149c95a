/** The thread behind watch.ts: samples memory, kills who is over, ends leftovers. See there. */
import { readdirSync, readFileSync } from 'node:fs';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../base/index.ts';
import { killAll, killQuietly, type Owner } from './run-files.ts';
import {
  COLUMNS,
  type Columns,
  GROWTH_KB_PER_MS,
  LONGEST_MS,
  MAX_ROWS,
  SAMPLE_MS,
  STATE,
} from './watch-table.ts';

interface ReapOrder {
  readonly ticket: number;
  readonly owner: Owner;
}

const { control, pids, states, limitsKb, peaksKb } = workerData as Columns;
/** When each row is looked at again: the farther it is from its limit, the later. */
const dueMs = new Float64Array(MAX_ROWS);
/** Whose times those are. */
const duePids = new Int32Array(MAX_ROWS);

/** Resident memory of a process and its children, KB. A child of a child counts too; depth is bounded. */
function treeKb(pid: number, depth = 0): number {
  let kb = 0;
  try {
    const statm = readFileSync(`/proc/${pid}/statm`, 'latin1');
    kb = Number(statm.split(' ')[1]) * 4;
    if (depth < 8) for (const child of childrenOf(pid)) kb += treeKb(child, depth + 1);
  } catch {
    // It ended while we looked: what we saw is what counts.
  }
  return kb;
}

/** A child belongs to the thread that made it, so every thread is asked. */
function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    const children = readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').trim();
    return children === '' ? [] : children.split(' ').map(Number);
  });
}

/** @returns how many rows can still grow */
function sampleAll(nowMs: number): number {
  let active = 0;
  for (let row = 0; row < MAX_ROWS; row++) {
    if (Atomics.load(states, row) !== STATE.active) continue;
    active += 1;
    const pid = pids[row] as number;
    if (duePids[row] === pid && (dueMs[row] as number) > nowMs) continue;
    duePids[row] = pid;
    const kb = treeKb(pid);
    if (kb > (peaksKb[row] as number)) peaksKb[row] = kb;
    const leftKb = (limitsKb[row] as number) - kb;
    dueMs[row] = nowMs + Math.min(Math.max(leftKb / GROWTH_KB_PER_MS, SAMPLE_MS), LONGEST_MS);
    if (leftKb >= 0) continue;
    if (Atomics.compareExchange(states, row, STATE.active, STATE.killed) === STATE.active) {
      killQuietly(-pid, 'SIGKILL');
    }
  }
  return active;
}

function takeOrders(): ReapOrder[] {
  const orders: ReapOrder[] = [];
  for (let next = receiveMessageOnPort(parentPort!); next; next = receiveMessageOnPort(parentPort!)) {
    orders.push(next.message as ReapOrder);
  }
  return orders;
}

/** One look through /proc serves every order that is waiting. */
function reap(orders: readonly ReapOrder[]): void {
  killAll(orders.map((order) => order.owner));
  for (const order of orders) parentPort!.postMessage(order.ticket);
}

let active = 0;
let sampledAtMs = 0;
for (;;) {
  const seen = Atomics.load(control, COLUMNS.wakeups);
  const orders = takeOrders();
  if (orders.length > 0) reap(orders);
  if (systemClock.nowMs() - sampledAtMs >= SAMPLE_MS || active === 0) {
    sampledAtMs = systemClock.nowMs();
    active = sampleAll(sampledAtMs);
  }
  const waitMs = active > 0 ? sampledAtMs + SAMPLE_MS - systemClock.nowMs() : Number.POSITIVE_INFINITY;
  Atomics.wait(control, COLUMNS.wakeups, seen, Math.max(1, waitMs));
}
