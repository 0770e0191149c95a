/** What a slot becomes: an event for a function, or a message for a queue. Pure. */
import {
  type FunctionReference,
  parseFunctionReference,
  parseQueueArn,
  type QueueEntry,
  scheduleArn,
} from '../../model/index.ts';
import type { Fired, MessageRow, NewEvent, Schedule } from '../../store/index.ts';
import { payloadOf, type SlotFired } from './payload.ts';

export interface FiredParts {
  readonly directory: { current(): { readonly queues: ReadonlyMap<string, QueueEntry> } };
  /** Told of a slot that nobody could be given. */
  readonly onProblem: (problem: unknown) => void;
}

const NOTHING: Fired = { events: [], messages: [], sends: [] };

export function firedBy(parts: FiredParts, schedule: Schedule, slot: SlotFired): Fired {
  const { arn } = schedule.target;
  const queue = parseQueueArn(arn);
  if (queue !== null) return toQueue(parts, schedule, slot);
  const called = parseFunctionReference(arn);
  if (called === null) throw new Error(`the target of schedule ${schedule.name} is no function: ${arn}`);
  return { ...NOTHING, events: [eventFor(schedule, slot, called)] };
}

function eventFor(schedule: Schedule, slot: SlotFired, called: FunctionReference): NewEvent {
  const { target, lane } = schedule;
  const payload = payloadOf(schedule, slot);
  const { maximumRetryAttempts: retries, maximumEventAgeSeconds: ageSeconds, deadLetterArn } = target;
  return {
    id: slot.id,
    lane: lane ?? called.name,
    functionName: called.name,
    qualifier: called.qualifier,
    payload,
    bytes: Buffer.byteLength(payload),
    context: { traceId: null, clientContext: null, hops: 1 },
    terms: {
      ...(retries !== null && { retries }),
      ...(ageSeconds !== null && { maxAgeMs: ageSeconds * 1_000 }),
      ...(deadLetterArn !== null && { deadLetter: deadLetterArn }),
    },
  };
}

function toQueue(parts: FiredParts, schedule: Schedule, slot: SlotFired): Fired {
  const { arn, messageGroupId: group } = schedule.target;
  const body = payloadOf(schedule, slot);
  const queue = queueAt(parts, arn);
  const fits = queue !== undefined && Buffer.byteLength(body) <= queue.settings.maxMessageBytes;
  if (!fits) return undelivered(parts, schedule, { slot, body, error: wrongWith(queue, arn) });
  if (queue.settings.fifo === null) {
    const details = group === null ? {} : { groupId: group };
    return { ...NOTHING, messages: [messageFor(queue, { id: slot.id, body, details })] };
  }
  const deduplicationId = slot.id;
  return {
    ...NOTHING,
    sends: [{ queue: queue.name, body, groupId: group ?? schedule.name, deduplicationId }],
  };
}

function queueAt({ directory }: FiredParts, arn: string): QueueEntry | undefined {
  const name = parseQueueArn(arn);
  return name === null ? undefined : directory.current().queues.get(name);
}

interface Failure {
  readonly code: string;
  readonly message: string;
}

function wrongWith(queue: QueueEntry | undefined, arn: string): Failure {
  if (queue === undefined)
    return { code: 'AWS.SimpleQueueService.NonExistentQueue', message: `There is no queue ${arn}.` };
  const message = `One or more parameters are invalid. Reason: Message must be shorter than ${queue.settings.maxMessageBytes} bytes.`;
  return { code: 'InvalidParameterValue', message };
}

/** Its dead-letter queue gets it, with Scheduler's attributes; without one it is reported. */
function undelivered(
  parts: FiredParts,
  schedule: Schedule,
  { slot, body, error }: { readonly slot: SlotFired; readonly body: string; readonly error: Failure },
): Fired {
  const { target, group, name } = schedule;
  const queue = target.deadLetterArn === null ? undefined : queueAt(parts, target.deadLetterArn);
  const fits =
    queue?.settings.fifo === null && Buffer.byteLength(body) < queue.settings.maxMessageBytes - 2_048;
  const what = `schedule ${group}/${name} could not fire at ${new Date(slot.slotMs).toISOString()}: ${error.message}`;
  parts.onProblem(what);
  if (!fits) return NOTHING;
  const told = {
    ERROR_CODE: error.code,
    ERROR_MESSAGE: error.message,
    EXECUTION_ID: slot.id,
    IS_PAYLOAD_TRUNCATED: 'false',
    RETRY_ATTEMPTS: '0',
    SCHEDULED_TIME: `${new Date(slot.slotMs).toISOString().slice(0, 19)}Z`,
    SCHEDULE_ARN: scheduleArn(schedule),
    TARGET_ARN: target.arn,
  };
  const attributes = Object.fromEntries(
    Object.entries(told).map(([key, stringValue]) => [key, { dataType: 'String', stringValue }]),
  );
  return { ...NOTHING, messages: [messageFor(queue, { id: slot.id, body, details: { attributes } })] };
}

function messageFor(
  queue: QueueEntry,
  { id, body, details }: Pick<MessageRow, 'id' | 'body' | 'details'>,
): MessageRow {
  const bytes =
    Buffer.byteLength(body) + (details.attributes ? Buffer.byteLength(JSON.stringify(details)) : 0);
  return { queueId: queue.id, id, delayMs: queue.settings.delayMs, bytes, body, details };
}
