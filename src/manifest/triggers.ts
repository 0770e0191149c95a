/** `triggers`: what a function is given without being asked. Each kind has a key of its own by which it is told. */
import { type AppQueueTrigger, LIMITS } from '../model/index.ts';
import { queueTrigger } from './queue-triggers.ts';
import { below, isMap, type JsonSchema, kindOf, listOf, type Rule, report } from './rules.ts';
import { scheduleOf, scheduleTrigger, type UnnamedSchedule } from './schedules.ts';

/** Triggers by their kind, each with its place in the list. */
export interface TriggersText {
  readonly schedules: readonly PlacedSchedule[];
  readonly queues: readonly PlacedQueueTrigger[];
}

export interface PlacedSchedule {
  readonly at: number;
  readonly schedule: UnnamedSchedule;
}

export interface PlacedQueueTrigger {
  readonly at: number;
  readonly trigger: AppQueueTrigger;
}

const KINDS = { queue: queueTrigger, schedule: scheduleTrigger } as const;
const LATER = ['bucket', 'stream', 'table', 'topic'];

export const triggers: Rule<TriggersText> = {
  schema: {
    type: 'array',
    items: { anyOf: Object.values(KINDS).map(({ schema }): JsonSchema => schema) },
    maxItems: LIMITS.triggersPerFunction,
  },
  read(value, spot) {
    const found = listOf(trigger, { max: LIMITS.triggersPerFunction, what: 'triggers' }).read(value, spot);
    return {
      schedules: found.flatMap((one, at) => (one !== null && 'schedule' in one ? [{ at, ...one }] : [])),
      queues: found.flatMap((one, at) => (one !== null && 'trigger' in one ? [{ at, ...one }] : [])),
    };
  },
};

/** One of any kind; null: of none. */
const trigger: Rule<{ schedule: UnnamedSchedule } | { trigger: AppQueueTrigger } | null> = {
  schema: {},
  read(value, spot) {
    if (isMap(value) && Object.hasOwn(value, 'queue')) return { trigger: queueTrigger.read(value, spot) };
    if (isMap(value) && Object.hasOwn(value, 'schedule')) {
      const before = spot.problems.length;
      const found = scheduleTrigger.read(value, spot);
      return spot.problems.length === before ? { schedule: scheduleOf(found) } : null;
    }
    const later = isMap(value) ? LATER.find((kind) => Object.hasOwn(value, kind)) : undefined;
    if (later === undefined)
      report(
        spot,
        `must be a trigger such as { queue: jobs } or { schedule: "rate(5 minutes)" }, was ${kindOf(value)}`,
      );
    else report(below(spot, later), `\`${later}\` is not available in this version of Skein`, 'key');
    return null;
  },
};
