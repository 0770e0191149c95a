/** Messages as callers know them, and as the store keeps them. */
import { Fault } from '../../base/index.ts';
import type { QueueEntry } from '../../model/index.ts';
import type {
  MessageDetails,
  MessageRow,
  NumberedMessage,
  SeenMessage,
  TakenMessage,
} from '../../store/index.ts';
import { checkMessage } from './check-message.ts';
import type { NewMessage, PeekedMessage, ReceivedMessage, Sent } from './message.ts';
import type { FifoWish } from './queue-store.ts';
import { writeReceipt } from './receipt.ts';

/** @returns the row that keeps it, or why it is refused */
export function outgoing(
  queue: QueueEntry,
  message: NewMessage,
  newId: () => string,
): MessageRow | FifoWish | Fault {
  try {
    const bytes = checkMessage(queue, message);
    const { id: queueId, settings } = queue;
    const { body, delayMs, groupId } = message;
    const row = {
      queueId,
      id: newId(),
      delayMs: delayMs ?? settings.delayMs,
      bytes,
      body,
      details: detailsOf(message),
    };
    if (settings.fifo === null) return row;
    const group = groupId as string;
    const scope = settings.fifo.deduplicationScope === 'messageGroup' ? group : '';
    // A FIFO queue delays all of its messages alike.
    return {
      ...row,
      delayMs: settings.delayMs,
      group,
      scope,
      deduplicationId: message.deduplicationId ?? null,
    };
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

function detailsOf({
  attributes,
  traceHeader,
  senderId,
  groupId,
  deduplicationId,
}: NewMessage): MessageDetails {
  return {
    ...(attributes && Object.keys(attributes).length > 0 && { attributes }),
    ...(traceHeader && { traceHeader }),
    ...(senderId && { senderId }),
    ...(groupId && { groupId }),
    ...(deduplicationId && { deduplicationId }),
  };
}

/** @returns null: it was not stored */
export function sentAs(
  { id }: { readonly id: string },
  known: ReadonlySet<string> | ReadonlyMap<string, NumberedMessage>,
): Sent | null {
  if (known instanceof Map) {
    const stored = (known as ReadonlyMap<string, NumberedMessage>).get(id);
    return stored ? { messageId: stored.messageId, sequenceNumber: sequenceNumber(stored.number) } : null;
  }
  return known.has(id) ? { messageId: id, sequenceNumber: null } : null;
}

/** A message that was taken, as its receiver gets it. */
export function shown(queue: QueueEntry, message: TakenMessage): ReceivedMessage {
  const { number, receipt, receivedAtMs, firstReceivedAtMs } = message;
  return {
    ...common(queue, message),
    receipt: writeReceipt({ queueId: queue.id, number, receipt, receivedAtMs }),
    firstReceivedAtMs,
  };
}

export function seen(queue: QueueEntry, message: SeenMessage): PeekedMessage {
  const { number: position, visible, received, visibleAtMs, firstReceivedAtMs } = message;
  return {
    ...common(queue, message),
    ...{ position, visibleAtMs, firstReceivedAtMs },
    state: visible ? 'visible' : received ? 'in-flight' : 'delayed',
  };
}

function common({ settings }: QueueEntry, message: TakenMessage | SeenMessage) {
  const { id: messageId, number, body, details, buried, sentAtMs, receives: receiveCount } = message;
  const { attributes = {}, traceHeader = null, senderId = null, groupId = null } = details;
  const deduplicationId = buried?.deduplicationId ?? details.deduplicationId ?? null;
  return {
    ...{
      messageId,
      body,
      attributes,
      traceHeader,
      senderId,
      sentAtMs,
      receiveCount,
      groupId,
      deduplicationId,
    },
    sequenceNumber: settings.fifo === null ? null : sequenceNumber(number),
    deadLetterSource: buried?.source ?? null,
  };
}

function sequenceNumber(number: number): string {
  return String(number).padStart(20, '0');
}
