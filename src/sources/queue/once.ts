/**
 * A batch of a function that has a rule for idempotency: each message once for its key.
 *
 *   its key                      the message
 *   is nobody's, or there is     is run; when it has not failed its key is known to be done
 *   none
 *   was run                      is deleted without being run
 *   runs elsewhere, or in this   comes again in a while, as if it had not been received; of a FIFO queue with all of
 *   very batch                   its group behind it
 */
import { Fault } from '../../base/index.ts';
import { type Begun, type KeyRequest, keyOfMessage } from '../../events/index.ts';
import { type Delivered, type DeliveryParts, deliver, type Signals, type Taken } from './delivery.ts';
import type { TriggerPlan } from './plan.ts';

export interface OnceParts extends DeliveryParts {
  readonly keys: { begin(wanted: KeyRequest): Promise<Begun> };
}

interface Work {
  readonly plan: TriggerPlan;
  readonly batch: readonly Taken[];
  readonly signals: Signals;
}

/** Never rejects. */
export async function deliverOnce(parts: OnceParts, work: Work): Promise<Delivered> {
  if (work.plan.idempotency === null) return await deliver(parts, work);
  const begun = await beginAll(parts, work);
  if (begun === null) return { kind: 'refused' };
  const later = laterOf(work, begun);
  await end([...later], { begun, done: false });
  const batch = work.batch.filter((taken) => !later.has(taken) && begun.get(taken)?.kind !== 'done');
  if (batch.length === 0) return { kind: 'ran', failed: new Set(), later };
  const delivered = await deliver(parts, { ...work, batch });
  const failed = delivered.kind === 'ran' ? delivered.failed : new Set(batch);
  await end([...failed], { begun, done: false });
  await end(
    batch.filter((taken) => !failed.has(taken)),
    { begun, done: true },
  );
  return delivered.kind === 'ran' ? { ...delivered, later } : delivered;
}

type BegunOf = ReadonlyMap<Taken, Begun>;

/** Asked at once, so that they share a statement. @returns null when the database is away */
async function beginAll({ keys, onProblem }: OnceParts, { plan, batch }: Work): Promise<BegunOf | null> {
  const begun = new Map<Taken, Begun>();
  const problems: unknown[] = [];
  await Promise.all(
    batch.map(async (taken) => {
      const key = plan.idempotency && keyOfMessage(plan.idempotency, taken.record);
      if (key === null) return;
      const { windowMs } = plan.idempotency!;
      try {
        begun.set(taken, await keys.begin({ functionName: plan.functionName, key, windowMs }));
      } catch (problem) {
        problems.push(problem);
      }
    }),
  );
  if (problems.length === 0) return begun;
  for (const problem of problems) if (!(problem instanceof Fault)) onProblem(problem);
  await end(batch, { begun, done: false });
  return null;
}

function laterOf({ plan, batch }: Work, begun: BegunOf): ReadonlySet<Taken> {
  const held = new Set<string | null>();
  return new Set(
    batch.filter((taken) => {
      const { groupId } = taken.message;
      const runs = begun.get(taken)?.kind === 'running';
      if (runs) held.add(groupId);
      return runs || (plan.fifo && held.has(groupId));
    }),
  );
}

/** Nobody waits for what a message was answered: that it was is all that is kept. */
const DONE = { kind: 'result', executedVersion: 0, contentType: null, body: Buffer.alloc(0) } as const;

async function end(
  taken: readonly Taken[],
  { begun, done }: { readonly begun: BegunOf; readonly done: boolean },
): Promise<void> {
  await Promise.all(
    taken.map(async (one) => {
      const key = begun.get(one);
      if (key?.kind === 'mine') await key.end(done ? DONE : null);
    }),
  );
}
