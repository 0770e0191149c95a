/** The thread behind store-thread.ts: asks PostgreSQL, tries again what may be, tells other nodes. See there. */
import { parentPort, workerData } from 'node:worker_threads';
import { Fault, sleep, systemClock, uuidSource } from '../base/index.ts';
import {
  claimEvents,
  connectEvents,
  dueLanes,
  insertEvents,
  laneVolumes,
  listenEvents,
  notifyEvents,
  oldestEvent,
  releaseEvents,
  renewEvents,
  settleEvents,
} from '../store/index.ts';
import type { EventStore } from './event-store.ts';
import type { Asked, EventThreadOptions, FromEventThread, Question, ToEventThread } from './store-thread.ts';

const RETRY_MS = 250;
/** How long storing is tried: a server that has restarted refuses the first question after it. */
const INSERT_FOR_MS = 2_000;
/** How often other nodes are told at most: an announcement for each batch would make their commits wait in line. */
const TELL_EVERY_MS = 100;
/** How long the last answers may take when the node stops. */
const STOP_MS = 2_000;

const { databaseUrl, holder } = workerData as EventThreadOptions;
const port = parentPort!;
const sql = connectEvents(databaseUrl);
const newId = uuidSource(() => systemClock.wallMs());
const stopping = new AbortController();
let telling = false;

const tell = (message: FromEventThread) => port.postMessage(message);

const answers: Pick<EventStore, Asked> = {
  insert: async (events) => {
    const volumes = await trying(() => insertEvents(sql, events), INSERT_FOR_MS);
    tellOthersSoon();
    return volumes;
  },
  dueLanes: () => dueLanes(sql),
  claim: (claim) => claimEvents(sql, { ...claim, holder, lease: newId() }),
  renew: (renewal) => renewEvents(sql, renewal),
  settle: (settlements) => trying(() => settleEvents(sql, settlements), Number.POSITIVE_INFINITY),
  release: () => releaseEvents(sql, holder),
  volumes: () => laneVolumes(sql),
  oldestAtMs: () => oldestEvent(sql),
};

/** Tries again while the database is away. */
async function trying<T>(work: () => Promise<T>, forMs: number): Promise<T> {
  const untilMs = systemClock.nowMs() + forMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const away = error instanceof Fault && error.code === 'database-unavailable';
      if (!away || systemClock.nowMs() + RETRY_MS > untilMs || stopping.signal.aborted) throw error;
      await sleep(systemClock, RETRY_MS);
    }
  }
}

function tellOthersSoon(): void {
  if (telling) return;
  telling = true;
  systemClock.after(TELL_EVERY_MS, () => {
    telling = false;
    notifyEvents(sql, holder).catch(() => {}); // they look by themselves once a second
  });
}

async function answer({ ticket, ask, input }: Question): Promise<void> {
  try {
    tell({ ticket, value: await answers[ask](input as never) });
  } catch (error) {
    if (!(error instanceof Fault)) return tell({ ticket, bug: (error as Error).stack ?? String(error) });
    const { code, message: text, facts } = error;
    tell({ ticket, fault: { code, message: text, facts } });
  }
}

async function stop(): Promise<void> {
  stopping.abort();
  await Promise.race([sql.end({ timeout: 1 }), sleep(systemClock, STOP_MS)]);
  process.exit(); // of the thread, which a connection that hangs would keep
}

port.on('message', (message: ToEventThread) => {
  void ('stop' in message ? stop() : answer(message));
});

void listenEvents(sql, { holder, onNews: () => tell({ news: true }), signal: stopping.signal });
