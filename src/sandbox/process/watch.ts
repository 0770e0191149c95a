/**
 * The watch: a thread that looks at the memory of every running sandbox, so that the main loop
 * never reads /proc for it, and that ends what a sandbox left running.
 *
 * Main and thread share one table with a row per sandbox: its pid, its limit, its peak, and whether
 * it can grow right now (a frozen one cannot, and is not looked at). The thread sleeps while no row
 * is active, so an idle node costs nothing. A sandbox over its limit is killed by the thread itself,
 * at once, and its row says so.
 *
 * A sandbox is looked at again when it could have reached its limit, at the 4 GB/s at which a core can
 * touch fresh memory, but every 50 ms at most: so it can be over its limit for that long, by up to
 * 200 MB. The `oci` driver has no such gap. (A look at a Node.js process reads 13 files of /proc: at
 * 20 a second for each of 50 it was 14 µs of every request.)
 */
import { Worker } from 'node:worker_threads';
import { killAll, type Owner } from './run-files.ts';
import { COLUMNS, type Columns, MAX_ROWS, STATE } from './watch-table.ts';

export interface Watched {
  /** Whether the sandbox may use more memory from now on (running) or cannot (frozen). */
  setActive(active: boolean): void;
  setLimitMb(limitMb: number): void;
  peakMb(): number;
  wasKilled(): boolean;
  /** Forgets the sandbox: what is set from now on changes nothing, and the peak stays what it was. */
  release(): void;
}

export interface Watch {
  add(pid: number, limitMb: number): Watched;
  /** Ends every process that is still this owner's. Resolves when it has been done. */
  reap(owner: Owner): Promise<void>;
  close(): Promise<void>;
}

export function startWatch(): Watch {
  const columns: Columns = {
    control: new Int32Array(new SharedArrayBuffer(4)),
    pids: new Int32Array(new SharedArrayBuffer(4 * MAX_ROWS)),
    states: new Int32Array(new SharedArrayBuffer(4 * MAX_ROWS)),
    limitsKb: new Float64Array(new SharedArrayBuffer(8 * MAX_ROWS)),
    peaksKb: new Float64Array(new SharedArrayBuffer(8 * MAX_ROWS)),
  };
  const worker = new Worker(new URL('./watch-thread.ts', import.meta.url), {
    workerData: columns,
    resourceLimits: { maxOldGenerationSizeMb: 32 },
  });
  worker.unref();
  const free = Array.from({ length: MAX_ROWS }, (_, row) => MAX_ROWS - 1 - row);
  const reaping = new Map<number, () => void>();
  let lastReap = 0;
  let closed = false;
  worker.on('message', (done: number) => {
    reaping.get(done)?.();
    reaping.delete(done);
  });

  return {
    add(pid, limitMb) {
      const row = free.pop();
      if (row === undefined) throw new RangeError(`more than ${MAX_ROWS} sandboxes at once`);
      return watchRow(columns, row, { pid, limitMb, onRelease: () => free.push(row) });
    },
    async reap(owner) {
      if (closed) return void killAll([owner]); // born while the node was closing, with no thread left to ask
      const ticket = ++lastReap;
      await new Promise<void>((resolve) => {
        reaping.set(ticket, resolve);
        worker.postMessage({ ticket, owner });
        wake(columns);
      });
    },
    async close() {
      closed = true;
      await worker.terminate();
      for (const resolve of reaping.values()) resolve();
    },
  };
}

function wake(columns: Columns): void {
  Atomics.add(columns.control, COLUMNS.wakeups, 1);
  Atomics.notify(columns.control, COLUMNS.wakeups);
}

function watchRow(
  columns: Columns,
  row: number,
  { pid, limitMb, onRelease }: { pid: number; limitMb: number; onRelease: () => void },
): Watched {
  const { states, limitsKb, peaksKb, pids } = columns;
  pids[row] = pid;
  limitsKb[row] = limitMb * 1024;
  peaksKb[row] = 0;
  Atomics.store(states, row, STATE.active);
  wake(columns);
  // A released row may be another sandbox's by the time of the next call.
  let last: { readonly peakKb: number; readonly killed: boolean } | null = null;
  const peakKb = () => last?.peakKb ?? peaksKb[row] ?? 0;
  const wasKilled = () => last?.killed ?? Atomics.load(states, row) === STATE.killed;
  return {
    setActive(active) {
      if (last !== null) return;
      // A row that is killed stays killed: compareExchange moves only between the two live states.
      const [from, to] = active ? [STATE.quiet, STATE.active] : [STATE.active, STATE.quiet];
      Atomics.compareExchange(states, row, from, to);
      if (active) wake(columns);
    },
    setLimitMb(limit) {
      if (last === null) limitsKb[row] = limit * 1024;
    },
    peakMb: () => Math.ceil(peakKb() / 1024),
    wasKilled,
    release() {
      if (last !== null) return;
      last = { peakKb: peakKb(), killed: wasKilled() };
      Atomics.store(states, row, STATE.free);
      onRelease();
    },
  };
}
