/** Aliases of functions, as an API makes and changes them. A deploy moves `live` by function-rows.ts. */
import type { TransactionSql } from 'postgres';
import { Fault } from '../base/index.ts';
import { ACCOUNT_ID, type Alias, functionArn, LIVE, REGION } from '../model/index.ts';
import type { Sql } from './connect.ts';
import { changeFunction, noFunction, type Outcome, staleRevision } from './function-changes.ts';
import { rememberMove } from './function-rows.ts';
import { forgetQualifier } from './function-settings.ts';
import { writeProvisioned } from './provisioned-concurrency.ts';
import { type AliasRow, aliasOf } from './version-rows.ts';

export type AliasPoints = Pick<Alias, 'version' | 'second' | 'description'>;

interface Named {
  readonly name: string;
  readonly alias: string;
}

/** @throws {Fault} `function-not-found` (also for its version), `resource-conflict` when there is one of this name */
export function createAlias(
  sql: Sql,
  { name, alias, ...points }: Named & AliasPoints,
): Promise<Outcome<null>> {
  return changeFunction(sql, name, async (tx) => {
    await requireVersions(tx, name, points);
    const written = await tx`
      insert into skein.aliases
        (account_id, region, function_name, alias, version, second_version, second_weight, description)
      values (${ACCOUNT_ID}, ${REGION}, ${name}, ${alias}, ${points.version || null},
        ${points.second?.version ?? null}, ${points.second?.weight ?? null}, ${points.description})
      on conflict do nothing`;
    if (written.count === 0) {
      const message = `Alias already exists: ${functionArn(name, alias)}`;
      throw new Fault('resource-conflict', message, { facts: { functionName: name, alias } });
    }
    await rememberMove(tx, { name, alias, version: points.version });
    return { changed: true, result: null };
  });
}

/**
 * @param wanted.revisionId must be the alias's; null: whatever it is
 * @param wanted.change from what it is to what it is to be; what it throws changes nothing
 * @throws {Fault} `function-not-found` (also for a version), `resource-not-found`, `revision-stale`
 */
export function changeAlias(
  sql: Sql,
  wanted: Named & { readonly revisionId: string | null; readonly change: (alias: Alias) => AliasPoints },
): Promise<Outcome<null>> {
  const { name, alias, revisionId, change } = wanted;
  return changeFunction(sql, name, async (tx) => {
    const before = await find(tx, { name, alias });
    if (revisionId !== null && revisionId !== before.revisionId) throw staleRevision();
    const points = change(before);
    await requireVersions(tx, name, points);
    await tx`
      update skein.aliases set version = ${points.version || null},
        second_version = ${points.second?.version ?? null}, second_weight = ${points.second?.weight ?? null},
        description = ${points.description}, revision_id = gen_random_uuid()
      where account_id = ${ACCOUNT_ID} and region = ${REGION} and function_name = ${name} and alias = ${alias}`;
    if (points.version !== before.version) await rememberMove(tx, { name, alias, version: points.version });
    return { changed: true, result: null };
  });
}

/**
 * There being none is no mistake.
 *
 * @throws {Fault} `function-not-found`; `resource-conflict` for the `live` of an app's function
 */
export function deleteAlias(sql: Sql, { name, alias }: Named): Promise<Outcome<null>> {
  return changeFunction(sql, name, async (tx, { app }) => {
    if (app !== null && alias === LIVE) {
      const message = `Alias "${LIVE}" of ${name} is what its app "${app}" serves; a deploy of the app moves it, and "skein destroy" ends it.`;
      throw new Fault('resource-conflict', message, { facts: { functionName: name, app } });
    }
    const gone = await tx`
      delete from skein.aliases
      where account_id = ${ACCOUNT_ID} and region = ${REGION} and function_name = ${name} and alias = ${alias}`;
    if (gone.count === 0) return { changed: false, result: null };
    await tx`
      delete from skein.alias_moves
      where account_id = ${ACCOUNT_ID} and region = ${REGION} and function_name = ${name} and alias = ${alias}`;
    await forgetQualifier(tx, name, alias);
    await writeProvisioned(tx, { name, qualifier: alias, wanted: 0 });
    return { changed: true, result: null };
  });
}

async function find(tx: TransactionSql, { name, alias }: Named): Promise<Alias> {
  const [row] = await tx<AliasRow[]>`
    select function_name, alias, version, second_version, second_weight, description, revision_id
    from skein.aliases
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and function_name = ${name} and alias = ${alias}`;
  if (row !== undefined) return aliasOf(row);
  throw new Fault('resource-not-found', `Cannot find alias arn: ${functionArn(name, alias)}`, {
    facts: { functionName: name, alias },
  });
}

async function requireVersions(tx: TransactionSql, name: string, points: AliasPoints): Promise<void> {
  const wanted = [points.version, points.second?.version ?? 0].filter((version) => version > 0);
  const rows = await tx<{ version: number }[]>`
    select version from skein.versions
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and function_name = ${name}
      and version = any(${wanted}::int[])`;
  const found = new Set(rows.map(({ version }) => version));
  const missing = wanted.find((version) => !found.has(version));
  if (missing !== undefined) throw noFunction(name, String(missing));
}
