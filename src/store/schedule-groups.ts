/** Groups of schedules: a name, tags, and whatever schedules name it. */
import type { TransactionSql } from 'postgres';
import { ACCOUNT_ID, REGION } from '../model/index.ts';
import { orUnavailable, type Queryable } from './connect.ts';

export interface ScheduleGroup {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
  readonly modifiedAtMs: number;
}

/** @returns false: there is one of this name */
export async function insertScheduleGroup(
  tx: TransactionSql,
  { name, tags }: Pick<ScheduleGroup, 'name' | 'tags'>,
): Promise<boolean> {
  const made = await tx`
    insert into skein.schedule_groups (account_id, region, name, tags)
    values (${ACCOUNT_ID}, ${REGION}, ${name}, ${tx.json(tags)}) on conflict do nothing`;
  return made.count === 1;
}

/** @param to `keep`: it stays while the transaction lasts; `change`: and is this one's. @returns null: there is none */
export async function findScheduleGroup(
  sql: Queryable,
  name: string,
  to: 'look' | 'keep' | 'change' = 'look',
): Promise<ScheduleGroup | null> {
  const lock = { look: sql``, keep: sql`for share`, change: sql`for update` }[to];
  const [row] = await orUnavailable(sql<GroupRow[]>`
    select ${columns(sql)} from skein.schedule_groups where ${here(sql)} and name = ${name} ${lock}`);
  return row === undefined ? null : groupOf(row);
}

/** Groups after a name, in order. */
export async function listScheduleGroups(
  sql: Queryable,
  wanted: { readonly prefix: string; readonly after: string; readonly limit: number },
): Promise<ScheduleGroup[]> {
  const rows = await orUnavailable(sql<GroupRow[]>`
    select ${columns(sql)} from skein.schedule_groups
    where ${here(sql)} and starts_with(name, ${wanted.prefix}) and name > ${wanted.after}
    order by name limit ${wanted.limit}`);
  return rows.map(groupOf);
}

export async function countScheduleGroups(sql: Queryable): Promise<number> {
  const [row] = await orUnavailable(sql<{ count: number }[]>`
    select count(*)::int as count from skein.schedule_groups where ${here(sql)}`);
  return row!.count;
}

export async function writeGroupTags(
  tx: TransactionSql,
  { name, tags }: Pick<ScheduleGroup, 'name' | 'tags'>,
): Promise<void> {
  await tx`
    update skein.schedule_groups set tags = ${tx.json(tags)}, modified_at = now()
    where ${here(tx)} and name = ${name}`;
}

/** Together with its schedules. @returns false: there was none */
export async function deleteScheduleGroup(tx: TransactionSql, name: string): Promise<boolean> {
  const gone = await tx`delete from skein.schedule_groups where ${here(tx)} and name = ${name}`;
  await tx`delete from skein.schedules where ${here(tx)} and group_name = ${name}`;
  return gone.count === 1;
}

interface GroupRow {
  name: string;
  tags: Record<string, string>;
  created_ms: number;
  modified_ms: number;
}

function columns(sql: Queryable) {
  return sql`name, tags, extract(epoch from created_at)::float8 * 1000 as created_ms,
    extract(epoch from modified_at)::float8 * 1000 as modified_ms`;
}

function here(sql: Queryable) {
  return sql`account_id = ${ACCOUNT_ID} and region = ${REGION}`;
}

function groupOf({ created_ms: createdAtMs, modified_ms: modifiedAtMs, ...rest }: GroupRow): ScheduleGroup {
  return { ...rest, createdAtMs, modifiedAtMs };
}
