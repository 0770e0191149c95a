/**
 * Databases of apps: each has one of its own, owned by a role that can connect to nothing else on
 * the server, with bounds on its connections, statements and temporary files.
 *
 * Works on the node's own PostgreSQL and on any other (≥ 15) whose URL may create databases and
 * roles. What such a server does not permit is left out and said in `notes`.
 */
import { randomBytes } from 'node:crypto';
import type { AppDatabase } from '../../model/index.ts';
import {
  claimDatabase,
  createDatabase,
  dropDatabase,
  findDatabase,
  protectDatabases,
  type Sql,
  setRoleLimits,
  withDatabaseLock,
} from '../../store/index.ts';
import { databaseNameOf, withSuffix } from './names.ts';

export interface Ensured {
  readonly database: AppDatabase;
  /** Guards that this server does not permit, for the operator to read. */
  readonly notes: readonly string[];
}

/** Other clusters on the same server may have apps of the same name; a random suffix finds a free one. */
const ATTEMPTS = 5;

/**
 * Creates an app's database and its role, as far as they are missing, and sets its limits anew. Two
 * callers at once get the same database.
 *
 * @throws {Fault} `database-unavailable`: call again, what was done so far is found
 */
export async function ensureDatabase(admin: Sql, wanted: { app: string; key: string }): Promise<Ensured> {
  return await withDatabaseLock(admin, async (locked) => {
    const database = (await findDatabase(locked, wanted)) ?? (await claim(locked, wanted));
    await createDatabase(locked, database);
    const notes = [...(await setRoleLimits(locked, database.roleName)), ...(await protectDatabases(locked))];
    return { database, notes };
  });
}

async function claim(locked: Sql, { app, key }: { app: string; key: string }): Promise<AppDatabase> {
  let name = databaseNameOf({ app, key });
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const password = randomBytes(24).toString('hex');
    const database: AppDatabase = { app, key, databaseName: name, roleName: name, password };
    if (await claimDatabase(locked, database)) return database;
    name = withSuffix(databaseNameOf({ app, key }), randomBytes(4).toString('hex'));
  }
  throw new Error(`no name was free for the database ${key} of app ${app}`);
}

/**
 * Drops an app's database with all its data, and ends whoever is connected to it.
 *
 * @returns false when there was none
 */
export async function dropAppDatabase(admin: Sql, wanted: { app: string; key: string }): Promise<boolean> {
  return await withDatabaseLock(admin, async (locked) => {
    const database = await findDatabase(locked, wanted);
    if (database === undefined) return false;
    await dropDatabase(locked, database);
    return true;
  });
}
