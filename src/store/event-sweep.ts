/** What events leave behind: counts of lanes that are empty; pauses that are over; what is kept of functions that are gone. */
import type { TransactionSql } from 'postgres';
import { ACCOUNT_ID, REGION } from '../model/index.ts';
import { orUnavailable, type Sql } from './connect.ts';

/** A pause that is over is remembered for as long as an event can be old, and longer. */
const REMEMBER_PAUSE = '2 days';

/** @param limit lanes that are looked at; call again to go on */
export async function sweepEvents(sql: Sql, limit: number): Promise<void> {
  await orUnavailable(sql.begin((tx) => sweepCounts(tx, limit)));
  await orUnavailable(sql`
    delete from skein.event_pauses p
    where (paused_at is null and resumed_at < now() - ${REMEMBER_PAUSE}::interval) or not exists (
      select from skein.functions f
      where f.account_id = ${ACCOUNT_ID} and f.region = ${REGION} and f.name = p.function_name)`);
  await orUnavailable(sql`
    delete from skein.event_shapes s where not exists (
      select from skein.functions f
      where f.account_id = ${ACCOUNT_ID} and f.region = ${REGION} and f.name = s.function_name)`);
}

/**
 * As many have come as have gone: nothing waits there. Of functions that are no more, and of groups, whose names may
 * be any number. Whoever counts at this moment is passed over; whoever counts next begins at nothing.
 */
async function sweepCounts(tx: TransactionSql, limit: number): Promise<void> {
  const rows = await tx<{ lane: string; side: 'in' | 'out'; events: number }[]>`
    select v.lane, v.side, v.events from skein.event_volumes v
    join (
      select i.lane from skein.event_volumes i
      join skein.event_volumes o on o.lane = i.lane and o.side = 'out' and o.events = i.events
      where i.side = 'in' and (strpos(i.lane, '/') > 0 or not exists (
        select from skein.functions f
        where f.account_id = ${ACCOUNT_ID} and f.region = ${REGION} and f.name = i.lane))
      order by i.lane limit ${limit}) empty on empty.lane = v.lane
    order by v.lane, v.side for update of v skip locked`;
  const empty = [...Map.groupBy(rows, ({ lane }) => lane)]
    .filter(([, [a, b]]) => a !== undefined && b !== undefined && a.events === b.events)
    .map(([lane]) => lane);
  if (empty.length > 0) await tx`delete from skein.event_volumes where lane = any(${empty}::text[])`;
}
