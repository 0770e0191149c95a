/** `idempotency`: what says that two deliveries are one, and for how long that is known. */
import { type IdempotencyRule, jsonPathSteps, LIMITS } from '../model/index.ts';
import { described, optional, required } from './fields.ts';
import {
  below,
  choice,
  isMap,
  kindOf,
  type Rule,
  record,
  report,
  type Spot,
  shown,
  text,
  whole,
} from './rules.ts';
import { duration } from './units.ts';

const HEADER = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;
const EXAMPLE = '"header Idempotency-Key" or "jsonpath $.id"';
const { default: DEFAULT_MS } = LIMITS.idempotencyWindowMs;

const header = text({ pattern: HEADER.source, examples: ['Idempotency-Key'] }, (name) =>
  HEADER.test(name) ? null : `${shown(name)} is not the name of a header`,
);
const jsonpath = text({ examples: ['$.detail.id'] }, (path) =>
  path.length <= 512 && jsonPathSteps(path) !== null
    ? null
    : `${shown(path)} is not a path such as $.detail.id or $.orders[0]['a b']: names and numbers, without wildcards`,
);

interface LongText {
  header: string | null;
  jsonpath: string | null;
  window: number;
}

const long = record<LongText>(
  {
    header: optional<string | null>(described(header, 'The header that holds the key.'), () => null),
    jsonpath: optional<string | null>(described(jsonpath, 'Where the key is in the event.'), () => null),
    window: optional(
      described(duration(LIMITS.idempotencyWindowMs), 'How long an answer is kept.', { default: '24h' }),
      () => DEFAULT_MS,
    ),
  },
  {
    what: `${EXAMPLE}, or a map such as { header: Idempotency-Key, window: 24h }`,
    across(found, spot) {
      const wrong = spot.problems.some(({ path }) => ['header', 'jsonpath'].includes(String(path.at(-1))));
      if (!wrong && (found.header === null) === (found.jsonpath === null))
        report(spot, 'needs `header` or `jsonpath`, one of the two');
    },
  },
);

/** As a manifest has it: a word and a name, or a map. */
export const idempotency: Rule<IdempotencyRule | null> = {
  schema: {
    oneOf: [
      { type: 'string', pattern: '^(header|jsonpath) +\\S', examples: ['header Idempotency-Key'] },
      long.schema,
    ],
  },
  read(value, spot) {
    if (typeof value === 'string') return short(value, spot);
    if (!isMap(value)) {
      report(spot, `must be ${EXAMPLE}, was ${kindOf(value)}`);
      return null;
    }
    const { header: name, jsonpath: path, window: windowMs } = long.read(value, spot);
    return name === null
      ? { from: 'jsonpath', name: path ?? '$', windowMs }
      : { from: 'header', name, windowMs };
  },
};

function short(value: string, spot: Spot): IdempotencyRule | null {
  const [, from, name = ''] = /^(header|jsonpath)\s+(\S.*)$/.exec(value.trim()) ?? [];
  if (from === 'header') return { from, name: header.read(name, spot), windowMs: DEFAULT_MS };
  if (from === 'jsonpath') return { from, name: jsonpath.read(name, spot), windowMs: DEFAULT_MS };
  report(spot, `${shown(value)} says nothing about a key; write ${EXAMPLE}`);
  return null;
}

/** As JSON has it. */
export const idempotencyObject: Rule<IdempotencyRule> = record<IdempotencyRule>(
  {
    from: required(choice(['header', 'jsonpath'], { what: 'place of a key' })),
    name: required(text({ minLength: 1, maxLength: 512 }, (name) => (name === '' ? 'is empty' : null))),
    windowMs: required(whole({ ...LIMITS.idempotencyWindowMs, what: 'ms' })),
  },
  {
    what: 'a rule for idempotency',
    across(found, spot) {
      const rule = found.from === 'header' ? header : jsonpath;
      rule.read(found.name, below(spot, 'name'));
    },
  },
);
