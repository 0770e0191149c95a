/** What is in the sessions of the two who talk, as far as it matters to who talks next. */
import type { Settings } from './settings.ts';
import type { Prepared, Statement, StatementTable } from './statements.ts';
import type { Status } from './wire.ts';

/** What a client has in its session. */
export interface ClientSession {
  readonly applicationName: string;
  /** By the client's names. */
  readonly statements: Map<string, Statement>;
  unnamed: Statement | null;
  settings: Settings;
  /** Why it keeps its server connection until it disconnects; null: it does not. */
  pinned: string | null;
}

/** What a server connection has in its session. */
export interface ServerSession {
  readonly applicationName: string;
  readonly prepared: Prepared;
  unnamed: Statement | null;
  settings: Settings;
  status: Status;
  /** What the server last said of its parameters. */
  readonly parameters: Map<string, string>;
  /** It may have more than is known of: everything is discarded before another client gets it. */
  unsure: boolean;
  /** What it has yet to answer is not known for certain: nobody gets it any more. */
  spent: boolean;
}

export interface Parties {
  readonly client: ClientSession;
  readonly server: ServerSession;
  readonly table: StatementTable;
  readonly toServer: { put(bytes: Buffer): void };
  readonly toClient: { put(bytes: Buffer): void };
}
