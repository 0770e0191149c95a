/** One change of one function: a transaction under the function's row lock that ends by announcing it. */
import type { TransactionSql } from 'postgres';
import { Fault } from '../base/index.ts';
import { ACCOUNT_ID, functionArn, REGION, type Version } from '../model/index.ts';
import { announce } from './changes.ts';
import { orUnavailable, type Sql } from './connect.ts';
import { latestColumns, type VersionRow, versionOf } from './version-rows.ts';

/** A function while nobody else changes it. */
export interface HeldFunction {
  readonly name: string;
  /** null: of no app. */
  readonly app: string | null;
  readonly latest: Version;
}

/** What a change came to. `revision` is null when there was nothing to change. */
export interface Outcome<T> {
  readonly revision: number | null;
  readonly result: T;
}

/** How long a change waits for another of the same function, ms. */
const WAIT_MS = 10_000;

/**
 * @param work `changed: false` announces nothing; what it throws undoes everything
 * @throws {Fault} `function-not-found`; `deploy-in-progress` when another change takes longer than 10 s;
 *   `database-unavailable`
 */
export async function changeFunction<T>(
  sql: Sql,
  name: string,
  work: (
    tx: TransactionSql,
    held: HeldFunction,
  ) => Promise<{ changed: boolean; others?: boolean; result: T }>,
): Promise<Outcome<T>> {
  try {
    const outcome = await orUnavailable(
      sql.begin(async (tx) => {
        await tx.unsafe(`set local lock_timeout = '${WAIT_MS}ms'`);
        const { changed, others = false, result } = await work(tx, await hold(tx, name));
        const revision = changed ? await announce(tx, { functions: [name], others }) : null;
        return { revision, result };
      }),
    );
    return outcome as Outcome<T>;
  } catch (error) {
    throw (error as { code?: string }).code === '55P03' ? updateInProgress(name, error) : error; // lock_not_available
  }
}

/**
 * Locks first and reads then, in a statement of its own: one statement sees what was there when it began to wait for
 * the lock, and who waited would change what somebody else has changed meanwhile. Both go out at once.
 */
async function hold(tx: TransactionSql, name: string): Promise<HeldFunction> {
  const [[row], [latest]] = await Promise.all([
    tx<{ app: string | null }[]>`
      select app from skein.functions
      where account_id = ${ACCOUNT_ID} and region = ${REGION} and name = ${name} for update`,
    tx<VersionRow[]>`
      select ${latestColumns(tx)} from skein.latest
      where account_id = ${ACCOUNT_ID} and region = ${REGION} and function_name = ${name}`,
  ]);
  if (row === undefined || latest === undefined) throw noFunction(name);
  return { name, app: row.app, latest: versionOf(latest) };
}

/** In Lambda's words: it is Lambda's API that names functions by ARN. */
export function noFunction(name: string, qualifier?: string): Fault {
  return new Fault('function-not-found', `Function not found: ${functionArn(name, qualifier)}`, {
    facts: { functionName: name, ...(qualifier !== undefined && { qualifier }) },
  });
}

export function updateInProgress(name: string, cause?: unknown): Fault {
  return new Fault(
    'resource-conflict',
    `The operation cannot be performed at this time. An update is in progress for resource: ${functionArn(name)}`,
    { facts: { functionName: name }, cause },
  );
}

export function staleRevision(): Fault {
  return new Fault(
    'revision-stale',
    'The revision id is not the newest: somebody else has changed this since. Read it again and repeat the change.',
  );
}
