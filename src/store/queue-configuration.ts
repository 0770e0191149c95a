/** How queues are configured: the rows behind the registry's picture of them, and the changes to them. */
import type { TransactionSql } from 'postgres';
import { ACCOUNT_ID, type QueueEntry, type QueueSettings, REGION } from '../model/index.ts';
import type { Queryable } from './connect.ts';

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

function columns(tx: Queryable | TransactionSql) {
  return tx`name, id, app, settings, policy, tags, paused, revision,
    extract(epoch from created_at)::float8 * 1000 as created_ms,
    extract(epoch from modified_at)::float8 * 1000 as modified_ms`;
}
