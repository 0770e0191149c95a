/**
 * Leases of triggers that may run only so much at once: one node delivers for each. The database's clock decides.
 *
 * A lease that has run out is given to another node only when what its holder may have begun has had its time, too:
 * a node that is gone cannot end it any more. The holder itself, started anew, has ended what an earlier life of
 * its own had left, and gets it back at once.
 */
import { orUnavailable, type Queryable } from './connect.ts';

export interface LeaseWish {
  /** UUID of the trigger. */
  readonly id: string;
  /** How long one invocation for it may run, ms. */
  readonly runMs: number;
}

/**
 * Takes leases, and renews those that are held.
 *
 * @returns ids of those that are the holder's now
 */
export async function takeTriggerLeases(
  sql: Queryable,
  {
    holder,
    leaseMs,
    wanted,
  }: { readonly holder: string; readonly leaseMs: number; readonly wanted: readonly LeaseWish[] },
): Promise<string[]> {
  const rows = await orUnavailable(sql<{ id: string }[]>`
    insert into skein.trigger_leases as l (trigger_id, holder, expires_at, run_ms)
    select id, ${holder}, now() + ${leaseMs} * interval '1 ms', run_ms
    from unnest(${wanted.map(({ id }) => id)}::uuid[], ${wanted.map(({ runMs }) => runMs)}::int[]) as w (id, run_ms)
    order by id
    on conflict (trigger_id) do update set holder = excluded.holder, expires_at = excluded.expires_at,
      run_ms = case l.holder when excluded.holder then greatest(l.run_ms, excluded.run_ms) else excluded.run_ms end
    where l.holder = excluded.holder or l.expires_at + l.run_ms * interval '1 ms' <= now()
    returning trigger_id::text as id`);
  return rows.map(({ id }) => id);
}

/** Gives leases back under which nothing runs any more. */
export async function releaseTriggerLeases(
  sql: Queryable,
  { holder, ids }: { readonly holder: string; readonly ids: readonly string[] },
): Promise<void> {
  await orUnavailable(sql`
    delete from skein.trigger_leases where holder = ${holder} and trigger_id = any(${[...ids]}::uuid[])`);
}
