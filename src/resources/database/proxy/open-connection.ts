/** Opens a connection to an app's database, within a bounded time. */
import type { Clock } from '../../../base/index.ts';
import type { AppDatabase } from '../../../model/index.ts';
import { dial, type ServerAddress } from './dial.ts';
import { login } from './login.ts';
import { ServerConnection } from './server-connection.ts';
import type { Startup } from './startup.ts';
import type { StatementTable } from './statements.ts';

const CONNECT_MS = 5_000;

interface Opening {
  readonly server: ServerAddress;
  readonly database: AppDatabase;
  readonly startup: Startup;
  readonly table: StatementTable;
  readonly clock: Clock;
}

/** @throws {Refused} by the server, or what connecting throws */
export async function openConnection(opening: Opening): Promise<ServerConnection> {
  const { server, database, startup, table, clock } = opening;
  const { roleName: user, password, databaseName } = database;
  const { applicationName, key: startupKey } = startup;
  const abort = new AbortController();
  const timer = clock.after(CONNECT_MS, () =>
    abort.abort(new Error(`no answer within ${CONNECT_MS / 1_000} s`)),
  );
  try {
    const socket = await dial(server, abort.signal);
    abort.signal.addEventListener('abort', () => socket.destroy(abort.signal.reason as Error));
    try {
      const parameters = new Map([...startup.parameters, ['application_name', applicationName]]);
      const loggedIn = await login(socket, { user, password, database: databaseName, parameters });
      return new ServerConnection({ ...loggedIn, socket, table, startupKey, applicationName });
    } catch (error) {
      socket.destroy();
      throw error;
    }
  } finally {
    timer.cancel();
  }
}
