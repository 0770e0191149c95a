/**
 * Records of Lambda's API that stand by themselves: code signing configurations and capacity providers. Each
 * is a key, settings under AWS's names, and tags.
 */
import type { TransactionSql } from 'postgres';
import { ACCOUNT_ID, REGION } from '../model/index.ts';
import { orUnavailable, type Queryable, type Sql } from './connect.ts';

export interface LambdaRecord {
  readonly key: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly modifiedAtMs: number;
}

/** Which of the tables. */
export type RecordKind = 'code-signing' | 'capacity-provider';

/** @returns null when the key is taken */
export async function insertRecord(
  sql: Queryable,
  kind: RecordKind,
  record: Omit<LambdaRecord, 'modifiedAtMs'>,
): Promise<LambdaRecord | null> {
  const { table, key } = tableOf(sql, kind);
  const rows = await orUnavailable(sql<RecordRow[]>`
    insert into ${table} (account_id, region, ${key}, settings, tags)
    values (${ACCOUNT_ID}, ${REGION}, ${record.key}, ${sql.json(record.settings as never)}, ${sql.json(record.tags)})
    on conflict do nothing returning ${columns(sql, kind)}`);
  return rows[0] === undefined ? null : recordOf(rows[0]);
}

/** @returns null when there is none */
export async function findRecord(
  sql: Queryable,
  kind: RecordKind,
  wanted: string,
): Promise<LambdaRecord | null> {
  const { table, key } = tableOf(sql, kind);
  const rows = await orUnavailable(sql<RecordRow[]>`
    select ${columns(sql, kind)} from ${table}
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and ${key} = ${wanted}`);
  return rows[0] === undefined ? null : recordOf(rows[0]);
}

/** Records after a key, in the order of keys. */
export async function listRecords(
  sql: Queryable,
  kind: RecordKind,
  { after, limit }: { readonly after: string; readonly limit: number },
): Promise<LambdaRecord[]> {
  const { table, key } = tableOf(sql, kind);
  const rows = await orUnavailable(sql<RecordRow[]>`
    select ${columns(sql, kind)} from ${table}
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and ${key} > ${after} order by ${key} limit ${limit}`);
  return rows.map(recordOf);
}

/**
 * Changes a record from what it is to what `change` makes of it.
 *
 * @returns what it is now; null when there is none
 */
export async function changeRecord(
  sql: Sql,
  kind: RecordKind,
  { key: wanted, change }: { readonly key: string; readonly change: (record: LambdaRecord) => LambdaRecord },
): Promise<LambdaRecord | null> {
  const changed = await orUnavailable(
    sql.begin(async (tx: TransactionSql) => {
      const { table, key } = tableOf(tx, kind);
      const mine = tx`where account_id = ${ACCOUNT_ID} and region = ${REGION} and ${key} = ${wanted}`;
      const [row] = await tx<RecordRow[]>`select ${columns(tx, kind)} from ${table} ${mine} for update`;
      if (row === undefined) return null;
      const { settings, tags } = change(recordOf(row));
      const [written] = await tx<RecordRow[]>`
        update ${table} set settings = ${tx.json(settings as never)}, tags = ${tx.json(tags)}, modified_at = now()
        ${mine} returning ${columns(tx, kind)}`;
      return recordOf(written!);
    }),
  );
  return changed as LambdaRecord | null;
}

/** @returns what was deleted; null when there was none */
export async function deleteRecord(
  sql: Queryable,
  kind: RecordKind,
  wanted: string,
): Promise<LambdaRecord | null> {
  const { table, key } = tableOf(sql, kind);
  const rows = await orUnavailable(sql<RecordRow[]>`
    delete from ${table} where account_id = ${ACCOUNT_ID} and region = ${REGION} and ${key} = ${wanted}
    returning ${columns(sql, kind)}`);
  return rows[0] === undefined ? null : recordOf(rows[0]);
}

interface RecordRow {
  key: string;
  settings: Record<string, unknown>;
  tags: Record<string, string>;
  modified_ms: number;
}

function tableOf(sql: Queryable, kind: RecordKind) {
  return kind === 'code-signing'
    ? { table: sql`skein.code_signing_configs`, key: sql`id` }
    : { table: sql`skein.capacity_providers`, key: sql`name` };
}

function columns(sql: Queryable, kind: RecordKind) {
  const { key } = tableOf(sql, kind);
  return sql`${key} as key, settings, tags, extract(epoch from modified_at)::float8 * 1000 as modified_ms`;
}

function recordOf({ modified_ms: modifiedAtMs, ...rest }: RecordRow): LambdaRecord {
  return { ...rest, modifiedAtMs };
}
