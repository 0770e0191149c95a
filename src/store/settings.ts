/** Settings: small values that a cluster agrees on once and keeps, such as a node's keys. */
import { orUnavailable, type Queryable } from './connect.ts';

/** @returns the value, or undefined when there is none under this key */
export async function getSetting<T>(sql: Queryable, key: string): Promise<T | undefined> {
  const [row] = await orUnavailable(sql<{ value: T }[]>`select value from skein.settings where key = ${key}`);
  return row?.value;
}

/**
 * Keeps a value unless there is one already, so that of two nodes both use the first one's.
 *
 * @param value anything that JSON can hold, except null
 * @returns the value that is kept: this one, or the one that was there
 */
export async function putSettingIfAbsent<T>(sql: Queryable, key: string, value: T): Promise<T> {
  await orUnavailable(sql`
    insert into skein.settings (key, value) values (${key}, ${sql.json(value as never)})
    on conflict (key) do nothing`);
  return (await getSetting<T>(sql, key)) as T;
}
