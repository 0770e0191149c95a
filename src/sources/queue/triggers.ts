/**
 * The triggers of queues: all that this node delivers from queues to functions.
 *
 * Owns   one poller per trigger, for as long as there is the trigger, or something of it in hand.
 * Asks   plan.ts what each is to do at each change of the configuration, leases.ts whether it may here.
 * Never  reads the database for it: the registry's snapshot has all of the configuration.
 */
import { Fault, type Service } from '../../base/index.ts';
import type { Snapshot } from '../../registry/index.ts';
import { type LeaseStore, Leases } from './leases.ts';
import { planOf, type TriggerPlan } from './plan.ts';
import { Poller, type PollerParts } from './poller.ts';

export interface QueueTriggersParts extends PollerParts {
  readonly registry: { current(): Snapshot; onChange(action: (snapshot: Snapshot) => void): () => void };
  readonly leases: LeaseStore;
}

/** What runs when the node stops may take this long. */
const STOP_GRACE_MS = 5_000;
/** What was ended, and what is to be settled, may take this long then. */
const STOP_CUT_MS = 5_000;

/** Not started. `stop` gives what runs a little time, and ends the rest. */
export function createQueueTriggers(parts: QueueTriggersParts): Service {
  const triggers = new QueueTriggers(parts);
  let stopping: Promise<void> | null = null;
  return {
    start: async () => triggers.start(),
    stop() {
      stopping ??= triggers.stop();
      return stopping;
    },
  };
}

class QueueTriggers {
  readonly #parts: QueueTriggersParts;
  readonly #pollers = new Map<string, Poller>();
  readonly #leases: Leases;
  #unfollow = () => {};
  #stopped = false;

  constructor(parts: QueueTriggersParts) {
    this.#parts = parts;
    const { clock } = parts;
    this.#leases = new Leases({
      ...{ clock, store: parts.leases },
      onChange: () => this.#follow(parts.registry.current()),
      onProblem: (problem) => {
        if (!(problem instanceof Fault)) parts.onProblem(problem); // away: tried again
      },
    });
  }

  start(): void {
    const { registry } = this.#parts;
    this.#leases.start();
    this.#unfollow = registry.onChange((snapshot) => this.#follow(snapshot));
    this.#follow(registry.current());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unfollow();
    const pollers = [...this.#pollers.values()];
    const settled = Promise.all(pollers.map((poller) => poller.settled()));
    for (const poller of pollers) poller.follow(null);
    await this.#atMost(STOP_GRACE_MS, settled);
    for (const poller of pollers) poller.cut();
    await this.#atMost(STOP_CUT_MS, settled);
    for (const poller of pollers) poller.abandon();
    this.#leases.stop();
    await Promise.all([...this.#pollers].map(([id, poller]) => poller.idle && this.#leases.release(id)));
  }

  #follow(snapshot: Snapshot): void {
    if (this.#stopped) return;
    const plans = plansOf(snapshot);
    const bounded = plans.filter(({ maxConcurrency }) => maxConcurrency !== null);
    this.#leases.want(bounded.map(({ id, runMs }) => ({ id, runMs })));
    for (const plan of plans) this.#follows(plan);
    const planned = new Set(plans.map(({ id }) => id));
    for (const [id, poller] of this.#pollers) if (!planned.has(id)) this.#end(id, poller);
  }

  #follows(plan: TriggerPlan): void {
    const { id, queue, maxConcurrency } = plan;
    let poller = this.#pollers.get(id);
    if (maxConcurrency === null || this.#leases.holds(id)) {
      if (poller === undefined) {
        poller = new Poller(this.#parts, queue);
        this.#pollers.set(id, poller);
      }
      poller.follow(plan);
    } else poller?.cut(); // somebody else may be given it soon
  }

  /** It rests. When nothing of it is in hand any more it is forgotten, unless it was taken up again. */
  #end(id: string, poller: Poller): void {
    poller.follow(null);
    void poller.settled().then(() => {
      if (this.#stopped || !poller.idle || this.#pollers.get(id) !== poller) return;
      if (plansOf(this.#parts.registry.current()).some((plan) => plan.id === id)) return;
      this.#pollers.delete(id);
      void this.#leases.release(id);
    });
  }

  #atMost(ms: number, work: Promise<unknown>): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#parts.clock.after(ms, resolve);
    return Promise.race([work, promise]).finally(() => timer.cancel());
  }
}

function plansOf(snapshot: Snapshot): TriggerPlan[] {
  return [...snapshot.triggers.values()].flatMap((mapping) => planOf(mapping, snapshot) ?? []);
}
