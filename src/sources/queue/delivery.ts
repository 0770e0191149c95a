/**
 * One batch: through the one door, and what becomes of each of its messages.
 *
 *   the function             its messages                                       counts as received
 *   succeeds                 are deleted                                        ·
 *   names some that failed   those come again when their time out of sight is   yes
 *                            over, the others are deleted
 *   fails                    all come again, then                               yes
 *   is throttled, has no     all come again soon, longer after each in a row    no
 *   room, or is cut off
 *   is not there             all come again in a while                          no
 *
 * What comes again too often goes to the dead-letter queue: the queue's own doing. So nothing that the platform
 * refused ever gets there for that reason. Of a FIFO queue, what comes after the first failure of its group comes
 * again with it, whatever the function said: else the group would be out of order.
 */
import { type Clock, Fault } from '../../base/index.ts';
import { hopsOf, outcomeOf, withHops } from '../../events/index.ts';
import type { Invocation, InvokeResult } from '../../invoke/index.ts';
import type { ReceivedMessage } from '../../resources/index.ts';
import { failedItems } from '../batch/failed-items.ts';
import type { TriggerPlan } from './plan.ts';
import type { QueueRecord } from './record.ts';
import type { InHand } from './settling.ts';

/** A message in hand, as its function gets it. */
export interface Taken extends InHand {
  readonly message: ReceivedMessage;
  readonly record: QueueRecord;
  /** Its record, JSON text. */
  readonly text: string;
  /** Of the record, with what stands between two. */
  readonly bytes: number;
}

export interface DeliveryParts {
  readonly invoke: (invocation: Invocation, signal: AbortSignal | null) => Promise<InvokeResult>;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly onProblem: (problem: unknown) => void;
}

export interface Signals {
  /** Gives up waiting for an instance. */
  readonly signal: AbortSignal;
  /** Ends what runs. */
  readonly cut: AbortSignal;
}

export type Delivered =
  /** It ran. The messages that failed. */
  | {
      readonly kind: 'ran';
      readonly failed: ReadonlySet<Taken>;
      /** Those that were not to run now; absent: none. See once.ts. */
      readonly later?: ReadonlySet<Taken>;
    }
  /** A throttle, or no capacity: soon. */
  | { readonly kind: 'refused' }
  /** The node stops, or may not go on: at once, somewhere. */
  | { readonly kind: 'cut' }
  /** What it needs is not there, or a bug: in a while. */
  | { readonly kind: 'broken' };

/** Never rejects. */
export async function deliver(
  parts: DeliveryParts,
  { plan, batch, signals }: { plan: TriggerPlan; batch: readonly Taken[]; signals: Signals },
): Promise<Delivered> {
  const requestId = parts.newId();
  const invocation: Invocation = {
    ...{ functionName: plan.functionName, qualifier: plan.qualifier, requestId, clientContext: null },
    event: `{"Records":[${batch.map(({ text }) => text).join(',')}]}`,
    traceId: traceOf(batch, requestId),
    cut: signals.cut,
  };
  try {
    const outcome = await outcomeOf(await parts.invoke(invocation, signals.signal), requestId);
    if (signals.cut.aborted && outcome.kind === 'failure') return { kind: 'cut' };
    const all = outcome.kind === 'failure';
    return { kind: 'ran', failed: all ? new Set(batch) : failedOf(plan, batch, outcome.payload) };
  } catch (error) {
    return refusal(parts, error, signals);
  }
}

/** The longest chain that leads here goes on. */
function traceOf(batch: readonly Taken[], id: string): string {
  const traces = batch.map(({ message }) => message.traceHeader);
  const longest = traces.reduce((best, one) => (hopsOf(one) > hopsOf(best) ? one : best), traces[0] ?? null);
  return withHops(longest, { id, hops: hopsOf(longest) + 1 });
}

function failedOf(plan: TriggerPlan, batch: readonly Taken[], answer: string): ReadonlySet<Taken> {
  if (!plan.partial) return new Set();
  const ids = failedItems(
    answer,
    batch.map(({ message }) => message.messageId),
  );
  const failed = new Set(batch.filter(({ message }) => ids.has(message.messageId)));
  return plan.fifo ? withFollowers(batch, failed) : failed;
}

function withFollowers(batch: readonly Taken[], failed: ReadonlySet<Taken>): ReadonlySet<Taken> {
  const stopped = new Set<string | null>();
  return new Set(
    batch.filter((taken) => {
      const { groupId } = taken.message;
      if (failed.has(taken)) stopped.add(groupId);
      return stopped.has(groupId);
    }),
  );
}

function refusal({ onProblem }: DeliveryParts, error: unknown, { signal, cut }: Signals): Delivered {
  if (signal.aborted || cut.aborted) return { kind: 'cut' };
  if (error instanceof Fault && error.retry) return { kind: 'refused' };
  onProblem(error);
  return { kind: 'broken' };
}
