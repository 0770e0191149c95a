/** All configuration at one revision, as a node loads it, and the news that it has changed. */
import {
  ACCOUNT_ID,
  type AppDatabase,
  type FunctionConfig,
  type FunctionEntry,
  REGION,
  type Route,
  type Version,
} from '../model/index.ts';
import { CONFIG_CHANNEL } from './apps.ts';
import { orUnavailable, type Sql } from './connect.ts';

const PUBLIC: FunctionConfig['egress'] = { mode: 'public' };

export interface Configuration {
  readonly revision: number;
  readonly functions: readonly FunctionEntry[];
  readonly routes: readonly (Route & { readonly host: string })[];
  readonly databases: readonly AppDatabase[];
}

/** The revision that a snapshot must have to be current. One short query, for the periodic check. */
export async function currentRevision(sql: Sql): Promise<number> {
  const [row] = await orUnavailable(sql<{ revision: string }[]>`select revision::text from skein.revisions`);
  return Number(row!.revision);
}

/** Reads everything at one instant, so that no function lacks the version its alias names. */
export async function loadConfiguration(sql: Sql): Promise<Configuration> {
  const here = { account_id: ACCOUNT_ID, region: REGION };
  const [revisions, functions, versions, aliases, routes, databases] = await orUnavailable(
    sql.begin('isolation level repeatable read read only', (tx) => [
      tx<{ revision: string }[]>`select revision::text from skein.revisions`,
      tx<FunctionRow[]>`select app, name, slug, reserved, provisioned from skein.functions
        where account_id = ${here.account_id} and region = ${here.region} order by name`,
      tx<VersionRow[]>`select function_name, version, artifact, config,
          extract(epoch from created_at)::float8 * 1000 as created_ms from skein.versions
        where account_id = ${here.account_id} and region = ${here.region} order by function_name, version`,
      tx<AliasRow[]>`select function_name, alias, version from skein.aliases
        where account_id = ${here.account_id} and region = ${here.region}`,
      tx<RouteRow[]>`select host, app, function_name, method, path from skein.routes
        where account_id = ${here.account_id} and region = ${here.region} order by host, path, method`,
      tx<DatabaseRow[]>`select app, key, database_name, role_name, password from skein.databases
        where account_id = ${here.account_id} and region = ${here.region} order by app, key`,
    ]),
  );
  return {
    revision: Number(revisions[0]!.revision),
    functions: functionsOf(functions, versions, aliases),
    routes: routes.map((row) => ({
      host: row.host,
      app: row.app,
      functionName: row.function_name,
      method: row.method,
      path: row.path,
    })),
    databases: databases.map((row) => ({
      app: row.app,
      key: row.key,
      databaseName: row.database_name,
      roleName: row.role_name,
      password: row.password,
    })),
  };
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
  app: string;
  name: string;
  slug: string;
  reserved: number | null;
  provisioned: number;
}
interface VersionRow {
  function_name: string;
  version: number;
  artifact: string;
  /** Without `egress` where the version was stored before there was any. */
  config: Omit<FunctionConfig, 'egress'> & Partial<Pick<FunctionConfig, 'egress'>>;
  created_ms: number;
}
interface AliasRow {
  function_name: string;
  alias: string;
  version: number;
}
interface RouteRow {
  host: string;
  app: string;
  function_name: string;
  method: string;
  path: string;
}
interface DatabaseRow {
  app: string;
  key: string;
  database_name: string;
  role_name: string;
  password: string;
}

function functionsOf(functions: FunctionRow[], versions: VersionRow[], aliases: AliasRow[]): FunctionEntry[] {
  const versionsOf = Map.groupBy(versions, (row) => row.function_name);
  const aliasesOf = Map.groupBy(aliases, (row) => row.function_name);
  return functions.map((row) => ({
    ...row,
    versions: new Map(
      (versionsOf.get(row.name) ?? []).map((version) => [version.version, versionOf(version)]),
    ),
    aliases: new Map((aliasesOf.get(row.name) ?? []).map(({ alias, version }) => [alias, version])),
  }));
}

function versionOf(row: VersionRow): Version {
  return {
    functionName: row.function_name,
    version: row.version,
    artifact: row.artifact,
    config: { ...row.config, egress: row.config.egress ?? PUBLIC },
    createdAtMs: row.created_ms,
  };
}
