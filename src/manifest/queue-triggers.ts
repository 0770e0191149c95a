/** `{ queue: … }` among a function's triggers: which messages are its events. */
import { type AppQueueTrigger, compilePattern, LIMITS, PatternError } from '../model/index.ts';
import { described, name, optional, required } from './fields.ts';
import {
  below,
  flag,
  isMap,
  kindOf,
  listOf,
  type Rule,
  record,
  report,
  type Spot,
  shown,
  text,
  whole,
} from './rules.ts';
import { duration } from './units.ts';

/** AWS's own default, and most that go without a window. */
const DEFAULT_BATCH = 10;

const batch = whole({ ...LIMITS.batchMessages, what: 'messages' });
const maxConcurrency = whole({ ...LIMITS.triggerConcurrency, what: 'batches' });

/** A pattern as it is written in YAML. */
const patternMap: Rule<string> = {
  schema: { type: 'object' },
  read(value, spot) {
    if (isMap(value)) return checked(JSON.stringify(value), spot);
    report(spot, `must be a pattern such as { body: { kind: [ order ] } }, was ${kindOf(value)}`);
    return '{}';
  },
};

const patternText: Rule<string> = text({}, (value) => wrongPattern(value));

function checked(pattern: string, spot: Spot): string {
  const wrong = wrongPattern(pattern);
  if (wrong !== null) report(spot, wrong);
  return pattern;
}

function wrongPattern(pattern: string): string | null {
  try {
    compilePattern(pattern);
    return null;
  } catch (error) {
    if (error instanceof PatternError) return `is no pattern: ${error.reason}`;
    throw error;
  }
}

const windowMs: Rule<number> = {
  ...duration(LIMITS.batchWindowMs),
  read(value, spot) {
    const found = duration(LIMITS.batchWindowMs).read(value, spot);
    if (found % 1_000 !== 0) report(spot, `${shown(value)} must be whole seconds, such as 5s`);
    return found;
  },
};

interface QueueTriggerText {
  queue: string;
  batch: number;
  window: number;
  maxConcurrency: number | null;
  filter: string[];
  partial: boolean;
  enabled: boolean;
}

const textRule = record<QueueTriggerText>(
  {
    queue: required(described(name, 'A queue of this app, by its key.')),
    batch: optional(
      described(batch, 'Messages of one invocation, at most.', { default: DEFAULT_BATCH }),
      () => DEFAULT_BATCH,
    ),
    window: optional(
      described(windowMs, 'How long a batch may wait to be full.', { default: '0s' }),
      () => 0,
    ),
    maxConcurrency: optional<number | null>(
      described(maxConcurrency, 'Invocations at once, in the whole cluster.'),
      () => null,
    ),
    filter: optional(
      described(
        listOf(patternMap, { max: LIMITS.triggerFilters, what: 'patterns' }),
        'Event patterns: a message that matches none is deleted.',
      ),
      () => [],
    ),
    partial: optional(
      described(flag, 'Whether its answer says which messages have failed (batchItemFailures).', {
        default: false,
      }),
      () => false,
    ),
    enabled: optional(described(flag, 'Whether it is given any now.', { default: true }), () => true),
  },
  { what: 'a trigger such as { queue: jobs }', across: checkWindow },
);

function checkWindow(found: Pick<QueueTriggerText, 'batch' | 'window'>, spot: Spot): void {
  if (found.batch <= DEFAULT_BATCH || found.window > 0) return;
  const message = `is ${found.batch}: more than ${DEFAULT_BATCH} need time to gather; add window: 1s`;
  report(below(spot, 'batch'), message);
}

/** As a manifest has it. */
export const queueTrigger: Rule<AppQueueTrigger> = {
  schema: textRule.schema,
  read(value, spot) {
    const { window, ...rest } = textRule.read(value, spot);
    return { ...rest, windowMs: window };
  },
};

/** As JSON has it. */
export const queueTriggerObjects: Rule<AppQueueTrigger[]> = listOf(
  record<AppQueueTrigger>(
    {
      queue: required(name),
      batch: required(batch),
      windowMs: required(whole({ ...LIMITS.batchWindowMs, what: 'ms' })),
      maxConcurrency: required<number | null>({
        ...maxConcurrency,
        read: (value, spot) => (value === null ? null : maxConcurrency.read(value, spot)),
      }),
      filter: required(listOf(patternText, { max: LIMITS.triggerFilters, what: 'patterns' })),
      partial: required(flag),
      enabled: required(flag),
    },
    {
      what: 'a trigger',
      across: ({ batch, windowMs: window }, spot) => checkWindow({ batch, window }, spot),
    },
  ),
  { max: LIMITS.triggersPerFunction, what: 'triggers' },
);
