/** Makes a session as it was at its beginning, before another client gets it. */
import type { Clock } from '../../../base/index.ts';
import type { ServerConnection } from './server-connection.ts';
import { ownSettings } from './settings.ts';
import { ANSWER, HEADER_BYTES, query } from './wire.ts';

/** What has not been discarded by then never will be. */
const TIMEOUT_MS = 5_000;

/** @param done told once: whether the connection is clean, or else gone */
export function discard(connection: ServerConnection, clock: Clock, done: (clean: boolean) => void): void {
  const timer = clock.after(TIMEOUT_MS, () => connection.destroy());
  const end = (clean: boolean) => {
    timer.cancel();
    connection.holder = null;
    done(clean);
  };
  connection.holder = {
    bytes() {
      const { reader } = connection;
      while (reader.next()) {
        if (reader.type === ANSWER.error) return connection.destroy();
        if (reader.type === ANSWER.ready && reader.bytes[HEADER_BYTES] === 0x49) return end(true);
      }
    },
    drained() {},
    lost: () => end(false),
  };
  const { session } = connection;
  session.prepared.clear();
  session.unnamed = null;
  session.settings = ownSettings(session.applicationName);
  session.unsure = false;
  connection.toServer.put(query('DISCARD ALL'));
  connection.toServer.flush();
}
