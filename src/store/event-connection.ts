/** The connections that events are stored, claimed and settled over, and the news that some were stored. */
import type { Sql } from './connect.ts';
import { announceOn, connectByIndex, listenOn } from './delivery-connection.ts';

/** Announced in this channel; the payload is the node that has stored something. */
const CHANNEL = 'skein_events';

export function connectEvents(url: string): Sql {
  return connectByIndex({ url, max: 4 });
}

export async function notifyEvents(sql: Sql, holder: string): Promise<void> {
  await announceOn(sql, { channel: CHANNEL, payload: holder });
}

/** Listens from when the database can be reached; never rejects. */
export async function listenEvents(
  sql: Sql,
  wanted: { readonly holder: string; readonly onNews: () => void; readonly signal: AbortSignal },
): Promise<void> {
  const { holder, onNews, signal } = wanted;
  await listenOn(sql, {
    ...{ channel: CHANNEL, signal },
    onPayload: (from) => {
      if (from !== holder) onNews();
    },
  });
}
