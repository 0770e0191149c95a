/**
 * How many instances of a function are to stand ready, where that depends on the time: steps that begin by cron
 * and last for a while, or until the next. Pure: whoever follows it says what time it is, and is told when to ask again.
 */
import { nextSlot, parseSchedule, ScheduleError, type ScheduleExpression } from './schedule/index.ts';

export interface ProvisionedStep {
  /** `cron(…)`, of five fields or of AWS's six. */
  readonly expression: string;
  /** IANA name. */
  readonly timezone: string;
  readonly count: number;
  /** How long it lasts, in ms; null: until another step without an end begins. */
  readonly forMs: number | null;
}

export interface ProvisionedPlan {
  /** While no step lasts. */
  readonly base: number;
  readonly steps: readonly ProvisionedStep[];
}

/** What an alias or a function of a manifest says of it. */
export interface Provisioned {
  /** The most that there may be at any time. */
  readonly provisioned: number;
  /** Absent: at all times. */
  readonly provisionedPlan?: ProvisionedPlan | undefined;
}

export interface ProvisionedNow {
  readonly count: number;
  /** When it may be another number, wall ms; null: never. */
  readonly untilMs: number | null;
}

/**
 * Of the steps that last, the one that began last counts; of two that began in the same moment, the larger one.
 *
 * @param nowMs wall ms
 *
 * @example
 * // "0 8 * * MON-FRI" for 10 h, at 9 on a Monday: { count: 5, untilMs: … 18:00 }
 */
export function provisionedAt(
  { provisioned, provisionedPlan: plan }: Provisioned,
  nowMs: number,
): ProvisionedNow {
  if (plan === undefined) return { count: provisioned, untilMs: null };
  let untilMs = Number.POSITIVE_INFINITY;
  let newest = { beganMs: Number.NEGATIVE_INFINITY, count: plan.base };
  for (const step of plan.steps) {
    const expression = expressionOf(step);
    if (expression === null) continue;
    untilMs = Math.min(untilMs, nextSlot(expression, nowMs) ?? Number.POSITIVE_INFINITY);
    const beganMs = lastSlot(expression, nowMs);
    if (beganMs === null) continue;
    const endMs = step.forMs === null ? Number.POSITIVE_INFINITY : beganMs + step.forMs;
    if (endMs <= nowMs) continue;
    untilMs = Math.min(untilMs, endMs);
    const isNewer = beganMs > newest.beganMs || (beganMs === newest.beganMs && step.count > newest.count);
    if (isNewer) newest = { beganMs, count: step.count };
  }
  return { count: newest.count, untilMs: Number.isFinite(untilMs) ? untilMs : null };
}

/** The most that a plan may ask for. */
export function mostOf({ base, steps }: ProvisionedPlan): number {
  return Math.max(base, ...steps.map(({ count }) => count));
}

const HOUR_MS = 3_600_000;
/** A leap day on a given weekday comes once in 28 years, across a century in 40. */
const FARTHEST_MS = 41 * 366 * 24 * HOUR_MS;

/** The last slot up to now. Looks from ever farther back, so that few slots lie between where it looks from and now. */
function lastSlot(expression: ScheduleExpression, nowMs: number): number | null {
  for (let backMs = HOUR_MS; backMs <= FARTHEST_MS; backMs *= 2) {
    let last = nextSlot(expression, nowMs - backMs);
    if (last === null || last > nowMs) continue;
    for (
      let next = nextSlot(expression, last);
      next !== null && next <= nowMs;
      next = nextSlot(expression, last)
    )
      last = next;
    return last;
  }
  return null;
}

/** Parsed once: a step is asked again at each change of the configuration. */
const expressions = new WeakMap<ProvisionedStep, ScheduleExpression | null>();

/** @returns null for one that another Node.js has read and this one cannot: time zones come and go with it */
function expressionOf(step: ProvisionedStep): ScheduleExpression | null {
  let expression = expressions.get(step);
  if (expression === undefined) {
    expression = readable(step);
    expressions.set(step, expression);
  }
  return expression;
}

function readable({ expression, timezone }: ProvisionedStep): ScheduleExpression | null {
  try {
    return parseSchedule(expression, { timezone });
  } catch (error) {
    if (error instanceof ScheduleError) return null;
    throw error;
  }
}
