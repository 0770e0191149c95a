/** The connections that events are stored, claimed and settled over, and the news that some were stored. */
import { sleep, systemClock } from '../base/index.ts';
import { connect, orUnavailable, type Sql } from './connect.ts';

/** Announced in this channel; the payload is the node that has stored something. */
const CHANNEL = 'skein_events';
const LISTEN_AGAIN_MS = 1_000;

/**
 * A plan is made when the table is small and kept while it grows to a million rows: only what goes by an index is
 * right for both.
 */
const SETTINGS = { enable_seqscan: 'off', enable_bitmapscan: 'off', enable_hashjoin: 'off', jit: 'off' };

export function connectEvents(url: string): Sql {
  return connect({ url, max: 4, settings: SETTINGS });
}

export async function notifyEvents(sql: Sql, holder: string): Promise<void> {
  await orUnavailable(sql`select pg_notify(${CHANNEL}, ${holder})`);
}

/** Listens from when the database can be reached; never rejects. */
export async function listenEvents(
  sql: Sql,
  wanted: { readonly holder: string; readonly onNews: () => void; readonly signal: AbortSignal },
): Promise<void> {
  const { holder, onNews, signal } = wanted;
  const onNotify = (from: string) => {
    if (from !== holder) onNews();
  };
  while (!signal.aborted) {
    try {
      await sql.listen(CHANNEL, onNotify, onNews); // made anew by itself when it breaks
      return;
    } catch {
      await sleep(systemClock, LISTEN_AGAIN_MS);
    }
  }
}
