/** The thread behind store-thread.ts: asks PostgreSQL, tries again what may be, tells other nodes. See there. */
import { createHash } from 'node:crypto';
import { workerData } from 'node:worker_threads';
import { answerQuestions, systemClock, tryAgain, uuidSource } from '../../base/index.ts';
import {
  cancelMove,
  changeFifoVisibility,
  changeVisibility,
  connectQueues,
  countQueue,
  deleteFifoMessages,
  deleteMessages,
  dropOldMessages,
  dropRemains,
  dueQueues,
  type FifoMessageRow,
  insertFifoMessages,
  insertMessages,
  insertMove,
  leaseMoves,
  listenQueues,
  listMoves,
  moveSome,
  notifyQueues,
  purgeQueue,
  receiveFifoMessages,
  receiveMessages,
  seeMessages,
} from '../../store/index.ts';
import type { FifoWish, QueueAnswers, Received } from './queue-store.ts';
import type { QueueThreadOptions } from './store-thread.ts';

/** How long a caller's work is tried: a server that has restarted refuses the first question after it. */
const TRY_FOR_MS = 2_000;
/** How often other nodes are told at most: an announcement for each batch would make their commits wait in line. */
const TELL_EVERY_MS = 100;
const RECEIVE_TRIES = 3;

const { databaseUrl, holder } = workerData as QueueThreadOptions;
const connections = connectQueues(databaseUrl);
const { sql, receiving } = connections;
const newId = uuidSource(() => systemClock.wallMs());
const stopping = new AbortController();
const { signal } = stopping;
const toTell = new Set<number>();

const again = <T>(work: () => Promise<T>) => tryAgain(work, { forMs: TRY_FOR_MS, signal });

const answers: QueueAnswers = {
  insert: async (messages) => {
    const stored = await again(() => insertMessages(sql, messages));
    tellOthersSoon(messages);
    return stored;
  },
  insertFifo: async (messages) => {
    const stored = await again(() => insertFifoMessages(sql, messages.map(identified)));
    tellOthersSoon(messages);
    return stored;
  },
  receive: (terms) => again(() => receive(terms)),
  due: (queues) => again(() => dueQueues(receiving, queues)),
  delete: (held) => again(() => deleteMessages(sql, held)),
  deleteFifo: (held) => again(() => deleteFifoMessages(sql, held)),
  changeVisibility: (changes) => again(() => changeVisibility(sql, changes)),
  changeFifoVisibility: (changes) => again(() => changeFifoVisibility(sql, changes)),
  count: (queueId) => again(() => countQueue(sql, queueId)),
  see: (page) => again(() => seeMessages(sql, page)),
  purge: (queueId) => purgeQueue(sql, queueId),
  async sweep() {
    while (!signal.aborted && (await dropOldMessages(sql)) > 0);
    while (!signal.aborted && (await dropRemains(sql)) > 0);
  },
  startMove: (move) => insertMove(sql, move),
  cancelMove: (id) => cancelMove(sql, id),
  listMoves: (page) => listMoves(sql, page),
  leaseMoves: (leaseMs) => leaseMoves(sql, { holder, leaseMs }),
  move: (wanted) => moveSome(sql, { ...wanted, holder }),
};

/** Once more where what was visible were dead letters, or too old. */
async function receive({ fifo, ...terms }: Parameters<QueueAnswers['receive']>[0]): Promise<Received> {
  const { queueId } = terms;
  const queue = fifo ? { standard: [], fifo: [queueId] } : { standard: [queueId], fifo: [] };
  for (let tries = 1; ; tries += 1) {
    const full = { ...terms, receipt: newId() };
    const messages = await (fifo ? receiveFifoMessages(receiving, full) : receiveMessages(receiving, full));
    if (messages.length > 0) return { messages, dueInMs: null };
    const [due] = await dueQueues(receiving, queue);
    if (due === undefined || due.dueInMs > 0 || tries === RECEIVE_TRIES)
      return { messages, dueInMs: due?.dueInMs ?? null };
  }
}

function identified(message: FifoWish): FifoMessageRow {
  const { deduplicationId: given, body, details } = message;
  const deduplicationId = given ?? createHash('sha256').update(body).digest('hex');
  return { ...message, deduplicationId, details: { ...details, deduplicationId } };
}

function tellOthersSoon(messages: readonly { readonly queueId: number }[]): void {
  if (toTell.size === 0)
    systemClock.after(TELL_EVERY_MS, () => {
      const queueIds = [...toTell];
      toTell.clear();
      notifyQueues(sql, { holder, queueIds }).catch(() => {}); // they look by themselves once a second
    });
  for (const { queueId } of messages) toTell.add(queueId);
}

const tell = answerQuestions({ ...answers }, () => {
  stopping.abort();
  return connections.end();
});

void listenQueues(sql, { holder, onNews: tell, signal });
