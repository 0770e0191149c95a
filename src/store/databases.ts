/**
 * Databases and roles of apps: the statements. What they are called and when they are made is
 * decided in resources/database.
 *
 * All of this works for a role that may create databases and roles (CREATEDB, CREATEROLE), superuser
 * or not. What only a superuser may do is tried, and its absence reported.
 */
import { ACCOUNT_ID, type AppDatabase, LIMITS, REGION } from '../model/index.ts';
import { orUnavailable, type Queryable, type Sql } from './connect.ts';
import { withSessionLock } from './session-lock.ts';

/** SQLSTATEs */
const DUPLICATE_ROLE = '42710';
const DUPLICATE_DATABASE = '42P04';
const NOT_PERMITTED = '42501';

/** @returns the app's database of this key, as it was claimed, or undefined */
export async function findDatabase(
  sql: Queryable,
  { app, key }: { app: string; key: string },
): Promise<AppDatabase | undefined> {
  const [row] = await orUnavailable(sql<AppDatabase[]>`
    select app, key, database_name as "databaseName", role_name as "roleName", password
    from skein.databases
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and app = ${app} and key = ${key}`);
  return row;
}

/** @returns the keys of all databases that an app has, sorted; also of an app that is gone */
export async function databaseKeys(sql: Queryable, app: string): Promise<string[]> {
  const rows = await orUnavailable(sql<{ key: string }[]>`
    select key from skein.databases
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and app = ${app} order by key`);
  return rows.map((row) => row.key);
}

/**
 * Runs `work` while no other node of this cluster creates or drops an app's database; waits 30 s for that.
 *
 * On a connection of its own, since CREATE DATABASE cannot be part of a transaction.
 *
 * @throws {Fault} `deploy-in-progress` when another holds it for longer; `database-unavailable`
 */
export function withDatabaseLock<T>(sql: Sql, work: (locked: Sql) => Promise<T>): Promise<T> {
  return withSessionLock(sql, { name: 'skein.databases', doing: 'creating or dropping a database' }, work);
}

/**
 * Creates the role and remembers it, both or neither: the role's name is the claim.
 *
 * @returns false when a role or database of that name is there already, whoever it belongs to
 */
export async function claimDatabase(locked: Sql, db: AppDatabase): Promise<boolean> {
  const taken = await orUnavailable(locked`
    select from pg_database where datname = ${db.databaseName}
    union all select from pg_roles where rolname = ${db.roleName}`);
  if (taken.length > 0) return false;
  await orUnavailable(locked`begin`);
  try {
    await createRole(locked, db);
    await orUnavailable(locked`
      insert into skein.databases (account_id, region, app, key, database_name, role_name, password)
      values (${ACCOUNT_ID}, ${REGION}, ${db.app}, ${db.key}, ${db.databaseName}, ${db.roleName}, ${db.password})`);
    await orUnavailable(locked`commit`);
    return true;
  } catch (error) {
    await locked`rollback`.catch(() => {});
    if (codeOf(error) === DUPLICATE_ROLE) return false; // another cluster on this server was quicker
    throw error;
  }
}

async function createRole(sql: Queryable, db: AppDatabase): Promise<void> {
  await orUnavailable(
    sql`create role ${sql(db.roleName)} login nosuperuser nocreatedb nocreaterole noreplication
      connection limit ${sql.unsafe(String(LIMITS.appConnections))} password ${literal(sql, db.password)}`,
  );
}

/** Creates what a claim names, as far as it is missing: the role again, and the database that it owns. */
export async function createDatabase(locked: Sql, db: AppDatabase): Promise<void> {
  await ignoring(DUPLICATE_ROLE, createRole(locked, db));
  const found = await orUnavailable(locked`select 1 from pg_database where datname = ${db.databaseName}`);
  if (found.length === 0) {
    // To give a database to a role, one must be a member of it; superusers always are.
    await orUnavailable(locked`grant ${locked(db.roleName)} to current_user`);
    const create = locked`create database ${locked(db.databaseName)} owner ${locked(db.roleName)} template template0`;
    await ignoring(DUPLICATE_DATABASE, orUnavailable(create));
  }
  await orUnavailable(locked`revoke all on database ${locked(db.databaseName)} from public`);
}

/**
 * Sets a role's limits, again on every call, so that changed limits reach old roles.
 *
 * @returns notes on limits that this server does not let us set
 */
export async function setRoleLimits(sql: Queryable, role: string): Promise<string[]> {
  const limit = (name: string, value: string) =>
    orUnavailable(sql`alter role ${sql(role)} set ${sql(name)} = ${literal(sql, value)}`);
  await orUnavailable(
    sql`alter role ${sql(role)} connection limit ${sql.unsafe(String(LIMITS.appConnections))}`,
  );
  await limit('statement_timeout', `${LIMITS.statementMs}ms`);
  await limit('idle_in_transaction_session_timeout', `${LIMITS.idleTransactionMs}ms`);
  const permitted = await ignoring(
    NOT_PERMITTED,
    limit('temp_file_limit', `${LIMITS.temporaryBytes / 1024}kB`),
  );
  if (permitted) return [];
  return [
    `Temporary files of role ${role} are not limited: only a superuser of this server may set temp_file_limit.`,
  ];
}

/**
 * Closes the platform's own database, `postgres` and `template1` to everybody who has no grant of
 * their own, so that an app's role reaches nothing but its own database.
 *
 * @returns notes on databases that are not ours to close
 */
export async function protectDatabases(sql: Queryable): Promise<string[]> {
  const open = await orUnavailable(sql<{ name: string; ours: boolean }[]>`
    select datname as name, pg_has_role(datdba, 'usage') as ours
    from pg_database
    where datname in (current_database(), 'postgres', 'template1') and exists (
      select from aclexplode(coalesce(datacl, acldefault('d', datdba))) as acl
      where acl.grantee = 0 and acl.privilege_type = 'CONNECT')`);
  const notes: string[] = [];
  for (const { name, ours } of open) {
    if (ours) await orUnavailable(sql`revoke connect, temporary on database ${sql(name)} from public`);
    else
      notes.push(
        `Apps can connect to the database ${name}: it is not ours to close. Let its owner REVOKE CONNECT from PUBLIC.`,
      );
  }
  return notes;
}

/** Drops a database with all that is in it, ends its connections, drops its role, and forgets it. */
export async function dropDatabase(locked: Sql, db: AppDatabase): Promise<void> {
  const [role] = await orUnavailable(locked`select 1 from pg_roles where rolname = ${db.roleName}`);
  if (role !== undefined) await orUnavailable(locked`grant ${locked(db.roleName)} to current_user`);
  await orUnavailable(locked`drop database if exists ${locked(db.databaseName)} with (force)`);
  await orUnavailable(locked`drop role if exists ${locked(db.roleName)}`);
  await orUnavailable(locked`
    delete from skein.databases
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and app = ${db.app} and key = ${db.key}`);
}

/** @returns whether it worked, rather than failed with this SQLSTATE */
async function ignoring(sqlState: string, query: PromiseLike<unknown>): Promise<boolean> {
  try {
    await query;
    return true;
  } catch (error) {
    if (codeOf(error) === sqlState) return false;
    throw error;
  }
}

/** Where the grammar has no place for a parameter. */
function literal(sql: Queryable, value: string) {
  return sql.unsafe(`'${value.replaceAll("'", "''")}'`);
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}
