/** How queues are configured: the rows behind the registry's picture of them, and the changes to them. */
import type { TransactionSql } from 'postgres';
import { ACCOUNT_ID, type QueueEntry, type QueueSettings, REGION } from '../model/index.ts';
import { announce } from './changes.ts';
import { orUnavailable, type Queryable, type Sql } from './connect.ts';

export interface QueueRow {
  name: string;
  id: number;
  app: string | null;
  settings: QueueSettings;
  policy: string | null;
  tags: Record<string, string>;
  paused: boolean;
  revision: number;
  created_ms: number;
  modified_ms: number;
}

/** What a queue is to be. */
export type QueueDraft = Pick<QueueEntry, 'name' | 'app' | 'settings' | 'policy' | 'tags' | 'paused'>;

/** All of them. */
export function queueRows(tx: Queryable) {
  return tx<QueueRow[]>`
    select ${columns(tx)} from skein.queues
    where account_id = ${ACCOUNT_ID} and region = ${REGION} order by name`;
}

export function queueOf({
  created_ms: createdAtMs,
  modified_ms: modifiedAtMs,
  ...row
}: QueueRow): QueueEntry {
  return { ...row, createdAtMs, modifiedAtMs };
}

/** Queues, while nobody else changes any. */
export interface QueueTransaction {
  find(name: string): Promise<QueueEntry | null>;
  count(): Promise<number>;
  /** Names of an app's queues. */
  ofApp(app: string): Promise<string[]>;
  /** Makes the queue what the draft says. @returns what it is now */
  put(draft: QueueDraft): Promise<QueueEntry>;
  drop(name: string): Promise<void>;
}

/**
 * Changes queues in one transaction.
 *
 * @param work may throw, which changes nothing
 * @returns what `work` did, and the revision that the registry must reach; null: nothing was changed
 */
export async function changeQueues<T>(
  sql: Sql,
  work: (queues: QueueTransaction) => Promise<T>,
): Promise<{ readonly result: T; readonly revision: number | null }> {
  return (await orUnavailable(
    sql.begin(async (tx) => {
      const queues = await queueTransaction(tx);
      const result = await work(queues);
      const revision = queues.changed() ? await announce(tx, { functions: [], others: true }) : null;
      return { result, revision };
    }),
  )) as { readonly result: T; readonly revision: number | null };
}

/** Nobody else changes queues until the transaction ends. */
export async function queueTransaction(
  tx: TransactionSql,
): Promise<QueueTransaction & { changed(): boolean }> {
  await tx`select pg_advisory_xact_lock(hashtextextended('skein queues', 0))`;
  let changed = false;
  const find = async (name: string) => {
    const [row] = await tx<QueueRow[]>`select ${columns(tx)} from skein.queues where ${named(tx, name)}`;
    return row === undefined ? null : queueOf(row);
  };
  return {
    find,
    changed: () => changed,
    async count() {
      const [row] = await tx<{ count: number }[]>`
        select count(*) as count from skein.queues where account_id = ${ACCOUNT_ID} and region = ${REGION}`;
      return row!.count;
    },
    async ofApp(app) {
      const rows = await tx<{ name: string }[]>`
        select name from skein.queues
        where account_id = ${ACCOUNT_ID} and region = ${REGION} and app = ${app} order by name`;
      return rows.map((row) => row.name);
    },
    async put(draft) {
      const [written] = await write(tx, draft);
      changed ||= written !== undefined;
      return written === undefined ? ((await find(draft.name)) as QueueEntry) : queueOf(written);
    },
    async drop(name) {
      const { count } = await tx`delete from skein.queues where ${named(tx, name)}`;
      changed ||= count > 0;
    },
  };
}

/** @returns nothing when it is so already */
function write(tx: TransactionSql, { name, app, settings, policy, tags, paused }: QueueDraft) {
  return tx<QueueRow[]>`
    insert into skein.queues as q (account_id, region, name, app, settings, policy, tags, paused)
    values (${ACCOUNT_ID}, ${REGION}, ${name}, ${app}, ${tx.json(settings as never)}, ${policy}, ${tx.json(tags)}, ${paused})
    on conflict (account_id, region, name) do update set app = excluded.app, settings = excluded.settings,
      policy = excluded.policy, tags = excluded.tags, paused = excluded.paused, revision = q.revision + 1,
      modified_at = now()
    where (q.app, q.settings::jsonb, q.policy, q.tags::jsonb, q.paused) is distinct from
      (excluded.app, excluded.settings::jsonb, excluded.policy, excluded.tags::jsonb, excluded.paused)
    returning ${columns(tx)}`;
}

function named(tx: Queryable, name: string) {
  return tx`account_id = ${ACCOUNT_ID} and region = ${REGION} and name = ${name}`;
}

function columns(tx: Queryable) {
  return tx`name, id, app, settings, policy, tags, paused, revision,
    extract(epoch from created_at)::float8 * 1000 as created_ms,
    extract(epoch from modified_at)::float8 * 1000 as modified_ms`;
}
