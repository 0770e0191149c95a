/** Calls that their callers gave a name, so that one that is sent again is done once. */
import { createHash } from 'node:crypto';
import type { TransactionSql } from 'postgres';
import { Fault } from '../base/index.ts';
import { ACCOUNT_ID, REGION } from '../model/index.ts';
import { orUnavailable, type Queryable, type Sql } from './connect.ts';

export interface NamedCall {
  /** `CreateSchedule` */
  readonly operation: string;
  /** null: it has no name, and is always done. */
  readonly token: string | null;
  /** What is asked for, as data. */
  readonly wish: unknown;
}

/**
 * Does what a call asks for in one transaction, unless it was done before: one of the same name waits for the end of it.
 *
 * @throws {Fault} `resource-conflict` when something else was asked for under this name; `database-unavailable`; what
 *   `work` throws, which undoes everything
 */
export async function doOnce(
  sql: Sql,
  call: NamedCall,
  work: (tx: TransactionSql) => Promise<void>,
): Promise<void> {
  await orUnavailable(
    sql.begin(async (tx) => {
      if (await isFirst(tx, call)) await work(tx);
    }),
  );
}

async function isFirst(tx: TransactionSql, { operation, token, wish }: NamedCall): Promise<boolean> {
  if (token === null) return true;
  const digest = createHash('sha256').update(JSON.stringify(wish)).digest('hex');
  const made = await tx`
    insert into skein.client_tokens (account_id, region, operation, token, digest)
    values (${ACCOUNT_ID}, ${REGION}, ${operation}, ${token}, ${digest}) on conflict do nothing`;
  if (made.count === 1) return true;
  const [known] = await tx<{ digest: string }[]>`
    select digest from skein.client_tokens
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and operation = ${operation} and token = ${token}`;
  if (known?.digest === digest) return false;
  throw new Fault(
    'resource-conflict',
    `The client token ${token} was used before, for another ${operation}. Use a new one for each call.`,
    { facts: { operation, token } },
  );
}

/** How long a call is remembered, in ms. */
const REMEMBER_MS = 24 * 3_600_000;

/** Forgets calls that nobody will send again. */
export async function forgetOldCalls(sql: Queryable): Promise<void> {
  await orUnavailable(sql`
    delete from skein.client_tokens where used_at < now() - ${REMEMBER_MS} * interval '1 millisecond'`);
}
