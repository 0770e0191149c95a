/**
 * The number of the newest configuration: raised at the end of every change, in its transaction, together
 * with which functions it changed, so that a node loads no more than it has to.
 *
 * Raising it waits for whoever raised it before until that has committed: whoever sees a revision sees
 * all that was changed up to it.
 */
import type { TransactionSql } from 'postgres';
import { ACCOUNT_ID, REGION } from '../model/index.ts';
import { orUnavailable, type Sql } from './connect.ts';

/** The channel on which a raised revision is announced; the payload is the revision. */
export const CONFIG_CHANNEL = 'skein_config';

export interface Changed {
  /** Names of the functions that were made, changed or deleted, in any of their parts. */
  readonly functions: readonly string[];
  /** Whether anything else was: routes, databases. */
  readonly others?: boolean;
}

/** Raises the revision and tells every node when this transaction commits. @returns the new revision */
export async function announce(tx: TransactionSql, { functions, others = false }: Changed): Promise<number> {
  const names = [...new Set(functions)].toSorted();
  const [row] = await tx<{ revision: string }[]>`
    with raised as (
      update skein.revisions set revision = revision + 1,
        others = case when ${others} then revision + 1 else others end
      returning revision
    ), noted as (
      insert into skein.function_changes (account_id, region, function_name, revision)
      select ${ACCOUNT_ID}, ${REGION}, name, revision from raised, unnest(${names}::text[]) as name
      on conflict (account_id, region, function_name) do update set revision = excluded.revision
    )
    select revision::text, pg_notify(${CONFIG_CHANNEL}, revision::text) from raised`;
  return Number(row!.revision);
}

/**
 * Lets every node load anew what is not a function, after a change that was not made by a deploy (a
 * database that went).
 *
 * @returns the new revision
 */
export function announceChange(sql: Sql): Promise<number> {
  return orUnavailable(sql.begin((tx) => announce(tx, { functions: [], others: true }))) as Promise<number>;
}
