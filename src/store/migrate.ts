/**
 * Migrations: numbered SQL files, forward only. Each runs in a transaction of its own under one
 * advisory lock, its version row inserted first, so that of two nodes that start at once one works
 * and the other finds the work done.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TransactionSql } from 'postgres';
import { Fault } from '../base/index.ts';
import { orUnavailable, type Sql } from './connect.ts';

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly text: string;
}

const FILE = /^(\d{4})-[a-z0-9-]+\.sql$/;

/** Any constant will do, as long as every node uses the same. */
const LOCK = 7_346_201_553;

/**
 * Brings the database to the version of this code. Quick (one query) when it is there already.
 *
 * @returns the versions that were applied now
 * @throws {Fault} `database-incompatible` when a newer Skein has migrated this database;
 *   `database-unavailable`
 */
export async function migrate(
  sql: Sql,
  migrations: readonly Migration[] = readMigrations(),
): Promise<number[]> {
  const newest = migrations.at(-1)?.version ?? 0;
  const applied: number[] = [];
  const current = await orUnavailable(currentVersion(sql));
  refuseNewer(current, newest);
  for (const migration of migrations) {
    if (migration.version <= current) continue;
    const done = await orUnavailable(sql.begin((tx) => apply(tx, migration, newest)));
    if (done) applied.push(migration.version);
  }
  return applied;
}

/** @returns the migrations of this code, in order; their numbers have no gaps */
export function readMigrations(folder = join(import.meta.dirname, 'migrations')): Migration[] {
  const files = readdirSync(folder).filter((file) => FILE.test(file));
  return files.toSorted().map((name, index) => {
    const version = Number(name.slice(0, 4));
    if (version !== index + 1) throw new Error(`migration ${name} should have number ${index + 1}`);
    return { version, name, text: readFileSync(join(folder, name), 'utf8') };
  });
}

/** @returns a short name for exactly these migrations; other text, other name */
export function fingerprint(migrations: readonly Migration[]): string {
  const hash = createHash('sha256');
  for (const { name, text } of migrations) hash.update(`${name}\n${text}\n`);
  return hash.digest('hex').slice(0, 12);
}

async function currentVersion(sql: Sql): Promise<number> {
  const [exists] = await sql<{ it: boolean }[]>`select to_regclass('skein.migrations') is not null as it`;
  if (!exists?.it) return 0;
  const [row] = await sql<{ version: number }[]>`
    select coalesce(max(version), 0)::int as version from skein.migrations`;
  return row!.version;
}

async function apply(tx: TransactionSql, migration: Migration, newest: number): Promise<boolean> {
  await tx`select pg_advisory_xact_lock(${LOCK})`;
  await tx`create schema if not exists skein`;
  await tx`create table if not exists skein.migrations (
    version int primary key, name text not null, applied_at timestamptz not null default now())`;
  const claimed = await tx`
    insert into skein.migrations (version, name) values (${migration.version}, ${migration.name})
    on conflict (version) do nothing`;
  if (claimed.count === 0) {
    const [row] = await tx<{ version: number }[]>`select max(version) as version from skein.migrations`;
    refuseNewer(row!.version, newest);
    return false;
  }
  await tx.unsafe(migration.text).simple();
  return true;
}

function refuseNewer(current: number, newest: number): void {
  if (current <= newest) return;
  throw new Fault(
    'database-incompatible',
    `This database was migrated to version ${current} by a newer Skein; this one knows versions up to ${newest}. Nothing was changed. Use the newer Skein, or another home or database.`,
    { facts: { databaseVersion: current, codeVersion: newest } },
  );
}
