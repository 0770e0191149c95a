/**
 * Fault weather for queues: what SQS promises not to exclude. A message comes late, or after those sent later; one that
 * was deleted comes once more.
 *
 * Of a FIFO queue nothing is held back or repeated: there the order, and once, are promised. What waits for its turn
 * counts as not received.
 */
import type { Weather } from '../../base/index.ts';
import type { ReceivedMessage } from './message.ts';
import type { Queues } from './queues.ts';

type Struck = Pick<Queues, 'receive' | 'delete' | 'changeVisibility' | 'send'>;

/** Longest that a message is held back, ms: by a delay, and to be overtaken. */
const DELAY_MS = 5_000;
const REORDER_MS = 500;

export function queuesInWeather(queues: Struck, weather: Weather): Struck {
  /** Held back once is enough, and more would make a message older than its queue allows. */
  const heldBack = new Set<string>();

  const lateness = (queue: string, { messageId }: ReceivedMessage): number => {
    if (queue.endsWith('.fifo') || heldBack.delete(messageId)) return 0;
    const delayMs = weather.strikes('delay', queue) * DELAY_MS;
    return Math.max(delayMs, weather.strikes('reorder', queue) * REORDER_MS);
  };

  return {
    send: (...given) => queues.send(...given),
    changeVisibility: (...given) => queues.changeVisibility(...given),
    async receive(queue, wanted, signal) {
      const received = await queues.receive(queue, wanted, signal);
      const late = received.map((message) => ({ message, ms: lateness(queue, message) }));
      const held = late.filter(({ ms }) => ms > 0);
      if (held.length > 0) {
        for (const { message } of held) heldBack.add(message.messageId);
        const changes = held.map(({ message, ms }) => ({
          ...{ receipt: message.receipt, visibilityTimeoutMs: Math.round(ms), uncounted: true },
        }));
        await queues.changeVisibility(queue, changes);
      }
      return late.filter(({ ms }) => ms === 0).map(({ message }) => message);
    },
    async delete(queue, receipts) {
      const again = new Set(
        receipts.filter(() => !queue.endsWith('.fifo') && weather.strikes('duplicates', queue) > 0),
      );
      const changes = [...again].map((receipt) => ({ receipt, visibilityTimeoutMs: 0 }));
      if (changes.length > 0) await queues.changeVisibility(queue, changes);
      const gone = await queues.delete(
        queue,
        receipts.filter((receipt) => !again.has(receipt)),
      );
      const outcomes = gone.values();
      return receipts.map((receipt) => (again.has(receipt) ? 'deleted' : (outcomes.next().value ?? 'stale')));
    },
  };
}
