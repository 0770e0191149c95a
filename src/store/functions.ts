/**
 * Functions that an API makes: their making and deleting, what `$LATEST` is, and what is published of it.
 * Each verb is one transaction. Functions of apps change the same way; what makes and deletes those is apps.ts.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { TransactionSql } from 'postgres';
import { Fault } from '../base/index.ts';
import { ACCOUNT_ID, LATEST, LIMITS, REGION, slugOf, type Version, versionLabel } from '../model/index.ts';
import { announce } from './changes.ts';
import { orUnavailable, type Sql } from './connect.ts';
import { changeFunction, type Outcome, staleRevision } from './function-changes.ts';
import { type Made, writeLatest } from './function-rows.ts';
import { forgetQualifier } from './function-settings.ts';
import { writeProvisioned } from './provisioned-concurrency.ts';

export interface NewFunction {
  readonly made: Made;
  readonly tags: Readonly<Record<string, string>>;
  /** Id of a code signing configuration; null: none. */
  readonly codeSigning: string | null;
  readonly publish: boolean;
}

/**
 * Makes a function that belongs to no app. Its host label is its name's slug, or, where another has that, one
 * with a few characters more.
 *
 * @returns the published version's number, or 0
 * @throws {Fault} `resource-conflict` when there is one of this name; `artifact-not-found`
 */
export async function createFunction(sql: Sql, wanted: NewFunction): Promise<Outcome<number>> {
  const { made } = wanted;
  const outcome = await orUnavailable(
    sql.begin(async (tx) => {
      const slug = await claimLabel(tx, made.name);
      const written = await tx`
        insert into skein.functions (account_id, region, name, app, slug, tags, code_signing)
        values (${ACCOUNT_ID}, ${REGION}, ${made.name}, null, ${slug}, ${tx.json(wanted.tags)}, ${wanted.codeSigning})
        on conflict (account_id, region, name) do nothing`;
      if (written.count === 0) throw exists(made.name);
      await writeLatest(tx, made);
      const version = wanted.publish ? await publishLatest(tx, made.name, null) : 0;
      return { revision: await announce(tx, { functions: [made.name] }), result: version };
    }),
  );
  return outcome as Outcome<number>;
}

/** @throws {Fault} `function-not-found` */
export function deleteFunction(sql: Sql, name: string): Promise<Outcome<null>> {
  return changeFunction(sql, name, async (tx, { app }) => {
    await tx`
      delete from skein.functions where account_id = ${ACCOUNT_ID} and region = ${REGION} and name = ${name}`;
    await tx`
      delete from skein.labels
      where account_id = ${ACCOUNT_ID} and region = ${REGION} and function_name = ${name}`;
    return { changed: true, others: app !== null, result: null };
  });
}

/**
 * Deletes one published version; there being none is no mistake.
 *
 * @throws {Fault} `function-not-found`; `resource-conflict` while an alias points at it
 */
export function deleteVersion(
  sql: Sql,
  { name, version }: { readonly name: string; readonly version: number },
): Promise<Outcome<null>> {
  return changeFunction(sql, name, async (tx) => {
    const users = await tx<{ alias: string }[]>`
      select alias from skein.aliases
      where account_id = ${ACCOUNT_ID} and region = ${REGION} and function_name = ${name}
        and ${version} in (version, second_version) order by alias`;
    if (users.length > 0) {
      const aliases = users.map(({ alias }) => alias).join(', ');
      const message = `Unable to delete version because the following aliases reference it: [${aliases}]`;
      throw new Fault('resource-conflict', message, { facts: { functionName: name, version } });
    }
    const gone = await tx`
      delete from skein.versions
      where account_id = ${ACCOUNT_ID} and region = ${REGION} and function_name = ${name} and version = ${version}`;
    if (gone.count === 0) return { changed: false, result: null };
    await forgetQualifier(tx, name, String(version));
    await writeProvisioned(tx, { name, qualifier: String(version), wanted: 0 });
    return { changed: true, result: null };
  });
}

export interface LatestChange {
  readonly name: string;
  /** Must be that of `$LATEST`; null: whatever it is. */
  readonly revisionId: string | null;
  /** From what `$LATEST` is to what it is to be; what it throws changes nothing. */
  readonly change: (latest: Version) => Omit<Made, 'name'>;
  readonly publish: boolean;
}

/**
 * Changes `$LATEST`, and publishes it then if that is asked and the newest version is not just that already.
 *
 * @returns the number of the version that is the same as it is now, or 0
 * @throws {Fault} `function-not-found`, `revision-stale`, `artifact-not-found`, `version-limit`, what `change` throws
 */
export function changeLatest(sql: Sql, wanted: LatestChange): Promise<Outcome<number>> {
  const { name, revisionId, change, publish } = wanted;
  return changeFunction(sql, name, async (tx, { latest }) => {
    if (revisionId !== null && revisionId !== latest.details.revisionId) throw staleRevision();
    await writeLatest(tx, { name, ...change(latest) });
    if (!publish) return { changed: true, result: 0 };
    return { changed: true, result: (await newestIfSame(tx, name)) ?? (await publishLatest(tx, name, null)) };
  });
}

export interface Publication {
  readonly name: string;
  /** Both must be those of `$LATEST`; null: whatever they are. */
  readonly codeSha256: string | null;
  readonly revisionId: string | null;
  /** Of the version; null: that of `$LATEST`. */
  readonly description: string | null;
}

/**
 * Gives `$LATEST` as it is the next number, unless the newest version is just that already.
 *
 * @returns the number
 * @throws {Fault} `function-not-found`, `revision-stale`, `parameter-invalid` (another code), `version-limit`
 */
export function publishVersion(sql: Sql, wanted: Publication): Promise<Outcome<number>> {
  const { name, codeSha256, revisionId, description } = wanted;
  return changeFunction(sql, name, async (tx, { latest }) => {
    const { details } = latest;
    if (revisionId !== null && revisionId !== details.revisionId) throw staleRevision();
    if (codeSha256 !== null && codeSha256 !== details.codeSha256) {
      const message = `CodeSHA256 (${codeSha256}) is different from current CodeSHA256 in ${LATEST} (${details.codeSha256}). Please try again with the CodeSHA256 in ${LATEST}.`;
      throw new Fault('parameter-invalid', message, { facts: { parameter: 'CodeSha256' } });
    }
    const same = await newestIfSame(tx, name);
    if (same !== null) return { changed: false, result: same };
    return { changed: true, result: await publishLatest(tx, name, description) };
  });
}

async function newestIfSame(tx: TransactionSql, name: string): Promise<number | null> {
  const [row] = await tx<{ version: number; same: boolean }[]>`
    select v.version, v.artifact = l.artifact and v.config_digest = l.config_digest
      and v.details -> 'aws' = l.details -> 'aws'
      and coalesce(v.details ->> 'latestDescription', v.details ->> 'description') = l.details ->> 'description' as same
    from skein.versions v join skein.latest l using (account_id, region, function_name)
    where v.account_id = ${ACCOUNT_ID} and v.region = ${REGION} and v.function_name = ${name}
    order by v.version desc limit 1`;
  return row?.same === true ? row.version : null;
}

async function publishLatest(tx: TransactionSql, name: string, description: string | null): Promise<number> {
  const [kept] = await tx<{ count: number }[]>`
    select count(*)::int as count from skein.versions
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and function_name = ${name}`;
  if (kept!.count >= LIMITS.publishedVersions) throw tooManyVersions(name);
  const [row] = await tx<{ version: number }[]>`
    with counter as (
      insert into skein.version_counters as c (account_id, region, function_name, last_version)
      values (${ACCOUNT_ID}, ${REGION}, ${name}, 1)
      on conflict (account_id, region, function_name) do update set last_version = c.last_version + 1
      returning last_version
    )
    insert into skein.versions (account_id, region, function_name, version, artifact, config, config_digest, details)
    select account_id, region, function_name, last_version, artifact, config, config_digest,
      details || jsonb_build_object(
        'revisionId', gen_random_uuid(),
        'description', coalesce(${description}::text, details ->> 'description'),
        'latestDescription', details ->> 'description')
    from skein.latest, counter
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and function_name = ${name}
    returning version`;
  return row!.version;
}

/** Claims a host label: the slug, else the slug with a part of the name's hash, else with chance. */
async function claimLabel(tx: TransactionSql, name: string): Promise<string> {
  const slug = slugOf(name);
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  const with8 = (tail: string) => `${slug.slice(0, 54) || 'f'}-${tail}`;
  for (const label of [slug, with8(hash), with8(randomBytes(4).toString('hex'))]) {
    if (label === '') continue;
    const claimed = await tx`
      insert into skein.labels (account_id, region, label, app, function_name)
      values (${ACCOUNT_ID}, ${REGION}, ${label}, null, ${name}) on conflict do nothing`;
    if (claimed.count === 1) return label;
  }
  throw new Fault('name-taken', `No host label could be found for function "${name}". Choose another name.`);
}

function exists(name: string): Fault {
  return new Fault('resource-conflict', `Function already exist: ${name}`, { facts: { functionName: name } });
}

function tooManyVersions(name: string): Fault {
  const max = LIMITS.publishedVersions;
  const message = `Function ${name} has ${max} published versions, and no more are kept. Delete some that no alias points at (${versionLabel(0)} is not counted).`;
  return new Fault('version-limit', message, { facts: { functionName: name, maxVersions: max } });
}
