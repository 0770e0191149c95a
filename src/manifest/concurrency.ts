/** `concurrency`: the most at once, and what stands ready: a number, or a list of how many when. */
import {
  LIMITS,
  mostOf,
  type Provisioned,
  type ProvisionedPlan,
  type ProvisionedStep,
  parseSchedule,
  ScheduleError,
} from '../model/index.ts';
import { described, optional, required } from './fields.ts';
import { below, listOf, type Rule, record, report, type Spot, text, whole } from './rules.ts';
import { duration } from './units.ts';

export interface Concurrency extends Provisioned {
  reserved: number | null;
}

export const reserved = whole({ min: 0, max: LIMITS.accountConcurrency, what: 'instances' });
export const provisioned = whole({ min: 0, max: LIMITS.accountConcurrency, what: 'instances' });

/** Instances beyond what may run at once would only cost. Lambda refuses it, too. */
export function checkProvisioned(found: Concurrency, spot: Spot): void {
  if (found.reserved === null || found.provisioned <= found.reserved) return;
  const message = `is ${found.provisioned}, more than the ${found.reserved} of \`reserved\`, the most that may run at once`;
  report(below(spot, 'provisioned'), message);
}

interface StepText {
  cron: string;
  timezone: string;
  count: number;
  for: number | null;
}

const anyText = text({}, () => null);

const stepText = record<StepText>(
  {
    cron: required(
      described(anyText, "When it begins: five fields of cron, or AWS's six.", {
        examples: ['0 8 * * MON-FRI', '0 8 ? * MON-FRI *'],
      }),
    ),
    timezone: optional(
      described(anyText, 'Of `cron`: a name such as Europe/Berlin.', { default: 'UTC' }),
      () => 'UTC',
    ),
    count: required(described(provisioned, 'Instances that stand ready from then on.')),
    for: optional<number | null>(
      described(duration(LIMITS.provisionedForMs), 'How long; without it, until another entry begins.'),
      () => null,
    ),
  },
  { what: 'an entry', across: (found, spot) => checkStep(stepOf(found), { spot, at: 'cron' }) },
);

/** At most one number, which counts while no entry lasts. */
const listText: Rule<ProvisionedPlan> = {
  schema: {
    type: 'array',
    items: { anyOf: [provisioned.schema, stepText.schema] },
    maxItems: LIMITS.provisionedSteps + 1,
  },
  read(value, spot) {
    const list = value as readonly unknown[];
    const steps: ProvisionedStep[] = [];
    const bases: number[] = [];
    for (const [index, item] of list.entries()) {
      const at = below(spot, index);
      if (typeof item === 'number') bases.push(provisioned.read(item, at));
      else steps.push(stepOf(stepText.read(item, at)));
    }
    if (bases.length > 1)
      report(spot, `has ${bases.length} numbers; one is enough: it counts while no entry lasts`);
    if (steps.length === 0)
      report(spot, 'has no entry with `cron`; a number that always counts needs no list');
    if (steps.length > LIMITS.provisionedSteps)
      report(spot, `has ${steps.length} entries; at most ${LIMITS.provisionedSteps} are allowed`);
    return { base: bases[0] ?? 0, steps };
  },
};

const provisionedText: Rule<number | ProvisionedPlan> = {
  schema: { anyOf: [provisioned.schema, listText.schema] },
  read: (value, spot) => (Array.isArray(value) ? listText : provisioned).read(value, spot),
};

interface ConcurrencyText {
  reserved: number | null;
  provisioned: number | ProvisionedPlan;
}

const written = record<ConcurrencyText>(
  {
    reserved: optional<number | null>(
      described(reserved, 'The most at once, and kept free for it.'),
      () => null,
    ),
    provisioned: optional<number | ProvisionedPlan>(
      described(
        provisionedText,
        'Instances that are initialised before the first request: how many, or how many when.',
        { default: 0 },
      ),
      () => 0,
    ),
  },
  {
    what: 'a map',
    later: ['perInstance', 'min', 'max'],
    across: (found, spot) => checkProvisioned(concurrencyOf(found), spot),
  },
);

/** As a manifest has it. */
export const concurrency: Rule<Concurrency> = {
  schema: written.schema,
  read: (value, spot) => concurrencyOf(written.read(value, spot)),
};

const stepObject = record<ProvisionedStep>(
  {
    expression: required(anyText),
    timezone: required(anyText),
    count: required(provisioned),
    forMs: required<number | null>({
      schema: { type: ['integer', 'null'] },
      read: (value, spot) =>
        value === null ? null : whole({ ...LIMITS.provisionedForMs, what: 'ms' }).read(value, spot),
    }),
  },
  { what: 'an entry', across: (found, spot) => checkStep(found, { spot, at: 'expression' }) },
);

/** As the JSON of an app has it. */
export const provisionedPlan = record<ProvisionedPlan>(
  {
    base: required(provisioned),
    steps: required(listOf(stepObject, { max: LIMITS.provisionedSteps, what: 'entries' })),
  },
  { what: 'a plan' },
);

function concurrencyOf({ reserved, provisioned }: ConcurrencyText): Concurrency {
  if (typeof provisioned === 'number') return { reserved, provisioned };
  return { reserved, provisioned: mostOf(provisioned), provisionedPlan: provisioned };
}

function stepOf({ cron, timezone, count, for: forMs }: StepText): ProvisionedStep {
  const expression = cron.startsWith('cron(') ? cron : `cron(${cron})`;
  return { expression, timezone, count, forMs };
}

/** @param where.at the key that has the expression */
function checkStep(step: ProvisionedStep, { spot, at }: { spot: Spot; at: string }): void {
  if (!step.expression.startsWith('cron(')) {
    report(below(spot, at), 'must be cron(…): what stands ready follows no other expression');
    return;
  }
  try {
    parseSchedule(step.expression, { timezone: step.timezone });
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error;
    report(below(spot, error.about === 'timezone' ? 'timezone' : at), error.message);
  }
}
