/**
 * What Lambda's API keeps of a function beyond its versions: by qualifier its URLs, policies, event invoke
 * and scaling configurations; for the whole function its tags, its loop guard, its code signing configuration.
 */
import type { TransactionSql } from 'postgres';
import {
  ACCOUNT_ID,
  type EventInvokeConfig,
  type FunctionUrl,
  REGION,
  type ResourcePolicy,
} from '../model/index.ts';
import { announce } from './changes.ts';
import { orUnavailable, type Queryable, type Sql } from './connect.ts';
import { functionNotFound, qualifierNotFound } from './versions.ts';

type ByQualifier<T> = Readonly<Record<string, T>>;

/** Keys of the maps: an alias, a version number, or '' for the function itself (`$LATEST`). */
export interface FunctionSettings {
  readonly urls: ByQualifier<FunctionUrl>;
  /** Qualifiers whose URL was deleted. */
  readonly closedHosts: readonly string[];
  readonly policies: ByQualifier<ResourcePolicy>;
  readonly eventInvoke: ByQualifier<EventInvokeConfig>;
  readonly scaling: ByQualifier<StoredScaling>;
  readonly runtimeManagement: ByQualifier<StoredRuntimeManagement>;
  readonly tags: Readonly<Record<string, string>>;
  readonly recursion: 'Allow' | 'Terminate';
  /** Id of a code signing configuration. */
  readonly codeSigning: string | null;
}

export interface StoredScaling {
  readonly min: number | null;
  readonly max: number | null;
}

export interface StoredRuntimeManagement {
  readonly updateRuntimeOn: 'Auto' | 'Manual' | 'FunctionUpdate';
  readonly runtimeVersionArn: string | null;
}

/** @returns null when there is no such function */
export async function readSettings(sql: Queryable, name: string): Promise<FunctionSettings | null> {
  const rows = await orUnavailable(sql<SettingsRow[]>`
    select ${columns(sql)} from skein.functions
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and name = ${name}`);
  return rows[0] === undefined ? null : settingsOf(rows[0]);
}

/** Of which functions something is set, by a key of their settings; for lists. Sorted by name. */
export async function functionsSignedBy(
  sql: Queryable,
  wanted: { readonly codeSigning: string; readonly after: string; readonly limit: number },
): Promise<string[]> {
  const rows = await orUnavailable(sql<{ name: string }[]>`
    select name from skein.functions
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and code_signing = ${wanted.codeSigning}
      and name > ${wanted.after} order by name limit ${wanted.limit}`);
  return rows.map((row) => row.name);
}

export interface SettingsChange {
  readonly name: string;
  /** Must exist; '' is the function itself. */
  readonly qualifier: string;
  /** From what is set to what is to be set; may throw, which changes nothing. */
  readonly change: (settings: FunctionSettings) => Partial<FunctionSettings>;
}

/**
 * Changes the settings of a function, one caller after the other.
 *
 * @returns the revision that has them
 * @throws {Fault} `function-not-found`, `version-not-found`, what `change` throws
 */
export function changeSettings(sql: Sql, { name, qualifier, change }: SettingsChange): Promise<number> {
  return orUnavailable(
    sql.begin(async (tx) => {
      const [row] = await tx<SettingsRow[]>`
        select ${columns(tx)} from skein.functions
        where account_id = ${ACCOUNT_ID} and region = ${REGION} and name = ${name} for update`;
      if (row === undefined) throw functionNotFound(name);
      if (!(await hasQualifier(tx, name, qualifier))) throw qualifierNotFound(name, qualifier);
      const before = settingsOf(row);
      await write(tx, name, { ...before, ...change(before) });
      return await announce(tx, { functions: [name] });
    }),
  ) as Promise<number>;
}

/** What goes with an alias or a version that is deleted. Part of that transaction. */
export async function forgetQualifier(tx: TransactionSql, name: string, qualifier: string): Promise<void> {
  await tx`
    update skein.functions set urls = urls - ${qualifier},
      closed_hosts = array_remove(closed_hosts, ${qualifier}), policies = policies - ${qualifier},
      event_invoke = event_invoke - ${qualifier}, scaling = scaling - ${qualifier},
      runtime_management = runtime_management - ${qualifier}
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and name = ${name}`;
}

async function hasQualifier(tx: TransactionSql, name: string, qualifier: string): Promise<boolean> {
  if (qualifier === '') return true;
  const version = /^[1-9]\d{0,8}$/.test(qualifier) ? Number(qualifier) : -1;
  const rows = await tx`
    select from skein.aliases where account_id = ${ACCOUNT_ID} and region = ${REGION}
      and function_name = ${name} and alias = ${qualifier}
    union all
    select from skein.versions where account_id = ${ACCOUNT_ID} and region = ${REGION}
      and function_name = ${name} and version = ${version}`;
  return rows.count > 0;
}

async function write(tx: TransactionSql, name: string, settings: FunctionSettings): Promise<void> {
  await tx`
    update skein.functions set
      urls = ${tx.json(settings.urls as never)},
      closed_hosts = ${settings.closedHosts},
      policies = ${tx.json(settings.policies as never)},
      event_invoke = ${tx.json(settings.eventInvoke as never)},
      scaling = ${tx.json(settings.scaling as never)},
      runtime_management = ${tx.json(settings.runtimeManagement as never)},
      tags = ${tx.json(settings.tags as never)},
      recursion = ${settings.recursion},
      code_signing = ${settings.codeSigning}
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and name = ${name}`;
}

type SettingsRow = Omit<
  FunctionSettings,
  'closedHosts' | 'eventInvoke' | 'runtimeManagement' | 'codeSigning'
> & {
  closed_hosts: string[];
  event_invoke: FunctionSettings['eventInvoke'];
  runtime_management: FunctionSettings['runtimeManagement'];
  code_signing: string | null;
};

function columns(sql: Queryable) {
  return sql`urls, closed_hosts, policies, event_invoke, scaling, runtime_management, tags, recursion, code_signing`;
}

function settingsOf(row: SettingsRow): FunctionSettings {
  const { urls, policies, scaling, tags, recursion } = row;
  return {
    ...{ urls, policies, scaling, tags, recursion },
    closedHosts: row.closed_hosts,
    eventInvoke: row.event_invoke,
    runtimeManagement: row.runtime_management,
    codeSigning: row.code_signing,
  };
}
