/** Connections for tables through which much passes and where much may wait, and the news of what came into them. */
import { sleep, systemClock } from '../base/index.ts';
import { type ConnectOptions, connect, orUnavailable, type Sql } from './connect.ts';

const LISTEN_AGAIN_MS = 1_000;

/**
 * A plan is made when the table is small and kept while it grows to a million rows: only what goes by an index is
 * right for both.
 */
const SETTINGS = { enable_seqscan: 'off', enable_bitmapscan: 'off', enable_hashjoin: 'off', jit: 'off' };

export function connectByIndex(options: ConnectOptions): Sql {
  return connect({ ...options, settings: { ...SETTINGS, ...options.settings } });
}

export async function announceOn(
  sql: Sql,
  { channel, payload }: { readonly channel: string; readonly payload: string },
): Promise<void> {
  await orUnavailable(sql`select pg_notify(${channel}, ${payload})`);
}

/** Listens from when the database can be reached; never rejects. News may have been missed: the payload is null. */
export async function listenOn(
  sql: Sql,
  wanted: {
    readonly channel: string;
    readonly onPayload: (payload: string | null) => void;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { channel, onPayload, signal } = wanted;
  while (!signal.aborted) {
    try {
      await sql.listen(channel, onPayload, () => onPayload(null)); // made anew by itself when it breaks
      return;
    } catch {
      await sleep(systemClock, LISTEN_AGAIN_MS);
    }
  }
}
