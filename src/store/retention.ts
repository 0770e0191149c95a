/** What is kept of the tables that only grow: at most so old, so many, so large. */
import { orUnavailable, type Queryable } from './connect.ts';

export interface Keep {
  /** Everything that happened before this goes, wall-clock ms. */
  readonly sinceMs: number;
  /** Lines or records; beyond that the oldest rows go. */
  readonly maxRows?: number;
  /** Bytes, as far as they are counted; beyond that the oldest go. */
  readonly maxBytes?: number;
  /** Rows that one call deletes at most, so that no writer waits long for it. */
  readonly batch: number;
}

const TABLES = {
  usage_batches: { time: 'last_started_at_ms', rowBytes: '0', rowCount: 'records' },
  log_lines: { time: 'at_ms', rowBytes: 'octet_length(message) + 100', rowCount: '1' },
} as const;

/**
 * Deletes one batch, oldest first, of what the table should no longer hold.
 *
 * Only the oldest `batch` rows are looked at, so a call is quick whatever the table's size. Records
 * are written nearly in the order in which they happened, so what is old is among the oldest rows.
 *
 * @returns rows deleted; call again while it equals `batch`
 */
export async function dropOld(sql: Queryable, table: keyof typeof TABLES, keep: Keep): Promise<number> {
  const { time, rowBytes, rowCount } = TABLES[table];
  const rows = sql(`skein.${table}`);
  const [done] = await orUnavailable(sql<{ deleted: number }[]>`
    with volume as (
      select kept_rows - ${keep.maxRows ?? null}::bigint as extra_rows,
        kept_bytes - ${keep.maxBytes ?? null}::bigint as extra_bytes
      from skein.volumes where name = ${table}
    ),
    oldest as (
      select id, ${sql(time)} < ${keep.sinceMs} as old, sum(row_count) over by_id - row_count as rows_before,
        sum(row_bytes) over by_id - row_bytes as bytes_before
      from (
        select id, ${sql(time)}, ${sql.unsafe(rowBytes)} as row_bytes, ${sql.unsafe(rowCount)} as row_count
        from ${rows} order by id limit ${keep.batch}) o
      window by_id as (order by id)
    ),
    deleted as (
      delete from ${rows} where id in (
        select id from oldest, volume
        where old or rows_before < coalesce(extra_rows, 0) or bytes_before < coalesce(extra_bytes, 0))
      returning ${sql.unsafe(rowBytes)} as row_bytes, ${sql.unsafe(rowCount)} as row_count
    ),
    counted as (
      update skein.volumes set kept_rows = kept_rows - (select coalesce(sum(row_count), 0) from deleted),
        kept_bytes = kept_bytes - (select coalesce(sum(row_bytes), 0) from deleted)
      where name = ${table}
    )
    select count(*)::int as deleted from deleted`);
  return done!.deleted;
}
