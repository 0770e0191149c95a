/**
 * One client's connection, once it is admitted.
 *
 * Owns   its socket, and whether it has a server connection: from a first message until both sides are at
 *        rest, or, once it has put something into its session that it must find again, until it is gone.
 * Never  reads SQL or keeps account of answers: see conversation.ts.
 *
 *              message      granted      refused      at rest    closed
 *   resting    waiting      ·            ·            ·          closed
 *   waiting    (unread)     talking      skipping     ·          closed, the order is withdrawn
 *   talking    passed on    ·            ·            resting    closed, the server connection as well, unless at rest
 *   skipping   to a Sync: resting
 *
 * A client that waits is not read. One side is not read while the other does not take what there is; who
 * takes nothing for `stallMs`, or leaves a half-finished request for as long, is disconnected.
 */
import type { Socket } from 'node:net';
import { Conversation } from './conversation.ts';
import { MessageReader } from './message-reader.ts';
import { Outbox } from './outbox.ts';
import type { Order, Pool } from './pool.ts';
import type { ServerConnection } from './server-connection.ts';
import type { ClientSession } from './sessions.ts';
import { ownSettings } from './settings.ts';
import type { Startup } from './startup.ts';
import type { StatementTable } from './statements.ts';
import { ASK, errorResponse, type Problem, ProtocolError, READY_IDLE } from './wire.ts';

/** Messages that are looked into are wanted whole, up to this; longer ones pass by in pieces. */
const HEAD_BYTES = 32 * 1024;

export interface ClientOptions {
  readonly socket: Socket;
  readonly functionName: string;
  readonly startup: Startup;
  readonly pool: Pool;
  readonly table: StatementTable;
  readonly nowMs: () => number;
  /** Tells PostgreSQL to stop what it does on this connection. */
  readonly cancel: (connection: ServerConnection) => void;
}

type State = 'resting' | 'waiting' | 'talking' | 'skipping' | 'closed';

export class Client {
  readonly #options: ClientOptions;
  readonly #session: ClientSession;
  readonly #reader = new MessageReader((type) => (type === ASK.copyData ? 0 : HEAD_BYTES));
  readonly #toClient: Outbox;
  #state: State = 'resting';
  #connection: ServerConnection | null = null;
  #conversation: Conversation | null = null;
  #order: Order | null = null;
  /** It has said good-bye: what it has asked before is still done. */
  #leaving = false;
  /** Since when something is owed to the other side that does not go on; null: it goes on. */
  #stalledSinceMs: number | null = null;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#toClient = new Outbox(options.socket);
    const { applicationName } = options.startup;
    this.#session = {
      applicationName,
      statements: new Map(),
      unnamed: null,
      settings: ownSettings(applicationName),
      pinned: null,
    };
  }

  /** Takes the socket over. @param first what it has sent already, behind its start */
  begin(first: Buffer): void {
    const { socket } = this.#options;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('drain', () => this.#drained());
    socket.once('close', () => this.#closed());
    socket.resume();
    if (first.length > 0) this.#take(first);
  }

  #take(chunk: Buffer): void {
    this.#reader.push(chunk);
    this.#guarded(() => this.#work());
  }

  /** Bytes that make no sense end this client, and what it has; nobody else. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.end({ code: '08P01', message: `protocol violation: ${error.message}` });
    }
  }

  #work(): void {
    while (this.#state !== 'waiting' && this.#state !== 'closed' && this.#reader.next()) this.#message();
    const took = this.#connection?.toServer.flush() ?? true;
    if (!took) this.#options.socket.pause();
    this.#toClient.flush();
    this.#watch(!took);
  }

  #message(): void {
    const { type } = this.#reader;
    if (this.#state === 'skipping') {
      this.#skip(type);
      return;
    }
    if (type === ASK.terminate) {
      this.#terminate();
      return;
    }
    if (this.#state === 'talking') {
      this.#conversation!.ask(this.#reader);
      return;
    }
    // Late data of a copy that has failed, or nothing to flush: PostgreSQL takes no notice either.
    if (LATE.includes(type)) return;
    this.#state = 'waiting';
    this.#order = this.#makeOrder();
    this.#options.socket.pause();
    this.#options.pool.request(this.#order);
  }

  #makeOrder(): Order {
    const { functionName, startup } = this.#options;
    return {
      functionName,
      startup,
      settingsKey: this.#session.settings.key,
      granted: (connection) => this.#granted(connection),
      refused: (problem) => this.#refused(problem),
    };
  }

  #granted(connection: ServerConnection): void {
    const { pool, functionName, table, socket } = this.#options;
    this.#order = null;
    if (this.#state === 'closed') {
      pool.release(connection, functionName);
      return;
    }
    this.#state = 'talking';
    this.#connection = connection;
    this.#conversation = new Conversation({
      client: this.#session,
      server: connection.session,
      table,
      toServer: connection.toServer,
      toClient: this.#toClient,
    });
    connection.session.unnamed = null;
    connection.holder = {
      bytes: () => {
        if (this.#state === 'talking') this.#guarded(() => this.#answers());
      },
      drained: () => {
        socket.resume();
        this.#watch(false);
      },
      lost: () => this.#lost(),
    };
    socket.resume();
    this.#guarded(() => {
      this.#conversation!.ask(this.#reader); // what it has waited with
      this.#work();
    });
  }

  /** As PostgreSQL answers to a transaction that cannot begin: an error, and the next one may be tried. */
  #refused(problem: Problem): void {
    this.#order = null;
    if (this.#state !== 'waiting') return;
    this.#toClient.put(errorResponse('ERROR', problem));
    const { type } = this.#reader;
    this.#state = 'skipping';
    if (type === ASK.query || type === ASK.functionCall) this.#ready();
    else this.#skip(type);
    this.#options.socket.resume();
    this.#guarded(() => this.#work());
  }

  #skip(type: number): void {
    if (type === ASK.terminate) this.#terminate();
    else if (type === ASK.sync) this.#ready();
  }

  #ready(): void {
    this.#toClient.put(READY_IDLE);
    this.#state = 'resting';
  }

  #answers(): void {
    const [connection, conversation] = [this.#connection!, this.#conversation!];
    const { reader } = connection;
    while (reader.next()) conversation.answer(reader);
    // What is asked and answered without the server is in neither reader.
    if (!this.#toClient.flush()) connection.pause();
    this.#watch(false);
    if (!conversation.isBusy && this.#leaving) this.#options.socket.destroy();
    else if (conversation.atRest && this.#session.pinned === null) this.#release();
    else connection.toServer.flush();
  }

  #release(): void {
    const { pool, functionName } = this.#options;
    const connection = this.#connection!;
    this.#connection = null;
    this.#conversation = null;
    this.#state = 'resting';
    this.#stalledSinceMs = null;
    connection.resume();
    pool.release(connection, functionName);
  }

  #drained(): void {
    this.#connection?.resume();
    this.#watch(false);
  }

  /** The server connection is gone: what the server had to say about it has been passed on. */
  #lost(): void {
    const { pool, functionName } = this.#options;
    const [connection, conversation] = [this.#connection!, this.#conversation!];
    this.#connection = null;
    this.#conversation = null;
    pool.release(connection, functionName);
    this.end(conversation.hasLastWords ? null : LOST);
  }

  #terminate(): void {
    this.#leaving = true;
    if (this.#conversation?.isBusy !== true) this.#options.socket.end();
  }

  /** Says why, unless that has been said, and hangs up. */
  end(problem: Problem | null): void {
    if (this.#state === 'closed' || this.#options.socket.destroyed) return;
    if (problem !== null) this.#toClient.put(errorResponse('FATAL', problem));
    this.#toClient.flush();
    this.#state = 'closed';
    this.#options.socket.destroySoon();
  }

  /** Asked for with this client's own key. */
  cancel(): void {
    if (this.#connection !== null && this.#conversation!.isBusy) this.#options.cancel(this.#connection);
  }

  #closed(): void {
    const { pool, table, functionName } = this.#options;
    const [connection, conversation] = [this.#connection, this.#conversation];
    this.#state = 'closed';
    this.#connection = null;
    this.#conversation = null;
    if (this.#order !== null) pool.withdraw(this.#order);
    if (this.#session.unnamed !== null) table.leave(this.#session.unnamed);
    for (const statement of this.#session.statements.values()) table.leave(statement);
    this.#session.statements.clear();
    if (connection === null) return;
    connection.resume();
    if (conversation!.isBusy) this.#options.cancel(connection);
    if (!conversation!.atRest) connection.destroy();
    pool.release(connection, functionName);
  }

  #watch(serverIsFull: boolean): void {
    const waits =
      serverIsFull || this.#options.socket.writableNeedDrain || this.#conversation?.isUnfinished === true;
    this.#stalledSinceMs = waits ? this.#options.nowMs() : null;
  }

  /** Hangs up when nothing has gone on for too long, while others might need what this one has. */
  tidy(nowMs: number, stallMs: number): void {
    if (this.#state === 'closed') this.#options.socket.destroy(); // it has not taken its last words
    if (this.#connection === null || this.#stalledSinceMs === null) return;
    if (nowMs - this.#stalledSinceMs < stallMs) return;
    this.end({ code: '25P03', message: `nothing has gone on for ${stallMs / 1_000} s within a request` });
  }
}

const LOST: Problem = {
  code: '08006',
  message: 'the connection to PostgreSQL was lost',
  hint: 'Connect again; a transaction that was open has been rolled back.',
};

const LATE: readonly number[] = [ASK.copyData, ASK.copyDone, ASK.copyFail, ASK.flush, 0];
