/** Secrets of functions as they are kept: sealed. What is in them is known to whoever has the keyring. */
import type { TransactionSql } from 'postgres';
import { ACCOUNT_ID, REGION } from '../model/index.ts';
import { announce } from './changes.ts';
import { orUnavailable, type Sql } from './connect.ts';

export interface SecretName {
  /** Whose it is; null: all apps'. */
  readonly app: string | null;
  readonly name: string;
}

export interface SealedSecret extends SecretName {
  readonly sealed: string;
  /** Another one whenever another value was set. */
  readonly stamp: number;
  readonly updatedAtMs: number;
}

/** All of them, by app and name. */
export async function loadSecrets(sql: Sql): Promise<SealedSecret[]> {
  return (await orUnavailable(select(sql))).map(secretOf);
}

/**
 * Keeps a value under a name.
 *
 * @returns the new revision; null when nothing was changed
 * @param write.next given what is kept now, or null; null: leave it as it is
 */
export function putSecret(
  sql: Sql,
  write: SecretName & { readonly next: (sealed: string | null) => string | null },
): Promise<number | null> {
  const { app, name, next } = write;
  return change(sql, async (tx) => {
    const [row] = await tx<{ sealed: string }[]>`select sealed from skein.secrets
      where account_id = ${ACCOUNT_ID} and region = ${REGION} and app = ${app ?? ''} and name = ${name}`;
    const sealed = next(row?.sealed ?? null);
    if (sealed === null) return null;
    const revision = await announce(tx, { functions: [], others: true });
    await tx`
      insert into skein.secrets (account_id, region, app, name, sealed, stamp)
      values (${ACCOUNT_ID}, ${REGION}, ${app ?? ''}, ${name}, ${sealed}, ${revision})
      on conflict (account_id, region, app, name) do update
      set sealed = excluded.sealed, stamp = excluded.stamp, updated_at = now()`;
    return revision;
  });
}

/** @returns the new revision; null when there was none of this name */
export function deleteSecret(sql: Sql, { app, name }: SecretName): Promise<number | null> {
  return change(sql, async (tx) => {
    const gone = await tx`delete from skein.secrets
      where account_id = ${ACCOUNT_ID} and region = ${REGION} and app = ${app ?? ''} and name = ${name}`;
    return gone.count === 0 ? null : await announce(tx, { functions: [], others: true });
  });
}

/** @returns the new revision; null when the app had none */
export function deleteSecretsOf(sql: Sql, app: string): Promise<number | null> {
  return change(sql, async (tx) => {
    const gone = await tx`delete from skein.secrets
      where account_id = ${ACCOUNT_ID} and region = ${REGION} and app = ${app}`;
    return gone.count === 0 ? null : await announce(tx, { functions: [], others: true });
  });
}

/**
 * Seals anew what is not sealed as it should be: all of it, or nothing. Values, and so stamps, stay.
 *
 * @param again given one as it is kept; null: leave it
 * @returns how many were sealed anew
 */
export function resealSecrets(sql: Sql, again: (secret: SealedSecret) => string | null): Promise<number> {
  return change(sql, async (tx) => {
    let count = 0;
    for (const secret of (await select(tx)).map(secretOf)) {
      const sealed = again(secret);
      if (sealed === null) continue;
      await tx`update skein.secrets set sealed = ${sealed}
        where account_id = ${ACCOUNT_ID} and region = ${REGION} and app = ${secret.app ?? ''} and name = ${secret.name}`;
      count++;
    }
    return count;
  });
}

/** One after the other: a secret that is set while all are sealed anew must not be sealed with the old key. */
function change<T>(sql: Sql, work: (tx: TransactionSql) => Promise<T>): Promise<T> {
  const changing = sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(hashtextextended(${`skein secrets ${ACCOUNT_ID}/${REGION}`}, 0))`;
    return await work(tx);
  });
  return orUnavailable(changing) as Promise<T>;
}

interface SecretRow {
  app: string;
  name: string;
  sealed: string;
  stamp: string;
  updated_ms: number;
}

function select(sql: Sql | TransactionSql) {
  return sql<SecretRow[]>`
    select app, name, sealed, stamp::text, extract(epoch from updated_at)::float8 * 1000 as updated_ms
    from skein.secrets where account_id = ${ACCOUNT_ID} and region = ${REGION} order by app, name`;
}

function secretOf(row: SecretRow): SealedSecret {
  const { name, sealed } = row;
  return {
    app: row.app === '' ? null : row.app,
    name,
    sealed,
    stamp: Number(row.stamp),
    updatedAtMs: row.updated_ms,
  };
}
