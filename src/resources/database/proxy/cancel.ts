/** Asks PostgreSQL to stop what it does on a connection, on another one, as its protocol has it. */
import { once } from 'node:events';
import type { Clock } from '../../../base/index.ts';
import { dial, type ServerAddress } from './dial.ts';
import type { ServerConnection } from './server-connection.ts';
import { cancelRequest } from './wire.ts';

const TIMEOUT_MS = 5_000;
/** Of one connection at once: a second one could do no more than the first. */
const MAX_AT_ONCE = 1;

/** Resolves when PostgreSQL has taken it, or cannot be reached; never rejects. */
export async function cancelOn(
  connection: ServerConnection,
  { server, clock }: { server: ServerAddress; clock: Clock },
): Promise<void> {
  if (connection.cancelling >= MAX_AT_ONCE) return;
  connection.cancelling++;
  const abort = new AbortController();
  const timer = clock.after(TIMEOUT_MS, () => abort.abort(new Error('no answer')));
  try {
    const socket = await dial(server, abort.signal);
    abort.signal.addEventListener('abort', () => socket.destroy());
    socket.on('error', () => {});
    const closed = once(socket, 'close'); // when the signal has been sent
    socket.resume().write(cancelRequest(connection));
    await closed;
  } catch {
    // It cannot be reached: then there is nothing to cancel either.
  } finally {
    timer.cancel();
    connection.cancelling--;
  }
}
