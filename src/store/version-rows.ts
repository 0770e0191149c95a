/** From rows to versions and aliases of the model. */
import {
  type Alias,
  CONFIG_DEFAULTS,
  type FunctionConfig,
  type Provisioned,
  type Version,
} from '../model/index.ts';
import type { Queryable } from './connect.ts';

export interface VersionRow {
  readonly function_name: string;
  readonly version: number;
  readonly artifact: string;
  /** Without what did not exist yet when it was stored. */
  readonly config: Omit<FunctionConfig, keyof typeof CONFIG_DEFAULTS> & Partial<FunctionConfig>;
  readonly details: Version['details'];
  readonly created_ms: number;
}

export interface AliasRow {
  readonly function_name: string;
  readonly alias: string;
  /** null: `$LATEST`. */
  readonly version: number | null;
  readonly second_version: number | null;
  readonly second_weight: number | null;
  readonly description: string;
  readonly revision_id: string;
}

export function versionColumns(sql: Queryable) {
  return sql`function_name, version, artifact, config, details,
    extract(epoch from created_at)::float8 * 1000 as created_ms`;
}

/** Of `skein.latest`. */
export function latestColumns(sql: Queryable) {
  return sql`function_name, 0 as version, artifact, config, details,
    extract(epoch from changed_at)::float8 * 1000 as created_ms`;
}

export function versionOf(row: VersionRow): Version {
  return {
    functionName: row.function_name,
    version: row.version,
    artifact: row.artifact,
    config: { ...CONFIG_DEFAULTS, ...row.config },
    createdAtMs: row.created_ms,
    details: row.details,
  };
}

/** @param provisioned by qualifier */
export function aliasesOf(
  rows: readonly AliasRow[],
  provisioned: ReadonlyMap<string, Provisioned>,
): Map<string, Alias> {
  return new Map(rows.map((row) => [row.alias, aliasOf(row, provisioned.get(row.alias) ?? NONE)]));
}

const NONE: Provisioned = { provisioned: 0 };

export function aliasOf(row: AliasRow, provisioned: Provisioned = NONE): Alias {
  const { second_version: version, second_weight: weight } = row;
  return {
    name: row.alias,
    version: row.version ?? 0,
    second: version === null || weight === null ? null : { version, weight },
    description: row.description,
    revisionId: row.revision_id,
    ...provisioned,
  };
}
