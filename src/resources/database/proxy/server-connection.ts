/**
 * One connection to PostgreSQL, as an app's role.
 *
 * Owns   its socket, and what is known of its session.
 * Never  decides who has it: whoever does is its holder, and hears of its bytes and its end.
 */
import type { Socket } from 'node:net';
import type { LoggedIn } from './login.ts';
import { MessageReader } from './message-reader.ts';
import { Outbox } from './outbox.ts';
import type { ServerSession } from './sessions.ts';
import { ownSettings } from './settings.ts';
import { Prepared, type StatementTable } from './statements.ts';
import { ANSWER } from './wire.ts';

export interface Holder {
  /** Messages may be in the reader. */
  bytes(): void;
  /** It takes more again. */
  drained(): void;
  /** It is gone. Called once, and nothing after it. */
  lost(): void;
}

/** Messages that are looked into are wanted whole, up to this; rows and copied data pass as they come. */
const HEAD_BYTES = 32 * 1024;
const PASSING: readonly number[] = [...'DdT'].map((letter) => letter.charCodeAt(0));

export function serverReader(): MessageReader {
  return new MessageReader((type) => (PASSING.includes(type) ? 0 : HEAD_BYTES));
}

export interface ServerConnectionOptions extends LoggedIn {
  readonly socket: Socket;
  readonly table: StatementTable;
  /** Sessions that began alike: see startup.ts. */
  readonly startupKey: string;
  readonly applicationName: string;
}

export class ServerConnection {
  readonly session: ServerSession;
  readonly startupKey: string;
  readonly reader = serverReader();
  readonly toServer: Outbox;
  readonly processId: number;
  readonly secret: Buffer;
  holder: Holder | null = null;
  idleSinceMs = 0;
  /** The function that had it last. */
  lastOf = '';
  /** Cancellations on their way: one that comes late must not hit the next one's query. */
  cancelling = 0;
  readonly #socket: Socket;

  constructor(options: ServerConnectionOptions) {
    const { socket, table, applicationName, parameters, startupKey, processId, secret } = options;
    this.#socket = socket;
    this.startupKey = startupKey;
    this.processId = processId;
    this.secret = secret;
    this.toServer = new Outbox(socket);
    this.session = {
      applicationName,
      prepared: new Prepared(table),
      unnamed: null,
      settings: ownSettings(applicationName),
      status: 'I',
      parameters,
      unsure: false,
      spent: false,
    };
    socket.on('data', (chunk: Buffer) => {
      this.reader.push(chunk);
      this.holder?.bytes();
    });
    socket.on('drain', () => this.holder?.drained());
    socket.resume();
    socket.once('close', () => {
      this.session.prepared.clear();
      const { holder } = this;
      this.holder = null;
      holder?.lost();
    });
  }

  get isGone(): boolean {
    return this.#socket.destroyed;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Whatever it was doing is rolled back. Its holder hears of it. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Says good-bye, where nothing is open. */
  end(): void {
    this.#socket.end(Buffer.from([0x58, 0, 0, 0, 4]));
    this.#socket.destroySoon();
  }

  /**
   * Reads what a server says unasked.
   *
   * @returns whether it is nothing else
   */
  readUnasked(): boolean {
    while (this.reader.next()) {
      const { type } = this.reader;
      const harmless =
        type === ANSWER.notice || type === ANSWER.notification || type === ANSWER.parameterStatus;
      if (!harmless) return false;
    }
    return true;
  }
}
