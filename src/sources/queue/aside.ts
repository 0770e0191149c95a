/**
 * Where a message goes that belongs to a chain of events that is too long: to its queue's dead-letter queue, or among
 * the failed events, which are kept for people. Without the chain, so that it can be run again by who has mended it.
 */
import { Fault } from '../../base/index.ts';
import { withoutHops } from '../../events/index.ts';
import { LIMITS } from '../../model/index.ts';
import type { Queues, ReceivedMessage } from '../../resources/index.ts';
import type { TriggerPlan } from './plan.ts';
import { recordOf } from './record.ts';

/** An event that its function has never seen. */
export interface AsideEvent {
  /** The message's. */
  readonly id: string;
  readonly functionName: string;
  readonly qualifier: string | null;
  /** JSON text. */
  readonly payload: string;
  readonly traceId: string | null;
  readonly reason: 'EventLoop';
}

export interface AsideParts {
  readonly queues: Pick<Queues, 'send'>;
  /** Keeps it among the failed events; twice is once. */
  readonly keep: (event: AsideEvent) => Promise<void>;
  readonly onProblem: (problem: unknown) => void;
}

/** Resolves when it is kept, which is reported. */
export async function putAside(
  { queues, keep, onProblem }: AsideParts,
  plan: TriggerPlan,
  message: ReceivedMessage,
): Promise<void> {
  const { functionName, qualifier, queueArn, deadLetter } = plan;
  const traceId = withoutHops(message.traceHeader);
  if (deadLetter === null) {
    const payload = JSON.stringify({ Records: [recordOf({ ...message, traceHeader: traceId }, queueArn)] });
    await keep({ id: message.messageId, functionName, qualifier, payload, traceId, reason: 'EventLoop' });
  } else {
    const { body, attributes, senderId, groupId, messageId } = message;
    const deduplicationId = plan.fifo ? messageId : null;
    const copy = { body, attributes, senderId, groupId, deduplicationId, traceHeader: traceId };
    const [outcome] = await queues.send(deadLetter, [copy]);
    if (outcome instanceof Fault) throw outcome;
  }
  const where = deadLetter === null ? 'is kept among the failed events' : `is in ${deadLetter}`;
  onProblem(
    `message ${message.messageId} of queue ${plan.queue} would be event ${LIMITS.eventHops + 1} of a chain that leads to ${functionName}: it was not given to it, and ${where}`,
  );
}
