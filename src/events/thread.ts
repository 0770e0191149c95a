/** The thread behind store-thread.ts: asks PostgreSQL, tries again what may be, tells other nodes. See there. */
import { workerData } from 'node:worker_threads';
import { answerQuestions, systemClock, tryAgain, uuidSource } from '../base/index.ts';
import { LIMITS } from '../model/index.ts';
import {
  claimEvents,
  connectEvents,
  dueLanes,
  endKeys,
  insertEvents,
  keepShapes,
  laneVolumes,
  listenEvents,
  notifyEvents,
  notifyQueues,
  oldestEvent,
  releaseEvents,
  releaseKeys,
  renewEvents,
  renewKeys,
  settleEvents,
  takeKeys,
} from '../store/index.ts';
import type { Asked, EventThreadOptions } from './store-thread.ts';

/** How long storing is tried: a server that has restarted refuses the first question after it. */
const INSERT_FOR_MS = 2_000;
/** How often other nodes are told at most: an announcement for each batch would make their commits wait in line. */
const TELL_EVERY_MS = 100;

const { databaseUrl, holder } = workerData as EventThreadOptions;
const sql = connectEvents(databaseUrl);
const newId = uuidSource(() => systemClock.wallMs());
const stopping = new AbortController();
const { signal } = stopping;
let telling = false;
const toldQueues = new Set<number>();

const answers: Asked = {
  insert: async (events) => {
    const volumes = await tryAgain(() => insertEvents(sql, events), { forMs: INSERT_FOR_MS, signal });
    tellOthersSoon();
    return volumes;
  },
  dueLanes: () => dueLanes(sql),
  claim: (claim) => claimEvents(sql, { ...claim, holder, lease: newId() }),
  renew: (renewal) => renewEvents(sql, renewal),
  settle: async (settlements) => {
    const forMs = Number.POSITIVE_INFINITY;
    const held = await tryAgain(() => settleEvents(sql, settlements), { forMs, signal });
    tellReceiversSoon(settlements.flatMap(({ messages }) => messages));
    return held;
  },
  release: () => releaseEvents(sql, holder),
  takeKeys: (taking) =>
    tryAgain(() => takeKeys(sql, { ...taking, holder }), { forMs: INSERT_FOR_MS, signal }),
  endKeys: (ended) => tryAgain(() => endKeys(sql, ended), { forMs: INSERT_FOR_MS, signal }),
  renewKeys: (renewal) => renewKeys(sql, { ...renewal, holder }),
  releaseKeys: () => tryAgain(() => releaseKeys(sql, holder), { forMs: INSERT_FOR_MS, signal }),
  keepShapes: (seen) => keepShapes(sql, { seen, keep: LIMITS.eventShapes }),
  volumes: () => laneVolumes(sql),
  oldestAtMs: () => oldestEvent(sql),
};

function tellOthersSoon(): void {
  if (telling) return;
  telling = true;
  systemClock.after(TELL_EVERY_MS, () => {
    telling = false;
    notifyEvents(sql, holder).catch(() => {}); // they look by themselves once a second
  });
}

/** Whoever waits at a queue that got messages; on this node, too. */
function tellReceiversSoon(messages: readonly { readonly queueId: number }[]): void {
  if (messages.length === 0) return;
  if (toldQueues.size === 0)
    systemClock.after(TELL_EVERY_MS, () => {
      const queueIds = [...toldQueues];
      toldQueues.clear();
      notifyQueues(sql, { holder: '-', queueIds }).catch(() => {}); // they look by themselves once a second
    });
  for (const { queueId } of messages) toldQueues.add(queueId);
}

const tell = answerQuestions({ ...answers }, () => {
  stopping.abort();
  return sql.end({ timeout: 1 });
});

void listenEvents(sql, { holder, onNews: () => tell(null), signal });
