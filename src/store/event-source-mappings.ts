/** Event source mappings: which source's events a function is to be given, and in which portions. */
import type { TransactionSql } from 'postgres';
import { ACCOUNT_ID, REGION } from '../model/index.ts';
import { orUnavailable, type Queryable, type Sql } from './connect.ts';

export interface EventSourceMapping {
  /** UUID. */
  readonly id: string;
  readonly functionName: string;
  /** An alias or a version; null: the function itself. */
  readonly qualifier: string | null;
  /** ARN; null where the source is not AWS's and `settings` say where it is. */
  readonly source: string | null;
  readonly enabled: boolean;
  /** Portions, filters, retries: what was asked for, with AWS's defaults filled in, under AWS's names. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly modifiedAtMs: number;
}

/**
 * Stores a mapping, unless the same source feeds the same function already.
 *
 * @returns the id of the mapping that was there, or the one that is stored now
 */
export async function insertMapping(
  sql: Sql,
  mapping: Omit<EventSourceMapping, 'modifiedAtMs'>,
): Promise<{ twin: string } | { mapping: EventSourceMapping }> {
  const { id, functionName, qualifier, source, enabled, settings, tags } = mapping;
  const done = await orUnavailable(
    sql.begin(async (tx: TransactionSql) => {
      await tx`select pg_advisory_xact_lock(hashtextextended(${`skein mapping ${functionName}/${source}`}, 0))`;
      const [twin] = await tx<{ id: string }[]>`
        select id::text from skein.event_source_mappings
        where account_id = ${ACCOUNT_ID} and region = ${REGION} and function_name = ${functionName}
          and source = ${source} and qualifier is not distinct from ${qualifier}`;
      if (twin !== undefined) return { twin: twin.id };
      const [row] = await tx<MappingRow[]>`
        insert into skein.event_source_mappings
          (account_id, region, id, function_name, qualifier, source, enabled, settings, tags)
        values (${ACCOUNT_ID}, ${REGION}, ${id}, ${functionName}, ${qualifier}, ${source}, ${enabled},
          ${tx.json(settings as never)}, ${tx.json(tags)})
        returning ${columns(tx)}`;
      return { mapping: mappingOf(row!) };
    }),
  );
  return done as { twin: string } | { mapping: EventSourceMapping };
}

/** @returns null when there is none */
export async function findMapping(sql: Queryable, id: string): Promise<EventSourceMapping | null> {
  const rows = await orUnavailable(sql<MappingRow[]>`
    select ${columns(sql)} from skein.event_source_mappings
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and id = ${id}`);
  return rows[0] === undefined ? null : mappingOf(rows[0]);
}

/** Mappings after an id, in the order of ids. A null filters nothing. */
export async function listMappings(
  sql: Queryable,
  wanted: {
    readonly functionName: string | null;
    readonly source: string | null;
    readonly after: string;
    readonly limit: number;
  },
): Promise<EventSourceMapping[]> {
  const rows = await orUnavailable(sql<MappingRow[]>`
    select ${columns(sql)} from skein.event_source_mappings
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and id > ${wanted.after}
      and (${wanted.functionName}::text is null or function_name = ${wanted.functionName})
      and (${wanted.source}::text is null or source = ${wanted.source})
    order by id limit ${wanted.limit}`);
  return rows.map(mappingOf);
}

/**
 * Changes a mapping from what it is to what `change` makes of it.
 *
 * @param change may throw, which changes nothing
 * @returns what it is now; null when there is none
 */
export async function changeMapping(
  sql: Sql,
  id: string,
  change: (mapping: EventSourceMapping) => EventSourceMapping,
): Promise<EventSourceMapping | null> {
  const changed = await orUnavailable(
    sql.begin(async (tx: TransactionSql) => {
      const [row] = await tx<MappingRow[]>`
        select ${columns(tx)} from skein.event_source_mappings
        where account_id = ${ACCOUNT_ID} and region = ${REGION} and id = ${id} for update`;
      if (row === undefined) return null;
      const { functionName, qualifier, enabled, settings, tags } = change(mappingOf(row));
      const [written] = await tx<MappingRow[]>`
        update skein.event_source_mappings set function_name = ${functionName}, qualifier = ${qualifier},
          enabled = ${enabled}, settings = ${tx.json(settings as never)}, tags = ${tx.json(tags)}, modified_at = now()
        where account_id = ${ACCOUNT_ID} and region = ${REGION} and id = ${id}
        returning ${columns(tx)}`;
      return mappingOf(written!);
    }),
  );
  return changed as EventSourceMapping | null;
}

/** @returns what was deleted; null when there was none */
export async function deleteMapping(sql: Queryable, id: string): Promise<EventSourceMapping | null> {
  const rows = await orUnavailable(sql<MappingRow[]>`
    delete from skein.event_source_mappings
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and id = ${id}
    returning ${columns(sql)}`);
  return rows[0] === undefined ? null : mappingOf(rows[0]);
}

interface MappingRow {
  id: string;
  function_name: string;
  qualifier: string | null;
  source: string | null;
  enabled: boolean;
  settings: Record<string, unknown>;
  tags: Record<string, string>;
  modified_ms: number;
}

function columns(sql: Queryable) {
  return sql`id::text, function_name, qualifier, source, enabled, settings, tags,
    extract(epoch from modified_at)::float8 * 1000 as modified_ms`;
}

function mappingOf(row: MappingRow): EventSourceMapping {
  const { id, qualifier, source, enabled, settings, tags } = row;
  return {
    ...{ id, qualifier, source, enabled, settings, tags },
    functionName: row.function_name,
    modifiedAtMs: row.modified_ms,
  };
}
