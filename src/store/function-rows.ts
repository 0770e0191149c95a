/**
 * A function's rows: its versions, `$LATEST`, where its aliases point. Parts of a transaction, for the
 * changes of apps (apps.ts) and of single functions.
 */
import { createHash } from 'node:crypto';
import type { TransactionSql } from 'postgres';
import { Fault } from '../base/index.ts';
import { ACCOUNT_ID, type FunctionConfig, LIMITS, REGION } from '../model/index.ts';

/** What a function is to run, with or without a number. */
export interface Made {
  readonly name: string;
  readonly artifact: string;
  readonly config: FunctionConfig;
  readonly description: string;
  /** As `VersionDetails.aws`. */
  readonly aws: Readonly<Record<string, unknown>>;
}

/** @returns the number of the new version */
export async function insertVersion(tx: TransactionSql, made: Made): Promise<number> {
  const [counter] = await tx<{ last_version: number }[]>`
    insert into skein.version_counters as c (account_id, region, function_name, last_version)
    values (${ACCOUNT_ID}, ${REGION}, ${made.name}, 1)
    on conflict (account_id, region, function_name) do update set last_version = c.last_version + 1
    returning last_version`;
  const version = counter!.last_version;
  const written = await tx`
    insert into skein.versions (account_id, region, function_name, version, artifact, config, config_digest, details)
    select ${ACCOUNT_ID}, ${REGION}, ${made.name}, ${version}, digest,
      ${tx.json(made.config as never)}, ${configDigest(made.config)}, ${detailsOf(tx, made)}
    from skein.artifacts where digest = ${made.artifact}`;
  if (written.count === 0) throw packageGone(made);
  return version;
}

/** Makes `$LATEST` what was made. @throws {Fault} `artifact-not-found` */
export async function writeLatest(tx: TransactionSql, made: Made): Promise<void> {
  const written = await tx`
    insert into skein.latest (account_id, region, function_name, artifact, config, config_digest, details, changed_at)
    select ${ACCOUNT_ID}, ${REGION}, ${made.name}, digest,
      ${tx.json(made.config as never)}, ${configDigest(made.config)}, ${detailsOf(tx, made)}, clock_timestamp()
    from skein.artifacts where digest = ${made.artifact}
    on conflict (account_id, region, function_name) do update
    set artifact = excluded.artifact, config = excluded.config, config_digest = excluded.config_digest,
      details = excluded.details, changed_at = excluded.changed_at`;
  if (written.count === 0) throw packageGone(made);
}

/** The JSON of a version's details, over `skein.artifacts`: the package's row says how long it is. */
function detailsOf(tx: TransactionSql, { description, aws }: Made) {
  return tx`jsonb_build_object(
    'description', ${description}::text,
    'codeSize', bytes,
    'codeSha256', encode(decode(digest, 'hex'), 'base64'),
    'revisionId', gen_random_uuid(),
    'lastModified', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"+0000"'),
    'aws', ${tx.json(aws as never)}::jsonb)`;
}

/** Points an alias at a version and nothing else, and remembers the move. */
export async function moveAlias(
  tx: TransactionSql,
  to: { name: string; alias: string; version: number },
): Promise<void> {
  await tx`
    insert into skein.aliases (account_id, region, function_name, alias, version)
    values (${ACCOUNT_ID}, ${REGION}, ${to.name}, ${to.alias}, ${to.version})
    on conflict (account_id, region, function_name, alias) do update
    set version = excluded.version, second_version = null, second_weight = null, revision_id = gen_random_uuid()`;
  await rememberMove(tx, to);
}

/** So that a rollback knows where to go back to. */
export async function rememberMove(
  tx: TransactionSql,
  to: { name: string; alias: string; version: number },
): Promise<void> {
  await tx`
    insert into skein.alias_moves (account_id, region, function_name, alias, version)
    values (${ACCOUNT_ID}, ${REGION}, ${to.name}, ${to.alias}, ${to.version})`;
}

/** Keeps the newest versions and moves of a function, and every version that an alias points at. */
export async function prune(tx: TransactionSql, name: string): Promise<void> {
  await tx`
    delete from skein.versions v
    where v.account_id = ${ACCOUNT_ID} and v.region = ${REGION} and v.function_name = ${name}
      and v.version <= (select max(n.version) from skein.versions n
        where n.account_id = ${ACCOUNT_ID} and n.region = ${REGION} and n.function_name = ${name})
        - ${LIMITS.versionsPerFunction}::int
      and not exists (select 1 from skein.aliases a where a.account_id = v.account_id
        and a.region = v.region and a.function_name = v.function_name
        and v.version in (a.version, a.second_version))`;
  await tx`
    delete from skein.alias_moves where id in (
      select id from skein.alias_moves
      where account_id = ${ACCOUNT_ID} and region = ${REGION} and function_name = ${name}
      order by id desc offset ${LIMITS.versionsPerFunction}::int)`;
}

function packageGone({ name, artifact }: Made): Fault {
  return new Fault(
    'artifact-not-found',
    `Package ${artifact} of function "${name}" is not stored here (any more). Nothing was changed; deploy again to upload it.`,
    { facts: { name, digest: artifact } },
  );
}

/** SHA-256 of a configuration, whatever the order of its keys. */
export function configDigest(config: FunctionConfig): string {
  return createHash('sha256')
    .update(canonical(distinct(config)))
    .digest('hex');
}

/**
 * Without what says nothing: versions from before there was `egress`, layers, … have the same digest, so
 * that what is deployed again unchanged is no new version.
 */
function distinct({ egress, layers, role, secrets, uses, image, ...config }: FunctionConfig): object {
  return {
    ...config,
    ...(egress.mode === 'public' ? {} : { egress }),
    ...(layers.length === 0 ? {} : { layers }),
    ...(role === null ? {} : { role }),
    ...(secrets.length === 0 ? {} : { secrets }),
    ...(uses.length === 0 ? {} : { uses }),
    ...(image === null ? {} : { image }),
  };
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`;
}
