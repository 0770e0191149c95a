/**
 * Users, roles and policies as they are kept: documents whose inside is identity's business, and a revision
 * of their own, so that a node reads only what has changed since it last did.
 *
 * Changes run one after the other: each begins by raising the revision, whose row they queue for.
 */
import type { TransactionSql } from 'postgres';
import { ACCOUNT_ID } from '../model/index.ts';
import { orUnavailable, type Sql } from './connect.ts';

export type IdentityKind = 'user' | 'role' | 'policy';

export interface StoredIdentity {
  readonly kind: IdentityKind;
  /** In lower case. */
  readonly name: string;
  /** Null: it was deleted. */
  readonly document: unknown;
}

/** What a change can do. Names are in lower case. */
export interface IdentityChange {
  /** @returns the document, or null */
  get(kind: IdentityKind, name: string): Promise<unknown>;
  put(kind: IdentityKind, name: string, document: unknown): Promise<void>;
  remove(kind: IdentityKind, name: string): Promise<void>;
  /** How many there are. */
  count(kind: IdentityKind): Promise<number>;
  /** How many users and roles have this policy attached. */
  holders(policyArn: string): Promise<number>;
}

const CHANNEL = 'skein_identity';

/** Runs one change: all of it, or nothing. @returns what it returned, and the new revision */
export async function changeIdentities<T>(
  sql: Sql,
  work: (change: IdentityChange) => Promise<T>,
): Promise<{ result: T; revision: number }> {
  return (await orUnavailable(
    sql.begin(async (tx) => {
      const [row] = await tx<{ revision: string }[]>`
        update skein.identity_revisions set revision = revision + 1
        where account_id = ${ACCOUNT_ID} returning revision::text`;
      const revision = Number(row!.revision);
      const result = await work(changeIn(tx, revision));
      await tx`select pg_notify(${CHANNEL}, ${String(revision)})`;
      return { result, revision };
    }),
  )) as { result: T; revision: number };
}

function changeIn(tx: TransactionSql, revision: number): IdentityChange {
  const write = async (kind: IdentityKind, name: string, document: unknown) => {
    await tx`
      insert into skein.identities (account_id, kind, name, document, revision)
      values (${ACCOUNT_ID}, ${kind}, ${name}, ${document === null ? null : tx.json(document as never)}, ${revision})
      on conflict (account_id, kind, name) do update
      set document = excluded.document, revision = excluded.revision`;
  };
  return {
    async get(kind, name) {
      const [row] = await tx<{ document: unknown }[]>`
        select document from skein.identities
        where account_id = ${ACCOUNT_ID} and kind = ${kind} and name = ${name}`;
      return row?.document ?? null;
    },
    put: write,
    remove: (kind, name) => write(kind, name, null),
    async count(kind) {
      const [row] = await tx<{ count: number }[]>`
        select count(*)::int as count from skein.identities
        where account_id = ${ACCOUNT_ID} and kind = ${kind} and document is not null`;
      return row!.count;
    },
    async holders(policyArn) {
      const [row] = await tx<{ count: number }[]>`
        select count(*)::int as count from skein.identities
        where account_id = ${ACCOUNT_ID} and document -> 'attached' @> ${tx.json([policyArn])}`;
      return row!.count;
    },
  };
}

/** @returns what has changed after a revision, and the revision that this brings one to */
export async function loadIdentities(
  sql: Sql,
  since: number,
): Promise<{ revision: number; changed: StoredIdentity[] }> {
  const [revisions, changed] = await orUnavailable(
    sql.begin('isolation level repeatable read read only', (tx) => [
      tx<{ revision: string }[]>`
        select revision::text from skein.identity_revisions where account_id = ${ACCOUNT_ID}`,
      tx<StoredIdentity[]>`
        select kind, name, document from skein.identities
        where account_id = ${ACCOUNT_ID} and revision > ${since} order by kind, name`,
    ]),
  );
  return { revision: Number(revisions[0]!.revision), changed: [...changed] };
}

/** As `listenConfiguration`, for identities. @returns ends the listening */
export async function listenIdentities(sql: Sql, onChange: () => void): Promise<() => Promise<void>> {
  const { unlisten } = await orUnavailable(sql.listen(CHANNEL, onChange, onChange));
  return unlisten;
}
