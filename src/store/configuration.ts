/** All configuration at one revision, or what changed since another; and the news that it has changed. */
import {
  ACCOUNT_ID,
  type AppDatabase,
  type EventInvokeConfig,
  type EventSourceMapping,
  type FunctionEntry,
  type FunctionUrl,
  type Provisioned,
  type ProvisionedPlan,
  type QueueEntry,
  REGION,
  type ResourcePolicy,
  type Route,
  type Webhook,
} from '../model/index.ts';
import { CONFIG_CHANNEL } from './changes.ts';
import { orUnavailable, type Queryable, type Sql } from './connect.ts';
import { allMappings } from './event-source-mappings.ts';
import { queueOf, queueRows } from './queue-configuration.ts';
import {
  type AliasRow,
  aliasesOf,
  latestColumns,
  type VersionRow,
  versionColumns,
  versionOf,
} from './version-rows.ts';

export interface Configuration {
  readonly revision: number;
  /** Those that changed. */
  readonly functions: readonly FunctionEntry[];
  /** Names of functions that changed and are no more. */
  readonly gone: readonly string[];
  /** null: as they were. */
  readonly routes: readonly (Route & { readonly host: string })[] | null;
  readonly databases: readonly AppDatabase[] | null;
  readonly queues: readonly QueueEntry[] | null;
  readonly triggers: readonly EventSourceMapping[] | null;
}

/** The revision that a snapshot must have to be current. One short query, for the periodic check. */
export async function currentRevision(sql: Sql): Promise<number> {
  const [row] = await orUnavailable(sql<{ revision: string }[]>`select revision::text from skein.revisions`);
  return Number(row!.revision);
}

/**
 * Reads what changed after a revision, all at one instant, so that no function lacks the version its alias names.
 *
 * The names come first and go back as a list: joined with the changes, the tables were read once for each
 * change while the database had not counted their rows yet.
 *
 * @param since 0: everything
 */
export async function loadConfiguration(sql: Sql, since = 0): Promise<Configuration> {
  const [
    head,
    changes,
    [functions, latest, versions, aliases, provisioned],
    [routes, databases, queues, triggers],
  ] = await orUnavailable(
    sql.begin('isolation level repeatable read read only', async (tx) => {
      const [[revisions], names] = await Promise.all([headOf(tx), changedNames(tx, since)]);
      const changed = since === 0 ? null : names.map(({ name }) => name);
      const othersToo = since === 0 || revisions!.others > since;
      const others = Promise.all(
        othersToo
          ? [routeRows(tx), databaseRows(tx), queueRows(tx), allMappings(tx)]
          : [null, null, null, null],
      );
      return [revisions!, names, await functionRows(tx, changed), await others] as const;
    }),
  );
  const found = functionsOf({ functions, latest, versions, aliases, provisioned });
  const known = new Set(found.map(({ name }) => name));
  return {
    revision: head.revision,
    functions: found,
    gone: changes.map(({ name }) => name).filter((name) => !known.has(name)),
    routes: routes === null ? null : routes.map(routeOf),
    databases: databases === null ? null : databases.map(databaseOf),
    queues: queues === null ? null : queues.map(queueOf),
    triggers,
  };
}

function headOf(tx: Queryable) {
  return tx<{ revision: number; others: number }[]>`select revision, others from skein.revisions`;
}

function changedNames(tx: Queryable, since: number) {
  if (since === 0) return Promise.resolve([] as { name: string }[]);
  return tx<{ name: string }[]>`
    select function_name as name from skein.function_changes where ${here(tx)} and revision > ${since}`;
}

/** @param changed null: all of them */
function functionRows(tx: Queryable, changed: readonly string[] | null) {
  const of = (column: 'name' | 'function_name') =>
    changed === null ? here(tx) : tx`${here(tx)} and ${tx(column)} = any(${changed}::text[])`;
  return Promise.all([
    tx<FunctionRow[]>`
      select app, name, slug, reserved, urls, closed_hosts, policies, event_invoke, recursion from skein.functions
      where ${of('name')} order by name`,
    tx<VersionRow[]>`select ${latestColumns(tx)} from skein.latest where ${of('function_name')}`,
    tx<VersionRow[]>`
      select ${versionColumns(tx)} from skein.versions
      where ${of('function_name')} order by function_name, version`,
    tx<AliasRow[]>`
      select function_name, alias, version, second_version, second_weight, description, revision_id
      from skein.aliases where ${of('function_name')} order by function_name, alias`,
    tx<ProvisionedRow[]>`
      select function_name, qualifier, wanted, plan from skein.provisioned_concurrency where ${of('function_name')}`,
  ] as const);
}

function routeRows(tx: Queryable) {
  return tx<RouteRow[]>`
    select host, app, function_name, method, path, webhook from skein.routes
    where ${here(tx)} order by host, path, method`;
}

function databaseRows(tx: Queryable) {
  return tx<DatabaseRow[]>`
    select app, key, database_name, role_name, password from skein.databases
    where ${here(tx)} order by app, key`;
}

function here(tx: Queryable) {
  return tx`account_id = ${ACCOUNT_ID} and region = ${REGION}`;
}

/**
 * Calls `onChange` whenever a new revision is announced, and when the connection to the database
 * is made anew (news may have been missed).
 *
 * @returns ends the listening
 */
export async function listenConfiguration(sql: Sql, onChange: () => void): Promise<() => Promise<void>> {
  const { unlisten } = await orUnavailable(sql.listen(CONFIG_CHANNEL, onChange, onChange));
  return unlisten;
}

interface FunctionRow {
  app: string | null;
  name: string;
  slug: string;
  reserved: number | null;
  urls: Record<string, FunctionUrl>;
  closed_hosts: string[];
  policies: Record<string, ResourcePolicy>;
  event_invoke: Record<string, EventInvokeConfig>;
  recursion: FunctionEntry['recursion'];
}
interface ProvisionedRow {
  function_name: string;
  qualifier: string;
  wanted: number;
  plan: ProvisionedPlan | null;
}
interface RouteRow {
  host: string;
  app: string;
  function_name: string;
  method: string;
  path: string;
  webhook: Webhook | null;
}
interface DatabaseRow {
  app: string;
  key: string;
  database_name: string;
  role_name: string;
  password: string;
}

interface Rows {
  readonly functions: readonly FunctionRow[];
  readonly latest: readonly VersionRow[];
  readonly versions: readonly VersionRow[];
  readonly aliases: readonly AliasRow[];
  readonly provisioned: readonly ProvisionedRow[];
}

function functionsOf({ functions, ...rows }: Rows): FunctionEntry[] {
  const latest = new Map(rows.latest.map((row) => [row.function_name, row]));
  const versions = Map.groupBy(rows.versions, (row) => row.function_name);
  const aliases = Map.groupBy(rows.aliases, (row) => row.function_name);
  const provisioned = Map.groupBy(rows.provisioned, (row) => row.function_name);
  return functions.flatMap(({ urls, closed_hosts: closed, policies, event_invoke: eventInvoke, ...row }) => {
    const { name } = row;
    const newest = latest.get(name);
    if (newest === undefined) return []; // a function is made together with its $LATEST
    const wanted = new Map((provisioned.get(name) ?? []).map((one) => [one.qualifier, provisionedOf(one)]));
    return [
      {
        ...row,
        latest: versionOf(newest),
        versions: new Map((versions.get(name) ?? []).map((one) => [one.version, versionOf(one)])),
        provisioned: numbered(wanted),
        aliases: aliasesOf(aliases.get(name) ?? [], wanted),
        urls: new Map(Object.entries(urls)),
        closedHosts: new Set(closed),
        policies: new Map(Object.entries(policies)),
        eventInvoke: new Map(Object.entries(eventInvoke)),
      },
    ];
  });
}

/** Those whose qualifier is a version; the others belong to aliases, whose names are never numbers. */
function numbered(wanted: ReadonlyMap<string, Provisioned>): Map<number, number> {
  const found = [...wanted].filter(([qualifier]) => /^\d+$/.test(qualifier));
  return new Map(found.map(([qualifier, { provisioned }]) => [Number(qualifier), provisioned]));
}

function provisionedOf({ wanted, plan }: ProvisionedRow): Provisioned {
  return { provisioned: wanted, ...(plan !== null && { provisionedPlan: plan }) };
}

function routeOf(row: RouteRow): Route & { readonly host: string } {
  const { host, app, function_name: functionName, method, path, webhook } = row;
  return { host, app, functionName, method, path, ...(webhook !== null && { webhook }) };
}

function databaseOf(row: DatabaseRow): AppDatabase {
  const { app, key, database_name: databaseName, role_name: roleName, password } = row;
  return { app, key, databaseName, roleName, password };
}
