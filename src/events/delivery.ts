/** From a claimed event to what is settled about it: judged, run, judged again. */
import { type Clock, Fault, type Random } from '../base/index.ts';
import { LIMITS, type QueueEntry } from '../model/index.ts';
import type { ClaimedEvent, MessageRow, NewEvent, Settlement } from '../store/index.ts';
import { type AttemptParts, attempt, type Refused } from './attempt.ts';
import type { Signals } from './dispatcher.ts';
import type { Lane } from './lane.ts';
import { withHops } from './lineage.ts';
import {
  type Directory,
  destinationOf,
  type EventPolicy,
  type EventTarget,
  eventPolicy,
  eventTarget,
} from './target.ts';
import { type Onward, type Outcome, verdictOf } from './verdict.ts';

export interface DeliveryParts extends AttemptParts {
  readonly directory: Directory;
  readonly clock: Clock;
  readonly random: Random;
  /** Before the first retry. */
  readonly retryMs: number;
  /** A function has handled this event. */
  readonly onHandled: (event: ClaimedEvent) => void;
}

/** What is not there now may be there after a deploy; nobody is helped by asking all the time. */
const BROKEN_WAIT_MS = 30_000;

/** What runs with the same idempotency key is looked after this often. */
const DUPLICATE_WAIT_MS = 1_000;

/** Never rejects. */
export async function deliver(
  parts: DeliveryParts,
  { event, lane, signals }: { event: ClaimedEvent; lane: Lane; signals: Signals },
): Promise<Settlement> {
  const { clock, directory } = parts;
  const startMs = clock.nowMs();
  const { id, lease } = event;
  try {
    const target = eventTarget(directory, event.functionName, event.qualifier);
    const before = eventPolicy(target, event);
    const outcome =
      judged(event, target, before) ??
      waited(parts, { lane, signal: signals.signal }, await attempt(parts, event, signals));
    if (outcome.kind === 'success') parts.onHandled(event);
    const policy = eventPolicy(eventTarget(directory, event.functionName, event.qualifier), event);
    const ageMs = event.ageMs + clock.nowMs() - startMs;
    const now = { policy, ageMs, retryMs: parts.retryMs, jitter: parts.random(), atMs: clock.wallMs() };
    const { onward, ...verdict } = verdictOf(event, outcome, now);
    return { id, lease, ...verdict, ...sent(parts, event, { onward, keptFor: verdict.keptFor }) };
  } catch (error) {
    return unreachable(parts, event, error);
  }
}

/** What need not be tried. */
function judged(event: ClaimedEvent, { entry }: EventTarget, policy: EventPolicy): Outcome | null {
  if (event.ageMs >= policy.maxAgeMs) return { kind: 'expired' };
  const told = policy.onFailure !== null || policy.deadLetter !== null;
  return entry.reserved === 0 && told ? { kind: 'off' } : null;
}

function waited(
  { clock, random }: DeliveryParts,
  { lane, signal }: { lane: Lane; signal: AbortSignal },
  outcome: Outcome | Refused,
): Outcome {
  if (signal.aborted && outcome.kind === 'refused') return { kind: 'postponed', inMs: 0 };
  if (outcome.kind === 'refused') return { kind: 'postponed', inMs: lane.refused(clock.nowMs(), random) };
  if (outcome.kind === 'duplicate') return { kind: 'postponed', inMs: DUPLICATE_WAIT_MS * (0.5 + random()) };
  if (outcome.kind === 'broken') return { kind: 'postponed', inMs: BROKEN_WAIT_MS * (0.5 + random()) };
  lane.admitted();
  return outcome;
}

/** What goes on, each an event or a message of its own; what cannot is reported, and the event is kept for it. */
function sent(
  parts: DeliveryParts,
  event: ClaimedEvent,
  { onward, keptFor }: { readonly onward: readonly Onward[]; readonly keptFor: string | null },
): Pick<Settlement, 'sends' | 'messages' | 'told' | 'keptFor'> {
  const sends: NewEvent[] = [];
  const messages: MessageRow[] = [];
  const told: string[] = [];
  let kept = keptFor;
  for (const one of onward) {
    const next = nextOf(parts, event, one);
    if (typeof next === 'string') {
      kept = next;
      parts.onProblem(`event ${event.id} of ${event.functionName} cannot go on to ${one.arn}: ${next}`);
      continue;
    }
    told.push(one.arn);
    if ('queueId' in next) messages.push(next);
    else sends.push(next);
  }
  return { sends, messages, told, keptFor: kept };
}

/** @returns why not, where it cannot be */
function nextOf(
  parts: DeliveryParts,
  event: ClaimedEvent,
  onward: Onward,
): NewEvent | MessageRow | 'DestinationNotFound' | 'DestinationLoop' | 'RecordTooLarge' {
  const found = destinationOf(parts.directory, onward.arn);
  if (found === null) return 'DestinationNotFound';
  const { payload, deadLetter } = onward;
  const bytes = Buffer.byteLength(payload);
  if (found.kind === 'queue') return messageOf(event, { queue: found.queue, onward, id: parts.newId() });
  const { entry, qualifier } = found;
  const hops = event.context.hops + 1;
  if (hops > LIMITS.eventHops && entry.recursion === 'Terminate') return 'DestinationLoop';
  if (bytes > LIMITS.eventBytes) return 'RecordTooLarge';
  const { name } = entry;
  const clientContext = deadLetter && JSON.stringify({ custom: deadLetter });
  const context = { traceId: event.context.traceId, clientContext, hops };
  return { id: parts.newId(), lane: name, functionName: name, qualifier, payload, bytes, context };
}

/** @param to.id of the message */
function messageOf(
  { id: eventId, context, functionName }: ClaimedEvent,
  { queue, onward, id }: { readonly queue: QueueEntry; readonly onward: Onward; readonly id: string },
): MessageRow | 'RecordTooLarge' {
  const { payload, deadLetter } = onward;
  const attributes = deadLetter && {
    RequestID: { dataType: 'String', stringValue: deadLetter.RequestID },
    ErrorCode: { dataType: 'Number', stringValue: deadLetter.ErrorCode },
    ErrorMessage: { dataType: 'String', stringValue: deadLetter.ErrorMessage },
  };
  const bytes =
    Buffer.byteLength(payload) + (attributes === null ? 0 : Buffer.byteLength(JSON.stringify(attributes)));
  if (bytes > queue.settings.maxMessageBytes) return 'RecordTooLarge';
  // Whoever is given the message is the next of the chain.
  const traceHeader = withHops(context.traceId, { id: eventId, hops: context.hops });
  const details = { ...(attributes !== null && { attributes }), traceHeader, senderId: functionName };
  return { queueId: queue.id, id, delayMs: queue.settings.delayMs, bytes, body: payload, details };
}

/** Its function, or the alias it was for, is gone: there is nobody left to ask what is to happen with it. */
function unreachable({ onProblem }: DeliveryParts, event: ClaimedEvent, error: unknown): Settlement {
  const { id, lease, attempts } = event;
  const base = { id, lease, attempts, failure: null, note: null, told: [], sends: [], messages: [] };
  if (error instanceof Fault && !error.retry) return { ...base, againInMs: null, keptFor: error.code };
  onProblem(error);
  return { ...base, againInMs: BROKEN_WAIT_MS, keptFor: null };
}
