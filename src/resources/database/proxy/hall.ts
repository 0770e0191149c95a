/**
 * The hall: everybody who is connected to the proxy, and the pools they are served from.
 *
 * Owns   who is let in, as whose function, and how many; one pool for each app's database.
 * Never  keeps a database's password anywhere but here: clients have secrets of their own.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Clock } from '../../../base/index.ts';
import type { AppDatabase } from '../../../model/index.ts';
import { type Admitted, admit, refuse } from './admission.ts';
import { cancelOn } from './cancel.ts';
import { Client } from './client.ts';
import type { ServerAddress } from './dial.ts';
import { openConnection } from './open-connection.ts';
import { Pool, type PoolLimits, type PoolOptions } from './pool.ts';
import { functionOf } from './secret.ts';
import type { ServerConnection } from './server-connection.ts';
import type { Wanted } from './startup.ts';
import { StatementTable } from './statements.ts';
import {
  ANSWER,
  AUTHENTICATION_OK,
  int32,
  message,
  type Problem,
  parameterStatus,
  READY_IDLE,
} from './wire.ts';

export interface HallLimits extends PoolLimits {
  /** Clients of one function, and sockets of the node. */
  readonly functionClients: number;
  readonly sockets: number;
  /** Of one address, unless it is this machine's own: there each instance has one. */
  readonly socketsOfAddress: number;
  /** Who has not said by then what it wants may have to go for others: sockets. */
  readonly strangers: number;
  /** Connections to PostgreSQL, of all apps. */
  readonly connections: number;
  /** See client.ts, ms. */
  readonly stallMs: number;
}

export interface HallOptions {
  readonly clock: Clock;
  readonly key: Uint8Array;
  readonly server: ServerAddress;
  readonly limits: HallLimits;
}

interface Served {
  readonly database: AppDatabase;
  readonly pool: Pool;
  readonly table: StatementTable;
}

interface Guest {
  readonly client: Client;
  readonly secret: Buffer;
  readonly roleName: string;
}

const MAX_PROCESS_ID = 0x7fffffff;

export class Hall {
  readonly #options: HallOptions;
  readonly #served = new Map<string, Served>();
  readonly #guests = new Map<number, Guest>();
  readonly #clientsOf = new Map<string, number>();
  readonly #socketsOf = new Map<string, number>();
  /** Sockets that have not been admitted yet, oldest first. */
  readonly #strangers = new Set<Socket>();
  #lastId = 0;
  #connections = 0;

  constructor(options: HallOptions) {
    this.#options = options;
  }

  /** From now on these databases are served, and no others. */
  serve(databases: readonly AppDatabase[]): void {
    const wanted = new Map(databases.map((database) => [database.roleName, database]));
    for (const [role, { database, pool }] of this.#served) {
      const now = wanted.get(role);
      if (now?.password === database.password && now.databaseName === database.databaseName) continue;
      this.#served.delete(role);
      pool.close();
      for (const { client, roleName } of this.#guests.values()) if (roleName === role) client.end(DROPPED);
    }
    for (const [role, database] of wanted)
      if (!this.#served.has(role)) this.#served.set(role, this.#open(database));
  }

  #open(database: AppDatabase): Served {
    const { clock, limits, server } = this.#options;
    const table = new StatementTable();
    const budget = { tryTake: () => this.#tryTake(), giveBack: () => this.#giveBack() };
    const connect: PoolOptions['connect'] = (startup) =>
      openConnection({ server, database, startup, table, clock });
    return { database, table, pool: new Pool({ clock, limits, budget, connect }) };
  }

  /** Where all are in use, a pool that has some lying idle gives one up. */
  #tryTake(): boolean {
    const { connections } = this.#options.limits;
    const isFull = () => this.#connections >= connections;
    if (isFull()) for (const { pool } of this.#served.values()) if (pool.closeOldestIdle()) break;
    if (isFull()) return false;
    this.#connections++;
    return true;
  }

  #giveBack(): void {
    const wasFull = this.#connections >= this.#options.limits.connections;
    this.#connections--;
    if (wasFull) this.#pumpSoon();
  }

  #pumpSoon(): void {
    queueMicrotask(() => {
      for (const { pool } of this.#served.values()) if (pool.isWaitedFor) pool.pump();
    });
  }

  /** Somebody has connected. */
  receive(socket: Socket): void {
    const { clock, limits } = this.#options;
    if (this.#guests.size + this.#strangers.size >= limits.sockets) {
      refuse(socket, TOO_MANY);
      return;
    }
    if (!this.#countAddress(socket)) {
      refuse(socket, TOO_MANY);
      return;
    }
    const [oldest] = this.#strangers;
    if (this.#strangers.size >= limits.strangers) oldest?.destroy();
    this.#strangers.add(socket);
    socket.once('close', () => this.#strangers.delete(socket));
    admit({
      socket,
      clock,
      onAdmitted: (admitted) => {
        this.#strangers.delete(socket);
        this.#admitted(socket, admitted);
      },
      onCancel: (key) => this.#cancel(key),
    });
  }

  /** @returns false: there are too many from there */
  #countAddress(socket: Socket): boolean {
    const address = socket.remoteAddress ?? '';
    if (address === LOOPBACK) return true;
    const sockets = this.#socketsOf.get(address) ?? 0;
    if (sockets >= this.#options.limits.socketsOfAddress) return false;
    this.#socketsOf.set(address, sockets + 1);
    socket.once('close', () => countDown(this.#socketsOf, address));
    return true;
  }

  #admitted(socket: Socket, { wanted, secret, rest }: Admitted): void {
    const { user, database: databaseName, startup } = wanted;
    const functionName = functionOf(this.#options.key, { secret, roleName: user });
    if (functionName === null) {
      refuse(socket, wrongPassword(user));
      return;
    }
    const served = this.#served.get(user);
    if (served?.database.databaseName !== databaseName) {
      refuse(socket, noDatabase(databaseName));
      return;
    }
    const clients = this.#clientsOf.get(functionName) ?? 0;
    if (clients >= this.#options.limits.functionClients) {
      refuse(socket, tooManyOf(functionName, clients));
      return;
    }
    this.#clientsOf.set(functionName, clients + 1);
    socket.once('close', () => countDown(this.#clientsOf, functionName));
    const { pool } = served;
    const begin = (welcome: Buffer) => this.#begin(socket, { wanted, served, functionName, welcome, rest });
    const known = pool.welcome(startup);
    if (known !== undefined) {
      begin(known);
      return;
    }
    pool.request({
      functionName,
      startup,
      settingsKey: '',
      granted(connection) {
        pool.release(connection, functionName);
        begin(pool.welcome(startup) ?? Buffer.alloc(0));
      },
      refused: (problem) => refuse(socket, problem),
    });
  }

  #begin(socket: Socket, parts: Beginning): void {
    if (socket.destroyed) return;
    const { wanted, served, functionName, welcome, rest } = parts;
    const { clock } = this.#options;
    const { startup } = wanted;
    const client = new Client({
      ...{ socket, functionName, startup, pool: served.pool, table: served.table },
      nowMs: () => clock.nowMs(),
      cancel: (connection) => this.#cancelOn(connection),
    });
    const [id, secret] = [this.#newId(), randomBytes(4)];
    this.#guests.set(id, { client, secret, roleName: wanted.user });
    socket.once('close', () => this.#guests.delete(id));
    const name = parameterStatus('application_name', startup.applicationName);
    const key = message(ANSWER.keyData, int32(id), secret);
    socket.write(Buffer.concat([AUTHENTICATION_OK, welcome, name, key, READY_IDLE]));
    client.begin(rest);
  }

  /** What stands for a process id: clients cancel by it. */
  #newId(): number {
    do this.#lastId = (this.#lastId % MAX_PROCESS_ID) + 1;
    while (this.#guests.has(this.#lastId));
    return this.#lastId;
  }

  #cancel({ processId, secret }: { processId: number; secret: Buffer }): void {
    const guest = this.#guests.get(processId);
    if (guest === undefined || secret.length !== guest.secret.length) return;
    if (timingSafeEqual(secret, guest.secret)) guest.client.cancel();
  }

  #cancelOn(connection: ServerConnection): void {
    const { server, clock } = this.#options;
    void cancelOn(connection, { server, clock });
  }

  tidy(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const { pool } of this.#served.values()) pool.tidy(nowMs);
    for (const { client } of this.#guests.values()) client.tidy(nowMs, this.#options.limits.stallMs);
  }

  /** Everybody is sent away. */
  close(): void {
    for (const { client } of this.#guests.values()) client.end(STOPPED);
    for (const { pool } of this.#served.values()) pool.close();
    for (const socket of this.#strangers) socket.destroy();
  }
}

function countDown(counts: Map<string, number>, key: string): void {
  const left = (counts.get(key) ?? 1) - 1;
  if (left === 0) counts.delete(key);
  else counts.set(key, left);
}

const LOOPBACK = '127.0.0.1';

interface Beginning {
  readonly wanted: Wanted;
  readonly served: Served;
  readonly functionName: string;
  readonly welcome: Buffer;
  readonly rest: Buffer;
}

const STOPPED: Problem = { code: '57P01', message: 'the node is stopping' };
const DROPPED: Problem = { code: '57P01', message: 'the database has been dropped' };
const TOO_MANY: Problem = {
  code: '53300',
  message: 'too many clients are connected to the node’s databases',
};

function wrongPassword(user: string): Problem {
  return { code: '28P01', message: `password authentication failed for user "${user}"` };
}

function noDatabase(name: string): Problem {
  return {
    code: '3D000',
    message: `database "${name}" does not exist`,
    hint: 'A function reaches its own app’s database, by the DATABASE_URL in its environment.',
  };
}

function tooManyOf(functionName: string, clients: number): Problem {
  return {
    code: '53300',
    message: `too many clients: function ${functionName} has ${clients} connections open already`,
    hint: 'One connection for each instance is enough; close those that are not used.',
  };
}
