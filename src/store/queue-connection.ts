/** The connections that messages are sent, received and settled over, and the news that some came. */
import type { Sql } from './connect.ts';
import { announceOn, connectByIndex, listenOn } from './delivery-connection.ts';

/** The payload is the node that has stored something, and ids of the queues that it is in. */
const CHANNEL = 'skein_queues';
/** So many ids fit into an announcement, with room to spare. */
const MAX_IDS = 200;

export interface QueueConnections {
  readonly sql: Sql;
  /**
   * For receiving: it does not wait for the disk. What a crash of the database takes back is that a message was
   * handed out, so it is handed out again; whatever is told of it later waits for the disk, for both.
   */
  readonly receiving: Sql;
  end(): Promise<unknown>;
}

export function connectQueues(url: string): QueueConnections {
  const sql = connectByIndex({ url, max: 5 });
  const receiving = connectByIndex({ url, max: 3, settings: { synchronous_commit: 'off' } });
  return { sql, receiving, end: () => Promise.all([sql.end({ timeout: 1 }), receiving.end({ timeout: 1 })]) };
}

/** @param news.queueIds so many that they do not fit: as if all were named */
export async function notifyQueues(
  sql: Sql,
  news: { readonly holder: string; readonly queueIds: readonly number[] },
): Promise<void> {
  const ids = news.queueIds.length > MAX_IDS ? '*' : news.queueIds.join(',');
  await announceOn(sql, { channel: CHANNEL, payload: `${news.holder} ${ids}` });
}

/** Listens from when the database can be reached; never rejects. */
export async function listenQueues(
  sql: Sql,
  wanted: {
    readonly holder: string;
    /** null: it may be any. */
    readonly onNews: (queueIds: readonly number[] | null) => void;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { holder, onNews, signal } = wanted;
  await listenOn(sql, {
    ...{ channel: CHANNEL, signal },
    onPayload(payload) {
      const [from, ids = '*'] = payload?.split(' ') ?? [];
      if (from !== holder) onNews(ids === '*' ? null : ids.split(',').map(Number));
    },
  });
}
