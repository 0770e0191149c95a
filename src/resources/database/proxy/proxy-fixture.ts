/** An app's database behind a proxy, for tests, on the server of the tests. */
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { connect as connectSocket, type Socket } from 'node:net';
import postgres, { type Sql } from 'postgres';
import { systemClock } from '../../../base/index.ts';
import type { AppDatabase } from '../../../model/index.ts';
import { type TestDatabase, testDatabase } from '../../../store/testing.ts';
import { dropAppDatabase, ensureDatabase } from '../database.ts';
import type { ServerAddress } from './dial.ts';
import type { HallLimits } from './hall.ts';
import { MessageReader } from './message-reader.ts';
import { type DatabaseProxy, startDatabaseProxy } from './proxy.ts';
import { ASK, HEADER_BYTES, message, startupMessage, zeroEnded } from './wire.ts';

export interface ProxiedApp extends AsyncDisposable {
  readonly database: AppDatabase;
  readonly admin: TestDatabase;
  readonly proxy: DatabaseProxy;
  readonly problems: unknown[];
  url(functionName?: string): string;
  /** postgres.js, ended with the app. */
  sql(options?: postgres.Options<Record<string, postgres.PostgresType>> & { functionName?: string }): Sql;
  /** node-postgres, ended with the app. */
  pg(functionName?: string): Promise<PgClient>;
  /** By hand, byte for byte. */
  wire(functionName?: string): Promise<WireClient>;
  /** Connections of the app's role, as PostgreSQL counts them. */
  connections(): Promise<number>;
}

/** What the tests use of node-postgres. */
export interface PgClient {
  connect(): Promise<void>;
  query(
    query: string | { name?: string; text: string; values?: unknown[] },
    values?: unknown[],
  ): Promise<{ rows: Record<string, unknown>[] }>;
  end(): Promise<void>;
  on(event: 'error' | 'notification', listener: (event: Error & { payload: string }) => void): void;
}

const { Client: PgClient } = createRequire(import.meta.url)('pg') as {
  Client: new (options: { connectionString: string }) => PgClient;
};

export function proxiedApp(limits: Partial<HallLimits> = {}): Promise<ProxiedApp> {
  return openTestApp({ limits });
}

export interface TestAppOptions {
  readonly limits?: Partial<HallLimits>;
  /** Where the proxy is to find the server, which is really there. Default: there. */
  readonly server?: (real: { host: string; port: number }) => ServerAddress;
}

export async function openTestApp({
  limits = {},
  server = (real) => real,
}: TestAppOptions): Promise<ProxiedApp> {
  const admin = await testDatabase();
  const app = `t${randomBytes(4).toString('hex')}`;
  const { database } = await ensureDatabase(admin.sql, { app, key: 'main' });
  const { hostname: host, port } = new URL(admin.url);
  const problems: unknown[] = [];
  const proxy = await startDatabaseProxy({
    listen: { host: '127.0.0.1', port: 0 },
    server: server({ host, port: Number(port) }),
    key: randomBytes(32),
    clock: systemClock,
    onProblem: (problem) => problems.push(problem),
    limits,
  });
  proxy.serve([database]);
  const closing: (() => Promise<unknown>)[] = [];
  const url = (functionName = `${app}-one`) => proxy.urlFor(database, functionName);
  return {
    ...{ database, admin, proxy, problems, url },
    sql({ functionName, ...options } = {}) {
      const sql = postgres(url(functionName), { max: 1, onnotice: () => {}, ...options });
      closing.push(() => sql.end({ timeout: 1 }));
      return sql;
    },
    async pg(functionName) {
      const client = new PgClient({ connectionString: url(functionName) });
      client.on('error', () => {});
      await client.connect();
      closing.push(() => client.end());
      return client;
    },
    async wire(functionName) {
      const client = await wireClient(new URL(url(functionName)));
      closing.push(async () => client.socket.destroy());
      return client;
    },
    async connections() {
      const [row] = await admin.sql`
        select count(*)::int as count from pg_stat_activity where usename = ${database.roleName}`;
      return row!.count as number;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(closing.map((close) => close()));
      await proxy.stop();
      await dropAppDatabase(admin.sql, { app, key: 'main' });
      await admin[Symbol.asyncDispose]();
    },
  };
}

export interface WireClient {
  readonly socket: Socket;
  /** Sends these in one write. */
  say(...messages: Buffer[]): void;
  /** @returns the types of what comes, up to and with the first of type `last`: `RDCZ` */
  until(last?: string): Promise<string>;
  /** The text of the last error: `C` and its SQLSTATE, and so on. */
  readonly lastError: string;
  /** Process id and secret. */
  readonly key: Buffer;
}

/** Logs in. */
async function wireClient(url: URL): Promise<WireClient> {
  const socket = connectSocket(Number(url.port), url.hostname);
  const reader = new MessageReader(() => 1024 * 1024);
  let wake = () => {};
  let over = false;
  let lastError = '';
  let key = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    reader.push(chunk);
    wake();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    over = true;
    wake();
  });
  const client: WireClient = {
    socket,
    say: (...messages) => void socket.write(Buffer.concat(messages)),
    async until(last = 'Z') {
      for (let types = ''; ; ) {
        while (reader.next()) {
          const type = String.fromCharCode(reader.type);
          if (type === 'E') lastError = reader.bytes.subarray(HEADER_BYTES).toString().replaceAll('\0', ' ');
          if (type === 'K') key = Buffer.from(reader.bytes.subarray(HEADER_BYTES));
          types += type;
          if (type === last) return types;
        }
        if (over) return `${types}.`;
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await promise;
      }
    },
    get lastError() {
      return lastError;
    },
    get key() {
      return key;
    },
  };
  const parameters: [string, string][] = [
    ['user', url.username],
    ['database', url.pathname.slice(1)],
  ];
  client.say(startupMessage(parameters));
  await client.until('R');
  client.say(message(ASK.password, zeroEnded(url.password)));
  await client.until();
  return client;
}

/** Messages, as clients write them. */
export const says = {
  query: (sql: string) => message(ASK.query, zeroEnded(sql)),
  parse: (name: string, sql: string) => message(ASK.parse, zeroEnded(name), zeroEnded(sql), Buffer.alloc(2)),
  bind: (name: string, portal = '') => message(ASK.bind, zeroEnded(portal), zeroEnded(name), Buffer.alloc(6)),
  describe: (name: string) => message(ASK.describe, zeroEnded(`S${name}`)),
  close: (name: string) => message(ASK.close, zeroEnded(`S${name}`)),
  execute: (portal = '') => message(ASK.execute, zeroEnded(portal), Buffer.alloc(4)),
  flush: message(ASK.flush),
  sync: message(ASK.sync),
  copyData: (text: string) => message(ASK.copyData, Buffer.from(text)),
  copyDone: message(ASK.copyDone),
};
