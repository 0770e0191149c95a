/**
 * Layers: zips with numbered, immutable versions. A number is never used twice. A deleted version is
 * seen by nobody, but its package stays while the version of a function has it under /opt.
 */
import type { TransactionSql } from 'postgres';
import { ACCOUNT_ID, REGION, type ResourcePolicy } from '../model/index.ts';
import { orUnavailable, type Queryable, type Sql } from './connect.ts';

export interface LayerVersion {
  readonly name: string;
  readonly version: number;
  /** SHA-256 of the zip, lower-case hex. */
  readonly artifact: string;
  readonly bytes: number;
  readonly unpackedBytes: number;
  readonly description: string;
  readonly license: string;
  readonly runtimes: readonly string[];
  readonly architectures: readonly string[];
  readonly policy: ResourcePolicy | null;
  readonly createdAtMs: number;
}

export interface LayerFilter {
  readonly runtime: string | null;
  readonly architecture: string | null;
}

/** Stores a version under the layer's next number; a layer begins with its first version. */
export async function publishLayer(
  sql: Sql,
  layer: Omit<LayerVersion, 'version' | 'policy' | 'createdAtMs'>,
): Promise<LayerVersion> {
  const made = await orUnavailable(
    sql.begin(async (tx) => {
      const [counter] = await tx<{ last_version: number }[]>`
        insert into skein.layers as l (account_id, region, name, last_version)
        values (${ACCOUNT_ID}, ${REGION}, ${layer.name}, 1)
        on conflict (account_id, region, name) do update set last_version = l.last_version + 1
        returning last_version`;
      const rows = await tx<LayerRow[]>`
        insert into skein.layer_versions (account_id, region, name, version, artifact, bytes, unpacked_bytes,
          description, license, runtimes, architectures)
        values (${ACCOUNT_ID}, ${REGION}, ${layer.name}, ${counter!.last_version}, ${layer.artifact}, ${layer.bytes},
          ${layer.unpackedBytes}, ${layer.description}, ${layer.license}, ${[...layer.runtimes]},
          ${[...layer.architectures]})
        returning ${columns(tx)}`;
      return layerOf(rows[0]!);
    }),
  );
  return made as LayerVersion;
}

/** @returns null when there is no such version, or it was deleted */
export async function findLayer(
  sql: Queryable,
  wanted: { readonly name: string; readonly version: number },
): Promise<LayerVersion | null> {
  const rows = await orUnavailable(sql<LayerRow[]>`
    select ${columns(sql)} from skein.layer_versions
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and name = ${wanted.name}
      and version = ${wanted.version} and deleted_at is null`);
  return rows[0] === undefined ? null : layerOf(rows[0]);
}

/** The newest version that fits of each layer after a name, by name. */
export async function listLayers(
  sql: Queryable,
  { runtime, architecture, after, limit }: LayerFilter & { readonly after: string; readonly limit: number },
): Promise<LayerVersion[]> {
  const rows = await orUnavailable(sql<LayerRow[]>`
    select distinct on (name) ${columns(sql)} from skein.layer_versions
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and deleted_at is null and name > ${after}
      and (${runtime}::text is null or ${runtime} = any(runtimes))
      and (${architecture}::text is null or ${architecture} = any(architectures))
    order by name, version desc limit ${limit}`);
  return rows.map(layerOf);
}

/** The versions of a layer that fit, newest first, below a number. */
export async function listLayerVersions(
  sql: Queryable,
  wanted: LayerFilter & { readonly name: string; readonly before: number; readonly limit: number },
): Promise<LayerVersion[]> {
  const { runtime, architecture } = wanted;
  const rows = await orUnavailable(sql<LayerRow[]>`
    select ${columns(sql)} from skein.layer_versions
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and deleted_at is null and name = ${wanted.name}
      and version < ${wanted.before}
      and (${runtime}::text is null or ${runtime} = any(runtimes))
      and (${architecture}::text is null or ${architecture} = any(architectures))
    order by version desc limit ${wanted.limit}`);
  return rows.map(layerOf);
}

/** Deletes a version; one that is not there is no error, as on AWS. */
export async function deleteLayer(
  sql: Queryable,
  layer: { readonly name: string; readonly version: number },
): Promise<void> {
  await orUnavailable(sql`
    update skein.layer_versions set deleted_at = now()
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and name = ${layer.name}
      and version = ${layer.version} and deleted_at is null`);
}

/**
 * Changes a version's policy, from what it is now to what `change` makes of it.
 *
 * @param change may throw, which changes nothing
 * @returns false when there is no such version
 */
export async function changeLayerPolicy(
  sql: Sql,
  layer: { readonly name: string; readonly version: number },
  change: (policy: ResourcePolicy | null) => ResourcePolicy | null,
): Promise<boolean> {
  const changed = await orUnavailable(
    sql.begin(async (tx: TransactionSql) => {
      const [row] = await tx<{ policy: ResourcePolicy | null }[]>`
        select policy from skein.layer_versions
        where account_id = ${ACCOUNT_ID} and region = ${REGION} and name = ${layer.name}
          and version = ${layer.version} and deleted_at is null for update`;
      if (row === undefined) return false;
      const policy = change(row.policy);
      await tx`
        update skein.layer_versions set policy = ${policy === null ? null : tx.json(policy as never)}
        where account_id = ${ACCOUNT_ID} and region = ${REGION} and name = ${layer.name} and version = ${layer.version}`;
      return true;
    }),
  );
  return changed as boolean;
}

/** Forgets deleted layer versions that no version of a function has any more, so that their packages can go. */
export async function forgetDeletedLayers(sql: Queryable): Promise<void> {
  await orUnavailable(sql`
    delete from skein.layer_versions l
    where l.deleted_at < now() - interval '1 hour'
      and not exists (select from skein.versions v where v.config->'layers'
        @> jsonb_build_array(jsonb_build_object('artifact', l.artifact)))
      and not exists (select from skein.latest v where v.config->'layers'
        @> jsonb_build_array(jsonb_build_object('artifact', l.artifact)))`);
}

interface LayerRow {
  name: string;
  version: number;
  artifact: string;
  bytes: number;
  unpacked_bytes: number;
  description: string;
  license: string;
  runtimes: string[];
  architectures: string[];
  policy: ResourcePolicy | null;
  created_ms: number;
}

function columns(sql: Queryable) {
  return sql`name, version, artifact, bytes, unpacked_bytes, description, license, runtimes, architectures, policy,
    extract(epoch from created_at)::float8 * 1000 as created_ms`;
}

function layerOf(row: LayerRow): LayerVersion {
  const { unpacked_bytes: unpackedBytes, created_ms: createdAtMs, ...rest } = row;
  return { ...rest, unpackedBytes, createdAtMs };
}
