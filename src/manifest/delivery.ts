/**
 * `retries`, `maxAge`, `destinations` and `deadLetter`: what happens to events that a function is given and nobody
 * waits for. Functions are named by key or in full, queues by key or ARN.
 */
import { type EventSettings, LIMITS, parseFunctionReference, parseQueueArn } from '../model/index.ts';
import { described, optional } from './fields.ts';
import { below, type Field, type Rule, record, report, type Spot, shown, text, whole } from './rules.ts';
import { duration } from './units.ts';

export interface DestinationText {
  function: string | null;
  queue: string | null;
}

export interface DeliveryText {
  retries: number | null;
  maxAge: number | null;
  destinations: { success: DestinationText | null; failure: DestinationText | null };
  deadLetter: string | null;
}

const isQueue = (value: string) => parseQueueArn(value) !== null;

const functionName = text({ examples: ['mail'] }, (name) =>
  /^[a-zA-Z0-9_-]{1,64}$/.test(name) ? null : `${shown(name)} is not the key or name of a function`,
);
const queueName = text({ examples: ['failed'] }, (name) =>
  /^[a-zA-Z0-9_-]{1,80}$/.test(name) || (isQueue(name) && !name.endsWith('.fifo'))
    ? null
    : `${shown(name)} is not the key of a queue of this app, nor the ARN of another that keeps no order`,
);

const destination = record<DestinationText>(
  {
    function: optional<string | null>(described(functionName, 'A function, by key or name.'), () => null),
    queue: optional<string | null>(
      described(queueName, 'A queue of this app, by key; or an ARN.'),
      () => null,
    ),
  },
  {
    what: 'a destination such as { queue: failed } or { function: mail }',
    later: ['topic', 'bus', 'bucket'],
    across(found, spot) {
      if ((found.function === null) === (found.queue === null) && spot.problems.length === 0)
        report(spot, 'names `function` or `queue`, one of the two');
    },
  },
);

const destinations = record<DeliveryText['destinations']>(
  {
    success: optional<DestinationText | null>(
      described(destination, 'Who is told what an event led to.'),
      () => null,
    ),
    failure: optional<DestinationText | null>(
      described(destination, 'Who is told of an event that failed for good.'),
      () => null,
    ),
  },
  { what: 'a map such as { failure: { queue: failed } }' },
);

const retries = whole({ ...LIMITS.eventRetries, what: 'retries' });

/** The keys of a function. */
export const deliveryFields: { readonly [Key in keyof DeliveryText]: Field<DeliveryText[Key]> } = {
  retries: optional<number | null>(
    described(retries, 'How often a failed event is run again.', { default: LIMITS.eventRetries.default }),
    () => null,
  ),
  maxAge: optional<number | null>(
    described(duration(LIMITS.eventAgeMs), 'How old an event may become.', { default: '6h' }),
    () => null,
  ),
  destinations: optional(described(destinations, 'Who is told what became of an event.'), () => ({
    ...{ success: null, failure: null },
  })),
  deadLetter: optional<string | null>(
    described(queueName, 'The queue that gets an event which failed for good.'),
    () => null,
  ),
};

/** How names of the manifest become ARNs. */
export interface Names {
  readonly functionArn: (name: string) => string;
  readonly queueArn: (name: string) => string;
}

/** @returns null: nothing is said */
export function eventSettings(found: DeliveryText, names: Names): EventSettings | null {
  const { retries: again, maxAge, deadLetter } = found;
  const { success, failure } = found.destinations;
  if ([again, maxAge, deadLetter, success, failure].every((one) => one === null)) return null;
  const arnOf = (one: DestinationText | null) => {
    if (one === null) return null;
    return one.queue === null ? names.functionArn(one.function ?? '') : names.queueArn(one.queue);
  };
  return {
    ...{ retries: again, maxAgeMs: maxAge, onSuccess: arnOf(success), onFailure: arnOf(failure) },
    deadLetter: deadLetter === null ? null : names.queueArn(deadLetter),
  };
}

const arn = (isOne: (value: string) => boolean, what: string): Rule<string | null> => ({
  schema: { type: ['string', 'null'] },
  read(value, spot) {
    if (value === null || (typeof value === 'string' && isOne(value))) return value;
    report(spot, `must be the ARN of ${what}, or null, was ${shown(String(value))}`);
    return null;
  },
});
const isFunction = (value: string) => value.startsWith('arn:') && parseFunctionReference(value) !== null;
const target = arn((value) => isQueue(value) || isFunction(value), 'a function or a queue');

function orNull(rule: Rule<number>): Rule<number | null> {
  return { schema: rule.schema, read: (value, spot) => (value === null ? null : rule.read(value, spot)) };
}

/** As JSON has it. */
export const eventSettingsObject: Rule<EventSettings> = record<EventSettings>(
  {
    retries: optional<number | null>(orNull(retries), () => null),
    maxAgeMs: optional<number | null>(orNull(whole({ ...LIMITS.eventAgeMs, what: 'ms' })), () => null),
    onSuccess: optional<string | null>(target, () => null),
    onFailure: optional<string | null>(target, () => null),
    deadLetter: optional<string | null>(arn(isQueue, 'a queue'), () => null),
  },
  { what: 'what happens to events' },
);

interface Told {
  readonly app: string;
  readonly functions: ReadonlyMap<string, DeliveryText>;
}

/** Functions that tell each other of every success, or of every failure, would do so without end. */
export function checkLoops({ app, functions }: Told, spot: Spot): void {
  const keyOf = (name: string) => (functions.has(name) ? name : name.slice(app.length + 1));
  for (const side of ['success', 'failure'] as const) {
    const next = (key: string) => {
      const name = functions.get(key)?.destinations[side]?.function;
      return name == null ? undefined : keyOf(name);
    };
    for (const key of functions.keys()) {
      const seen = new Set<string>();
      let at = next(key);
      while (at !== undefined && at !== key && !seen.has(at)) at = next(seen.add(at) && at);
      if (at !== key) continue;
      const place = ['functions', key, 'destinations', side, 'function'].reduce<Spot>(below, spot);
      report(place, 'leads back to the function itself: its events would lead to events without end');
    }
  }
}
