/**
 * Apps: what a deploy, a rollback and a destroy write. Every change here is one transaction that
 * ends by raising the revision and telling all nodes, or changes nothing.
 *
 * Changes of one app run one after the other, under an advisory lock. Apps share only names and
 * routes; those are inserted in sorted order, so that two deploys can wait for each other but never
 * in a circle.
 */
import { createHash } from 'node:crypto';
import type { TransactionSql } from 'postgres';
import { Fault } from '../base/index.ts';
import {
  ACCOUNT_ID,
  type App,
  type AppFunction,
  fullName,
  LIMITS,
  LIVE,
  REGION,
  slugOf,
} from '../model/index.ts';
import { orUnavailable, type Sql } from './connect.ts';
import { claimLabels, writeRoutes } from './hosts.ts';
import { withSessionLock } from './session-lock.ts';

/** A deploy, once its packages are stored. */
export interface DeployPlan {
  readonly app: App;
  /** SHA-256 of each function's package, by the function's key. */
  readonly artifacts: Readonly<Record<string, string>>;
}

export interface DeployedFunction {
  readonly name: string;
  readonly slug: string;
  readonly version: number;
  /** Whether `live` moved, or the function is new. */
  readonly changed: boolean;
}

export interface Deployed {
  readonly revision: number;
  readonly functions: readonly DeployedFunction[];
}

/** The channel on which a raised revision is announced; the payload is the revision. */
export const CONFIG_CHANNEL = 'skein_config';

/**
 * Makes the stored app what the plan says: names, versions, `live`, routes. All of it, or nothing.
 *
 * A function whose package and configuration equal those of `live`, or of its newest version, gets
 * no new version. Functions and routes that the plan does not name are deleted; databases stay.
 *
 * @throws {Fault} `name-taken`, `route-taken`: another app's, which the message names;
 *   `deploy-in-progress` when another change of this app takes longer than 10 s; `database-unavailable`
 */
export function applyDeploy(sql: Sql, plan: DeployPlan): Promise<Deployed> {
  return change(sql, plan.app.app, async (tx) => {
    await write(tx, plan);
    const functions: DeployedFunction[] = [];
    for (const fn of plan.app.functions) functions.push(await publish(tx, plan, fn));
    await writeRoutes(tx, plan.app);
    return { functions, revision: await announce(tx) };
  });
}

/**
 * Finds out whether a deploy would be refused for its names or routes, without keeping anything.
 *
 * For what must be made before the transaction (databases) and should not be left behind by a deploy
 * that was bound to fail.
 *
 * @throws {Fault} as `applyDeploy`
 */
export async function checkDeploy(sql: Sql, app: App): Promise<void> {
  const undo = new Error('undo');
  try {
    await change(sql, app.app, async (tx) => {
      await write(tx, { app, artifacts: {} });
      await writeRoutes(tx, app);
      throw undo;
    });
  } catch (error) {
    if (error !== undo) throw error;
  }
}

/**
 * Deletes an app with its functions, versions and routes. Its databases and artifacts stay.
 *
 * @returns the names of the deleted functions and the new revision
 * @throws {Fault} `app-not-found`
 */
export function destroyApp(sql: Sql, app: string): Promise<{ revision: number; functions: string[] }> {
  return change(sql, app, async (tx) => {
    const names = await tx<{ name: string }[]>`
      select name from skein.functions
      where account_id = ${ACCOUNT_ID} and region = ${REGION} and app = ${app} order by name`;
    const gone = await tx`
      delete from skein.apps where account_id = ${ACCOUNT_ID} and region = ${REGION} and name = ${app}`;
    if (gone.count === 0) throw appNotFound(app);
    return { functions: names.map((row) => row.name), revision: await announce(tx) };
  });
}

export function appNotFound(app: string): Fault {
  return new Fault('app-not-found', `There is no app "${app}" here. "skein list" shows what is deployed.`, {
    facts: { app },
  });
}

/**
 * Runs one change of an app under its lock.
 *
 * @throws {Fault} `deploy-in-progress` when a lock could not be had within 10 s
 */
export async function change<T>(sql: Sql, app: string, work: (tx: TransactionSql) => Promise<T>): Promise<T> {
  try {
    const result = await orUnavailable(
      sql.begin(async (tx) => {
        await tx`set local lock_timeout = '10s'`;
        await tx`select pg_advisory_xact_lock(hashtextextended(${`skein app ${ACCOUNT_ID}/${REGION}/${app}`}, 0))`;
        return await work(tx);
      }),
    );
    return result as T;
  } catch (error) {
    if ((error as { code?: string }).code !== '55P03') throw error; // 55P03: lock_not_available
    throw new Fault(
      'deploy-in-progress',
      `Another change of app "${app}" has been running for more than 10 s. Nothing was changed; try again when it is done.`,
      { facts: { app, waitedMs: 10_000 }, cause: error },
    );
  }
}

/**
 * Runs `work` while no other node deploys or destroys this app, from its first step to its last: what
 * a transaction cannot hold (the app's databases) changes in between. Other changes of the app go on.
 *
 * @throws {Fault} `deploy-in-progress` when another node takes longer than 30 s; `database-unavailable`
 */
export function withAppLock<T>(sql: Sql, app: string, work: () => Promise<T>): Promise<T> {
  const name = `skein deploy ${ACCOUNT_ID}/${REGION}/${app}`;
  return withSessionLock(sql, { name, doing: `changing app "${app}"` }, work);
}

/**
 * Lets every node load anew after a change that was not made by a deploy (a database that went).
 *
 * @returns the new revision
 */
export function announceChange(sql: Sql): Promise<number> {
  return orUnavailable(sql.begin((tx) => announce(tx))) as Promise<number>;
}

/** Raises the revision and tells every node when this transaction commits. @returns the new revision */
export async function announce(tx: TransactionSql): Promise<number> {
  const [row] = await tx<{ revision: string }[]>`
    update skein.revisions set revision = revision + 1 returning revision::text`;
  const revision = Number(row!.revision);
  await tx`select pg_notify(${CONFIG_CHANNEL}, ${String(revision)})`;
  return revision;
}

/** Points an alias at a version, and remembers the move. */
export async function moveAlias(
  tx: TransactionSql,
  to: { name: string; alias: string; version: number },
): Promise<void> {
  await tx`
    insert into skein.aliases (account_id, region, function_name, alias, version)
    values (${ACCOUNT_ID}, ${REGION}, ${to.name}, ${to.alias}, ${to.version})
    on conflict (account_id, region, function_name, alias) do update set version = excluded.version`;
  await tx`
    insert into skein.alias_moves (account_id, region, function_name, alias, version)
    values (${ACCOUNT_ID}, ${REGION}, ${to.name}, ${to.alias}, ${to.version})`;
}

/** The app's row, its labels and its functions; what the plan does not name goes. */
async function write(tx: TransactionSql, { app }: DeployPlan): Promise<void> {
  const names = app.functions.map((fn) => fullName(app.app, fn.key));
  await tx`
    insert into skein.apps (account_id, region, name) values (${ACCOUNT_ID}, ${REGION}, ${app.app})
    on conflict (account_id, region, name) do update set deployed_at = now()`;
  await tx`
    delete from skein.functions
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and app = ${app.app} and name <> all(${names})`;
  await tx`
    delete from skein.labels
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and app = ${app.app}
      and function_name is not null and function_name <> all(${names})`;
  await claimLabels(tx, app);
  for (const fn of app.functions) await writeFunction(tx, app.app, fn);
}

async function writeFunction(tx: TransactionSql, app: string, fn: AppFunction): Promise<void> {
  const name = fullName(app, fn.key);
  const written = await tx`
    insert into skein.functions (account_id, region, name, app, slug, reserved, provisioned)
    values (${ACCOUNT_ID}, ${REGION}, ${name}, ${app}, ${slugOf(name)}, ${fn.reserved}, ${fn.provisioned})
    on conflict (account_id, region, name) do update
    set reserved = excluded.reserved, provisioned = excluded.provisioned
    where functions.app = excluded.app`;
  if (written.count === 1) return;
  // Two names of one text have one label, so claimLabels has refused this; if not, it is our bug.
  throw new Error(`function ${name} has another app than its label says`);
}

/** Publishes a version if anything differs, and lets `live` point at the right one. */
async function publish(tx: TransactionSql, plan: DeployPlan, fn: AppFunction): Promise<DeployedFunction> {
  const made = madeOf(plan, fn);
  const { name } = made;
  const slug = slugOf(name);
  const { live, same } = await findSame(tx, made);
  if (live !== null && same === live) return { name, slug, version: live, changed: false };
  const version = same ?? (await insertVersion(tx, made));
  await moveAlias(tx, { name, alias: LIVE, version });
  await prune(tx, name);
  return { name, slug, version, changed: true };
}

/** @returns the version that `publish` would make live */
export async function findOrInsertVersion(
  tx: TransactionSql,
  plan: DeployPlan,
  fn: AppFunction,
): Promise<number> {
  const made = madeOf(plan, fn);
  const { same } = await findSame(tx, made);
  return same ?? (await insertVersion(tx, made));
}

/** Whether the app has a function of this name already. */
export async function ownsFunction(
  tx: TransactionSql,
  { app, name }: { app: string; name: string },
): Promise<boolean> {
  const rows = await tx`
    select from skein.functions
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and name = ${name} and app = ${app}`;
  return rows.count > 0;
}

interface Made {
  readonly name: string;
  readonly artifact: string;
  readonly configDigest: string;
  readonly config: AppFunction['config'];
}

function madeOf(plan: DeployPlan, fn: AppFunction): Made {
  const artifact = plan.artifacts[fn.key];
  if (artifact === undefined) throw new Error(`the plan has no package for function ${fn.key}`);
  const name = fullName(plan.app.app, fn.key);
  return { name, artifact, configDigest: digestOf(distinct(fn.config)), config: fn.config };
}

/** @returns the version `live` points at, and which of `live` and the newest is equal to the plan, if any */
async function findSame(
  tx: TransactionSql,
  wanted: { name: string; artifact: string; configDigest: string },
): Promise<{ live: number | null; same: number | null }> {
  const rows = await tx<{ version: number; same: boolean; is_live: boolean }[]>`
    select v.version, v.artifact = ${wanted.artifact} and v.config_digest = ${wanted.configDigest} as same,
      a.version is not null as is_live
    from skein.versions v
    left join skein.aliases a on a.account_id = v.account_id and a.region = v.region
      and a.function_name = v.function_name and a.version = v.version and a.alias = ${LIVE}
    where v.account_id = ${ACCOUNT_ID} and v.region = ${REGION} and v.function_name = ${wanted.name}
      and (a.version is not null or v.version = (
        select max(n.version) from skein.versions n
        where n.account_id = v.account_id and n.region = v.region and n.function_name = v.function_name))`;
  const live = rows.find((row) => row.is_live);
  const same = live?.same === true ? live : rows.find((row) => row.same);
  return { live: live?.version ?? null, same: same?.version ?? null };
}

async function insertVersion(tx: TransactionSql, made: Made): Promise<number> {
  const [counter] = await tx<{ last_version: number }[]>`
    insert into skein.version_counters as c (account_id, region, function_name, last_version)
    values (${ACCOUNT_ID}, ${REGION}, ${made.name}, 1)
    on conflict (account_id, region, function_name) do update set last_version = c.last_version + 1
    returning last_version`;
  const version = counter!.last_version;
  await tx`
    insert into skein.versions (account_id, region, function_name, version, artifact, config, config_digest)
    values (${ACCOUNT_ID}, ${REGION}, ${made.name}, ${version}, ${made.artifact},
      ${tx.json(made.config as never)}, ${made.configDigest})`.catch((error: unknown) => {
    throw (error as { constraint_name?: string }).constraint_name === ARTIFACT_KEY
      ? packageGone(made)
      : error;
  });
  return version;
}

/** Its violation means that a package went after the deploy had looked for it. */
const ARTIFACT_KEY = 'versions_artifact_fkey';

function packageGone({ name, artifact }: { name: string; artifact: string }): Fault {
  return new Fault(
    'artifact-not-found',
    `Package ${artifact} of function "${name}" is not stored here (any more). Nothing was changed; deploy again to upload it.`,
    { facts: { name, digest: artifact } },
  );
}

/** Keeps the newest versions and moves of a function, and every version that an alias points at. */
async function prune(tx: TransactionSql, name: string): Promise<void> {
  await tx`
    delete from skein.versions v
    where v.account_id = ${ACCOUNT_ID} and v.region = ${REGION} and v.function_name = ${name}
      and v.version <= (select max(n.version) from skein.versions n
        where n.account_id = ${ACCOUNT_ID} and n.region = ${REGION} and n.function_name = ${name})
        - ${LIMITS.versionsPerFunction}::int
      and not exists (select 1 from skein.aliases a where a.account_id = v.account_id
        and a.region = v.region and a.function_name = v.function_name and a.version = v.version)`;
  await tx`
    delete from skein.alias_moves where id in (
      select id from skein.alias_moves
      where account_id = ${ACCOUNT_ID} and region = ${REGION} and function_name = ${name}
      order by id desc offset ${LIMITS.versionsPerFunction}::int)`;
}

/** SHA-256 of a value, whatever the order of its keys. */
/** Versions from before there was `egress` are `public`: what is deployed again unchanged is no new version. */
function distinct({ egress, ...config }: AppFunction['config']): object {
  return egress.mode === 'public' ? config : { ...config, egress };
}

function digestOf(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('hex');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`;
}
