/**
 * Apps: what a deploy, a rollback and a destroy write. Every change here is one transaction that
 * ends by raising the revision and telling all nodes, or changes nothing.
 *
 * Changes of one app run one after the other, under an advisory lock. Apps share only names and
 * routes; those are inserted in sorted order, so that two deploys can wait for each other but never
 * in a circle.
 */
import type { TransactionSql } from 'postgres';
import { Fault } from '../base/index.ts';
import { ACCOUNT_ID, type App, type AppFunction, fullName, LIVE, REGION, slugOf } from '../model/index.ts';
import { writeAppQueues } from './app-queues.ts';
import { writeSchedulesOf } from './app-schedules.ts';
import { deleteTriggers, writeTriggers } from './app-triggers.ts';
import { announce } from './changes.ts';
import { orUnavailable, type Sql } from './connect.ts';
import { configDigest, insertVersion, type Made, moveAlias, prune, writeLatest } from './function-rows.ts';
import { claimLabels, nameTaken, writeRoutes } from './hosts.ts';
import { writeProvisioned } from './provisioned-concurrency.ts';
import { deleteSchedulesOf } from './schedules.ts';
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

/**
 * Makes the stored app what the plan says: names, versions, `live`, routes. All of it, or nothing.
 *
 * A function whose package and configuration equal those of `live`, or of its newest version, gets
 * no new version. Functions, routes and triggers that the plan does not name are deleted; databases and queues stay.
 *
 * @throws {Fault} `name-taken`, `route-taken`, `queue-exists`: somebody else's, which the message names;
 *   `deploy-in-progress` when another change of this app takes longer than 10 s; `database-unavailable`
 */
export function applyDeploy(sql: Sql, plan: DeployPlan): Promise<Deployed> {
  return change(sql, plan.app.app, async (tx) => {
    const gone = await write(tx, plan);
    const functions: DeployedFunction[] = [];
    for (const fn of plan.app.functions) functions.push(await publish(tx, plan, fn));
    await writeRoutes(tx, plan.app);
    await writeSchedulesOf(tx, plan.app);
    await writeAppQueues(tx, plan.app);
    await writeTriggers(tx, plan.app);
    const changed = [...gone, ...functions.map(({ name }) => name)];
    return { functions, revision: await announce(tx, { functions: changed, others: true }) };
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
      await writeSchedulesOf(tx, app);
      await writeAppQueues(tx, app);
      throw undo;
    });
  } catch (error) {
    if (error !== undo) throw error;
  }
}

/**
 * Deletes an app with its functions, versions, routes and triggers. Its databases, queues and artifacts stay.
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
    await deleteSchedulesOf(tx, { app, except: [] });
    await deleteTriggers(tx, app);
    const functions = names.map((row) => row.name);
    return { functions, revision: await announce(tx, { functions, others: true }) };
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

/** The app's row, its labels and its functions; what the plan does not name goes. @returns what went */
async function write(tx: TransactionSql, { app }: DeployPlan): Promise<string[]> {
  const names = app.functions.map((fn) => fullName(app.app, fn.key));
  await tx`
    insert into skein.apps (account_id, region, name) values (${ACCOUNT_ID}, ${REGION}, ${app.app})
    on conflict (account_id, region, name) do update set deployed_at = now()`;
  const gone = await tx<{ name: string }[]>`
    delete from skein.functions
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and app = ${app.app} and name <> all(${names})
    returning name`;
  await tx`
    delete from skein.labels
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and app = ${app.app}
      and function_name is not null and function_name <> all(${names})`;
  await claimLabels(tx, app);
  for (const fn of app.functions) await writeFunction(tx, app.app, fn);
  return gone.map(({ name }) => name);
}

async function writeFunction(tx: TransactionSql, app: string, fn: AppFunction): Promise<void> {
  const name = fullName(app, fn.key);
  const written = await tx`
    insert into skein.functions (account_id, region, name, app, slug, reserved)
    values (${ACCOUNT_ID}, ${REGION}, ${name}, ${app}, ${slugOf(name)}, ${fn.reserved})
    on conflict (account_id, region, name) do update set reserved = excluded.reserved
    where functions.app = excluded.app`;
  // Two names of one text have one label, so claimLabels has refused those of other apps. One that an API made can have another label.
  if (written.count === 0) {
    throw nameTaken(app, { label: slugOf(name), functionName: name }, { app: null, function_name: name });
  }
  await writeProvisioned(tx, { name, qualifier: LIVE, wanted: fn.provisioned, plan: fn.provisionedPlan });
}

/** Publishes a version if anything differs, and lets `live` point at the right one. */
async function publish(tx: TransactionSql, plan: DeployPlan, fn: AppFunction): Promise<DeployedFunction> {
  const made = madeOf(plan, fn);
  const { name } = made;
  const slug = slugOf(name);
  const { live, same } = await findSame(tx, made);
  if (!(await isLatest(tx, made))) await writeLatest(tx, made);
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

function madeOf(plan: DeployPlan, fn: AppFunction): Made {
  const artifact = plan.artifacts[fn.key];
  if (artifact === undefined) throw new Error(`the plan has no package for function ${fn.key}`);
  const name = fullName(plan.app.app, fn.key);
  return { name, artifact, config: fn.config, description: '', aws: {} };
}

/** Whether `$LATEST` is what was made already: it stays as it is then, with its instances. */
async function isLatest(tx: TransactionSql, made: Made): Promise<boolean> {
  const rows = await tx`
    select from skein.latest
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and function_name = ${made.name}
      and artifact = ${made.artifact} and config_digest = ${configDigest(made.config)}`;
  return rows.count > 0;
}

/** @returns the version `live` points at, and which of `live` and the newest is equal to the plan, if any */
async function findSame(
  tx: TransactionSql,
  wanted: Made,
): Promise<{ live: number | null; same: number | null }> {
  const rows = await tx<{ version: number; same: boolean; is_live: boolean }[]>`
    select v.version, v.artifact = ${wanted.artifact} and v.config_digest = ${configDigest(wanted.config)} as same,
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
