/**
 * `npm run bench -- database`: what the database proxy costs and what it saves. The same transactions by few
 * clients straight to PostgreSQL, by as many through the proxy, and by those of 200 instances.
 */
import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { systemClock } from '../src/base/index.ts';
import type { AppDatabase } from '../src/model/index.ts';
import { dropAppDatabase, ensureDatabase } from '../src/resources/database/database.ts';
import { startDatabaseProxy } from '../src/resources/database/proxy/proxy.ts';
import { connect, migrate } from '../src/store/index.ts';
import { startTestServer } from '../src/store/testing.ts';
import { percentile, printTable } from './support/numbers.ts';

const FEW = 10;
const MANY = 200;
const SECONDS = 5;

type Work = (sql: postgres.Sql) => Promise<unknown>;

const KINDS: Readonly<Record<string, Work>> = {
  'one SELECT': (sql) => sql`select total from orders where id = ${1}`,
  'a transaction of 3': (sql) =>
    sql.begin(async (transaction) => {
      const id = 1 + Math.floor(Math.random() * 1_000);
      await transaction`select total from orders where id = ${id}`;
      await transaction`update orders set total = total + 1 where id = ${id}`;
    }),
};

export async function database(): Promise<unknown> {
  const server = await startTestServer();
  const admin = connect({ url: server.url, max: 2 });
  const app = { app: `b${randomBytes(3).toString('hex')}`, key: 'main' };
  try {
    await migrate(admin);
    const { database } = await ensureDatabase(admin, app);
    return await measure(database, new URL(server.url), admin);
  } finally {
    await dropAppDatabase(admin, app);
    await admin.end();
    await server.stop();
  }
}

async function measure(database: AppDatabase, server: URL, admin: postgres.Sql): Promise<unknown> {
  const proxy = await startDatabaseProxy({
    listen: { host: '127.0.0.1', port: 0 },
    server: { host: server.hostname, port: Number(server.port) },
    ...{ key: randomBytes(32), clock: systemClock, onProblem: console.error },
  });
  proxy.serve([database]);
  const { roleName, password, databaseName } = database;
  const direct = `postgres://${roleName}:${password}@${server.host}/${databaseName}`;
  const proxied = proxy.urlFor(database, 'bench');
  await prepare(direct);
  const rows: Record<string, string | number>[] = [];
  for (const [what, work] of Object.entries(KINDS)) {
    for (const [how, url, clients] of [
      ['direct', direct, FEW],
      ['proxy', proxied, FEW],
      ['proxy', proxied, MANY],
    ] as const) {
      const found = await run({ url, clients, work });
      const connections = await connectionsOf(admin, roleName);
      const [first] = rows.filter((row) => row.what === what);
      const ratio = first === undefined ? 1 : found.perSecond / (first.perSecond as number);
      rows.push({ what, how, clients, ...found, ratio, connections });
    }
  }
  await proxy.stop();
  printTable(rows);
  return rows;
}

async function prepare(url: string): Promise<void> {
  const sql = postgres(url, { max: 1 });
  await sql`create table orders as select id, 0 as total from generate_series(1, 1000) as id`;
  await sql`alter table orders add primary key (id)`;
  await sql.end();
}

async function run({ url, clients, work }: { url: string; clients: number; work: Work }) {
  const pools = Array.from({ length: clients }, () => postgres(url, { max: 1, onnotice: () => {} }));
  await Promise.all(pools.map(work)); // connected and prepared
  const times: number[] = [];
  const endMs = performance.now() + SECONDS * 1_000;
  await Promise.all(
    pools.map(async (sql) => {
      while (performance.now() < endMs) {
        const startMs = performance.now();
        await work(sql);
        times.push(performance.now() - startMs);
      }
    }),
  );
  await Promise.all(pools.map((sql) => sql.end()));
  return { perSecond: times.length / SECONDS, p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99) };
}

async function connectionsOf(admin: postgres.Sql, role: string): Promise<number> {
  const [row] = await admin`select count(*)::int as count from pg_stat_activity where usename = ${role}`;
  return row!.count;
}
