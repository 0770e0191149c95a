/** What is in a queue: counted, and looked at without receiving it. */
import { orUnavailable, type Queryable } from './connect.ts';
import type { Burial, MessageDetails } from './queue-messages.ts';

export interface MessageCounts {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

/** However many wait: they are counted by what came in and went out, and only what is held back one by one. */
export async function countQueue(sql: Queryable, queueId: number): Promise<MessageCounts> {
  const [row] = await orUnavailable(sql<(MessageCounts & { total: number })[]>`
    select "inFlight", delayed, coalesce(total, 0)::float8 as total, 0 as visible from (
      select count(*) filter (where receipt is not null) as "inFlight", count(*) filter (where receipt is null) as delayed
      from skein.messages where queue_id = ${queueId} and visible_at > now()
    ) held, (
      select sum(case side when 'in' then messages else -messages end) as total
      from skein.message_volumes where queue_id = ${queueId}
    ) volume`);
  const { total, inFlight, delayed } = row!;
  return { visible: Math.max(0, total - inFlight - delayed), inFlight, delayed };
}

export interface SeenMessage {
  readonly number: number;
  readonly id: string;
  readonly body: string;
  readonly details: MessageDetails;
  readonly buried: Burial | null;
  readonly fifoGroup: string | null;
  readonly sentAtMs: number;
  readonly visibleAtMs: number;
  readonly firstReceivedAtMs: number | null;
  readonly receives: number;
  /** Whether it was received, visible again or not. */
  readonly received: boolean;
  /** Whether it can be received now. */
  readonly visible: boolean;
}

/** Messages in the order of their numbers. */
export async function seeMessages(
  sql: Queryable,
  { queueId, after, max }: { readonly queueId: number; readonly after: number; readonly max: number },
): Promise<SeenMessage[]> {
  const rows = await orUnavailable(sql<SeenMessage[]>`
    select number, id, body, details, buried, fifo_group as "fifoGroup",
      (extract(epoch from sent_at) * 1000)::float8 as "sentAtMs",
      (extract(epoch from visible_at) * 1000)::float8 as "visibleAtMs",
      (extract(epoch from first_received_at) * 1000)::float8 as "firstReceivedAtMs",
      receives + receives_before as receives, receipt is not null as received, visible_at <= now() as visible
    from skein.messages where queue_id = ${queueId} and number > ${after} order by number limit ${max}`);
  return [...rows];
}
