/** Deliveries that are known by their id; see `NewEvent.delivery`. */
import { orUnavailable, type Queryable } from './connect.ts';

/**
 * Forgets deliveries that were taken in before a moment, the oldest first.
 *
 * @param keep.sinceMs wall-clock ms
 * @param keep.batch rows that one call deletes at most
 * @returns rows deleted; call again while it equals `batch`
 */
export async function dropOldDeliveries(
  sql: Queryable,
  { sinceMs, batch }: { readonly sinceMs: number; readonly batch: number },
): Promise<number> {
  const { count } = await orUnavailable(sql`
    delete from skein.deliveries where key in (
      select key from skein.deliveries where taken_at < to_timestamp(${sinceMs / 1_000})
      order by taken_at limit ${batch})`);
  return count;
}
