/** The versions of a function, and going back to one of them. */
import type { TransactionSql } from 'postgres';
import { Fault } from '../base/index.ts';
import { ACCOUNT_ID, LIVE, REGION } from '../model/index.ts';
import { change } from './apps.ts';
import { announce } from './changes.ts';
import { orUnavailable, type Sql } from './connect.ts';
import { moveAlias } from './function-rows.ts';

export interface VersionRow {
  readonly version: number;
  readonly artifact: string;
  readonly createdAtMs: number;
  /** Aliases that point at it, sorted. */
  readonly aliases: readonly string[];
}

/**
 * The kept versions of a function, newest first.
 *
 * @throws {Fault} `function-not-found`
 */
export async function listVersions(sql: Sql, name: string): Promise<VersionRow[]> {
  const rows = await orUnavailable(
    sql<{ version: number; artifact: string; created_ms: number; aliases: string[] }[]>`
      select v.version, v.artifact, extract(epoch from v.created_at)::float8 * 1000 as created_ms,
        array(select a.alias from skein.aliases a where a.account_id = v.account_id and a.region = v.region
          and a.function_name = v.function_name and a.version = v.version order by a.alias) as aliases
      from skein.versions v
      where v.account_id = ${ACCOUNT_ID} and v.region = ${REGION} and v.function_name = ${name}
      order by v.version desc`,
  );
  if (rows.length === 0) await appOf(sql, name); // nothing is published of one that an API has just made
  return rows.map((row) => ({
    version: row.version,
    artifact: row.artifact,
    createdAtMs: row.created_ms,
    aliases: row.aliases,
  }));
}

/**
 * Points `live` back at another version.
 *
 * @param to which version; null: the one `live` pointed at before the one it points at now (so two
 *   rollbacks in a row end where they began)
 * @throws {Fault} `function-not-found`; `version-not-found` when there is no such version, or none before
 */
export async function rollback(
  sql: Sql,
  { name, to }: { name: string; to: number | null },
): Promise<{ revision: number; from: number; version: number }> {
  const app = await appOf(sql, name);
  return change(sql, app ?? name, async (tx) => {
    const { live, target } = await findTarget(tx, { name, to });
    if (target !== live) await moveAlias(tx, { name, alias: LIVE, version: target });
    return { revision: await announce(tx, { functions: [name] }), from: live, version: target };
  });
}

/** @returns which version a rollback would make live. @throws {Fault} as `rollback` */
export function rollbackTarget(sql: Sql, wanted: { name: string; to: number | null }): Promise<number> {
  return orUnavailable(sql.begin(async (tx) => (await findTarget(tx, wanted)).target)) as Promise<number>;
}

async function findTarget(
  tx: TransactionSql,
  { name, to }: { name: string; to: number | null },
): Promise<{ live: number; target: number }> {
  const [live] = await tx<{ version: number }[]>`
    select coalesce(version, 0) as version from skein.aliases
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and function_name = ${name} and alias = ${LIVE}`;
  if (live === undefined) throw await noLive(tx, name);
  const [target] = await tx<{ version: number }[]>`
    select v.version from skein.versions v
    left join skein.alias_moves m on m.account_id = v.account_id and m.region = v.region
      and m.function_name = v.function_name and m.version = v.version and m.alias = ${LIVE}
    where v.account_id = ${ACCOUNT_ID} and v.region = ${REGION} and v.function_name = ${name}
      and (v.version = ${to}::int or (${to}::int is null and m.id is not null and v.version <> ${live.version}))
    order by m.id desc nulls last limit 1`;
  if (target === undefined) throw versionNotFound(name, to);
  return { live: live.version, target: target.version };
}

/** A function of no app has the alias only if somebody gave it one. */
async function noLive(tx: TransactionSql, name: string): Promise<Fault> {
  const [row] = await tx`
    select from skein.functions where account_id = ${ACCOUNT_ID} and region = ${REGION} and name = ${name}`;
  if (row === undefined) return functionNotFound(name);
  const message = `Function "${name}" has no alias "${LIVE}", so there is nothing to take back: it belongs to no app. Change it through AWS's API.`;
  return new Fault('version-not-found', message, { facts: { functionName: name, qualifier: LIVE } });
}

async function appOf(sql: Sql, name: string): Promise<string | null> {
  const [row] = await orUnavailable(
    sql<{ app: string | null }[]>`
      select app from skein.functions
      where account_id = ${ACCOUNT_ID} and region = ${REGION} and name = ${name}`,
  );
  if (row === undefined) throw functionNotFound(name);
  return row.app;
}

export function functionNotFound(name: string): Fault {
  return new Fault(
    'function-not-found',
    `There is no function "${name}" here. "skein list" shows the functions of this node.`,
    { facts: { name } },
  );
}

/** @param qualifier a version or an alias */
export function qualifierNotFound(name: string, qualifier: string): Fault {
  const message = `Function "${name}" has no version or alias "${qualifier}". "skein versions ${name}" shows what is kept.`;
  return new Fault('version-not-found', message, { facts: { functionName: name, qualifier } });
}

function versionNotFound(name: string, to: number | null): Fault {
  const what =
    to === null
      ? `Function "${name}" has only ever had one version live, so there is none to go back to.`
      : `Function "${name}" has no version ${to}.`;
  return new Fault('version-not-found', `${what} "skein versions ${name}" shows what is kept.`, {
    facts: to === null ? { name } : { name, version: to },
  });
}
