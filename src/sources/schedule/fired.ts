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
  readonly directory: {
    current(): {
      readonly functions: ReadonlyMap<string, unknown>;
      readonly queues: ReadonlyMap<string, QueueEntry>;
    };
  };
  /** Whether the schedule's role may call this. */
  readonly mayCall: (schedule: Schedule, arn: string) => boolean;
  /** Told of a slot that nobody could be given. */
  readonly onProblem: (problem: unknown) => void;
}

const NOTHING: Fired = { events: [], messages: [], sends: [] };

export function firedBy(parts: FiredParts, schedule: Schedule, slot: SlotFired): Fired {
  const { arn } = schedule.target;
  if (!parts.mayCall(schedule, arn)) return toNobody(parts, schedule, { slot, error: forbidden(schedule) });
  const queue = parseQueueArn(arn);
  if (queue !== null) return toQueue(parts, schedule, slot);
  const called = parseFunctionReference(arn);
  // What a manifest calls was deployed with it, and may be newer than what is known here.
  if (called === null || (schedule.app === null && !parts.directory.current().functions.has(called.name))) {
    const error = { code: 'ResourceNotFoundException', message: `Function not found: ${arn}` };
    return toNobody(parts, schedule, { slot, error });
  }
  return { ...NOTHING, events: [eventFor(parts, schedule, { slot, called })] };
}

function eventFor(
  parts: FiredParts,
  schedule: Schedule,
  { slot, called }: { readonly slot: SlotFired; readonly called: FunctionReference },
): NewEvent {
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
      ...(deadLetterArn !== null && parts.mayCall(schedule, deadLetterArn) && { deadLetter: deadLetterArn }),
    },
  };
}

function toQueue(parts: FiredParts, schedule: Schedule, slot: SlotFired): Fired {
  const { arn, messageGroupId: group } = schedule.target;
  const body = payloadOf(schedule, slot);
  const queue = queueAt(parts, arn);
  const fits = queue !== undefined && Buffer.byteLength(body) <= queue.settings.maxMessageBytes;
  if (!fits) return toNobody(parts, schedule, { slot, error: wrongWith(queue, arn) });
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

function forbidden({ target }: Schedule): Failure {
  const message = `The role ${target.roleArn} does not let EventBridge Scheduler call ${target.arn}.`;
  return { code: 'AccessDeniedException', message };
}

/** Its dead-letter queue gets it, with Scheduler's attributes; without one it is reported. */
function toNobody(
  parts: FiredParts,
  schedule: Schedule,
  { slot, error }: { readonly slot: SlotFired; readonly error: Failure },
): Fired {
  const { target, group, name } = schedule;
  const { deadLetterArn } = target;
  const body = payloadOf(schedule, slot);
  const told = deadLetterArn !== null && parts.mayCall(schedule, deadLetterArn);
  const queue = told ? queueAt(parts, deadLetterArn) : undefined;
  const fits =
    queue?.settings.fifo === null && Buffer.byteLength(body) < queue.settings.maxMessageBytes - 2_048;
  const what = `schedule ${group}/${name} could not fire at ${new Date(slot.slotMs).toISOString()}: ${error.message}`;
  parts.onProblem(what);
  if (!fits) return NOTHING;
  const facts = {
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
    Object.entries(facts).map(([key, stringValue]) => [key, { dataType: 'String', stringValue }]),
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
