/** Event source mappings: which source's events a function is to be given, and in which portions. */
import type { TransactionSql } from 'postgres';
import { ACCOUNT_ID, type EventSourceMapping, REGION } from '../model/index.ts';
import { announce } from './changes.ts';
import { orUnavailable, type Queryable, type Sql } from './connect.ts';

/** A change, and the revision at which it is served. */
export interface MappingChange {
  readonly mapping: EventSourceMapping;
  /** What it was; of a new one, itself. */
  readonly before: EventSourceMapping;
  readonly revision: number;
}

/**
 * Stores a mapping, unless the same source feeds the same function already.
 *
 * @returns the id of the mapping that was there, or the one that is stored now
 */
export async function insertMapping(
  sql: Sql,
  mapping: Omit<EventSourceMapping, 'modifiedAtMs' | 'app'>,
): Promise<{ twin: string } | MappingChange> {
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
      const made = mappingOf(row!);
      return { mapping: made, before: made, revision: await announceMappings(tx) };
    }),
  );
  return done as { twin: string } | MappingChange;
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
): Promise<MappingChange | null> {
  const changed = await orUnavailable(
    sql.begin(async (tx: TransactionSql) => {
      const [row] = await tx<MappingRow[]>`
        select ${columns(tx)} from skein.event_source_mappings
        where account_id = ${ACCOUNT_ID} and region = ${REGION} and id = ${id} for update`;
      if (row === undefined) return null;
      const before = mappingOf(row);
      const { functionName, qualifier, enabled, settings, tags } = change(before);
      const [written] = await tx<MappingRow[]>`
        update skein.event_source_mappings set function_name = ${functionName}, qualifier = ${qualifier},
          enabled = ${enabled}, settings = ${tx.json(settings as never)}, tags = ${tx.json(tags)}, modified_at = now()
        where account_id = ${ACCOUNT_ID} and region = ${REGION} and id = ${id}
        returning ${columns(tx)}`;
      return { mapping: mappingOf(written!), before, revision: await announceMappings(tx) };
    }),
  );
  return changed as MappingChange | null;
}

/** @returns what was deleted; null when there was none */
export async function deleteMapping(sql: Sql, id: string): Promise<MappingChange | null> {
  const gone = await orUnavailable(
    sql.begin(async (tx: TransactionSql) => {
      const [row] = await tx<MappingRow[]>`
        delete from skein.event_source_mappings
        where account_id = ${ACCOUNT_ID} and region = ${REGION} and id = ${id}
        returning ${columns(tx)}`;
      if (row === undefined) return null;
      const mapping = mappingOf(row);
      return { mapping, before: mapping, revision: await announceMappings(tx) };
    }),
  );
  return gone as MappingChange | null;
}

/** All of them, for the registry. */
export async function allMappings(sql: Queryable): Promise<EventSourceMapping[]> {
  const rows = await sql<MappingRow[]>`
    select ${columns(sql)} from skein.event_source_mappings
    where account_id = ${ACCOUNT_ID} and region = ${REGION} order by id`;
  return rows.map(mappingOf);
}

function announceMappings(tx: TransactionSql): Promise<number> {
  return announce(tx, { functions: [], others: true });
}

interface MappingRow {
  id: string;
  app: string | null;
  function_name: string;
  qualifier: string | null;
  source: string | null;
  enabled: boolean;
  settings: Record<string, unknown>;
  tags: Record<string, string>;
  modified_ms: number;
}

function columns(sql: Queryable) {
  return sql`id::text, app, function_name, qualifier, source, enabled, settings, tags,
    extract(epoch from modified_at)::float8 * 1000 as modified_ms`;
}

function mappingOf(row: MappingRow): EventSourceMapping {
  const { id, app, qualifier, source, enabled, settings, tags } = row;
  return {
    ...{ id, app, qualifier, source, enabled, settings, tags },
    functionName: row.function_name,
    modifiedAtMs: row.modified_ms,
  };
}
