/**
 * PostgreSQL for tests, never mocked: each test file clones a migrated template and has the clone
 * to itself.
 *
 * The server is the one of SKEIN_TEST_DATABASE_URL (a run of all tests starts one), or else one of
 * this process, which is started at first need and ends with the process.
 */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../base/index.ts';
import { connect, type Sql } from './connect.ts';
import { startEmbedded } from './embedded/index.ts';
import { fingerprint, migrate, readMigrations } from './migrate.ts';

export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  readonly sql: Sql;
}

export interface TestServer {
  /** As superuser, on a database that tests do not write to. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * A database of one's own, migrated and empty. Disposing of it ends its connections and drops it.
 *
 * @example
 * await using db = await testDatabase();
 * await insertUsage(db.sql, batch);
 */
export async function testDatabase(): Promise<TestDatabase> {
  const server = await serverUrl();
  const template = await templateOn(server);
  const name = `skein_test_${randomBytes(6).toString('hex')}`;
  await asAdmin(server, (admin) => admin`create database ${admin(name)} template ${admin(template)}`);
  const url = withDatabase(server, name);
  const sql = connect({ url, max: 4 });
  return {
    url,
    sql,
    async [Symbol.asyncDispose]() {
      await sql.end({ timeout: 1 });
      await asAdmin(server, (admin) => admin`drop database if exists ${admin(name)} with (force)`);
    },
  };
}

/** Starts a server in a home of its own, which goes when the server stops. */
export async function startTestServer(): Promise<TestServer> {
  const home = await mkdtemp(join(tmpdir(), 'skein-test-postgres-'));
  const server = await startEmbedded({ home, clock: systemClock });
  const onExit = () => {
    process.kill(server.pid, 'SIGKILL');
    rmSync(home, { recursive: true, force: true });
  };
  process.once('exit', onExit);
  return {
    url: server.url,
    async stop() {
      process.removeListener('exit', onExit);
      await server.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

let ownServer: Promise<TestServer> | undefined;
let ownTemplate: Promise<string> | undefined;

async function serverUrl(): Promise<string> {
  const given = process.env.SKEIN_TEST_DATABASE_URL;
  if (given !== undefined) return given;
  ownServer ??= startTestServer().then((server) => {
    process.once('beforeExit', () => void server.stop());
    return server;
  });
  return (await ownServer).url;
}

function templateOn(server: string): Promise<string> {
  ownTemplate ??= asAdmin(server, makeTemplate.bind(null, server));
  return ownTemplate;
}

/** Made by whichever process comes first; its name says which migrations it holds. */
async function makeTemplate(server: string, admin: Sql): Promise<string> {
  const migrations = readMigrations();
  const name = `skein_template_${fingerprint(migrations)}`;
  const draft = `${name}_draft`;
  await admin`select pg_advisory_lock(hashtext('skein.test_template'))`; // held until the connection ends
  const found = await admin`select 1 from pg_database where datname = ${name}`;
  if (found.length > 0) return name;
  await admin`drop database if exists ${admin(draft)} with (force)`;
  await admin`create database ${admin(draft)} template template0`;
  const sql = connect({ url: withDatabase(server, draft), max: 1 });
  await migrate(sql, migrations).finally(() => sql.end());
  await admin`alter database ${admin(draft)} rename to ${admin(name)}`;
  return name;
}

async function asAdmin<T>(server: string, work: (admin: Sql) => PromiseLike<T>): Promise<T> {
  const admin = connect({ url: server, max: 1 });
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}

function withDatabase(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}
