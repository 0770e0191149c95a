/** Locks that are held across transactions, by all nodes of a cluster. */
import type { ReservedSql } from 'postgres';
import { Fault } from '../base/index.ts';
import { orUnavailable, type Sql } from './connect.ts';

/** The SQLSTATE of a lock that could not be had in time. */
const LOCK_TIMEOUT = '55P03';

/** What is done under these locks takes some 100 ms; this is for a server that is very busy. */
const LOCK_WAIT_MS = 30_000;

export interface SessionLock {
  readonly name: string;
  /** What its holder does, as a message may say it: `Another deploy has been … for more than 30 s`. */
  readonly doing: string;
}

/**
 * Runs `work` while nobody else on any node holds the lock; waits 30 s for that.
 *
 * Takes one connection out of the pool for as long as it runs and hands it to `work`: callers bound
 * how many run at once, or they would wait for each other's connections.
 *
 * @throws {Fault} `deploy-in-progress` when another holds it for longer; `database-unavailable`
 */
export async function withSessionLock<T>(
  sql: Sql,
  lock: SessionLock,
  work: (locked: Sql) => Promise<T>,
): Promise<T> {
  const locked: ReservedSql = await orUnavailable(sql.reserve());
  try {
    await take(locked, lock);
    return await work(locked);
  } finally {
    await locked`select pg_advisory_unlock_all()`.catch(() => {}); // a lost connection holds no lock
    locked.release();
  }
}

async function take(locked: Sql, { name, doing }: SessionLock): Promise<void> {
  await orUnavailable(locked`select set_config('lock_timeout', ${`${LOCK_WAIT_MS}ms`}, false)`);
  const taken = await orUnavailable(locked`select pg_advisory_lock(hashtextextended(${name}, 0))`).then(
    () => true,
    (error: unknown) => {
      if ((error as { code?: unknown }).code === LOCK_TIMEOUT) return false;
      throw error;
    },
  );
  await orUnavailable(locked`reset lock_timeout`);
  if (taken) return;
  throw new Fault(
    'deploy-in-progress',
    `Another deploy has been ${doing} for more than ${LOCK_WAIT_MS / 1_000} s. Nothing was changed; try again when it is done.`,
    { facts: { waitedMs: LOCK_WAIT_MS } },
  );
}
