/** Functions whose events wait until somebody says otherwise, on all nodes. */
import { orUnavailable, type Queryable } from './connect.ts';

export interface EventPause {
  readonly functionName: string;
  /** Wall clock of the database, ms. */
  readonly pausedAtMs: number;
}

/** Those that are paused now. */
export async function listPauses(sql: Queryable): Promise<EventPause[]> {
  const rows = await orUnavailable(sql<EventPause[]>`
    select function_name as "functionName", (extract(epoch from paused_at) * 1000)::float8 as "pausedAtMs"
    from skein.event_pauses where paused_at is not null order by function_name`);
  return [...rows];
}

/** What runs goes on; nothing more of it is begun. @returns false when it was paused already */
export async function pauseEvents(sql: Queryable, functionName: string): Promise<boolean> {
  const { count } = await orUnavailable(sql`
    insert into skein.event_pauses as p (function_name, paused_at) values (${functionName}, now())
    on conflict (function_name) do update set paused_at = now() where p.paused_at is null`);
  return count > 0;
}

/** Those that waited are as old as if they had come now: being paused makes no event too old. @returns false when it was not paused */
export async function resumeEvents(sql: Queryable, functionName: string): Promise<boolean> {
  const { count } = await orUnavailable(sql`
    update skein.event_pauses set paused_at = null, resumed_at = now()
    where function_name = ${functionName} and paused_at is not null`);
  return count > 0;
}
