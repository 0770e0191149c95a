/** `{ route: "POST /pay", webhook: stripe, secret: STRIPE_KEY }`: how a route knows who sent a request. */
import {
  HMAC_ALGORITHMS,
  HMAC_ENCODINGS,
  type HmacRule,
  LIMITS,
  WEBHOOK_SCHEMES,
  type Webhook,
  type WebhookScheme,
} from '../model/index.ts';
import { optional, required } from './fields.ts';
import { nearest } from './nearest.ts';
import { secrets } from './rights.ts';
import {
  below,
  choice,
  type Field,
  isMap,
  kindOf,
  type Rule,
  record,
  report,
  type Spot,
  shown,
  text,
} from './rules.ts';
import { duration } from './units.ts';

/** The keys of such a route beside `route`. */
export interface WebhookText {
  readonly webhook: Scheme;
  readonly secret: readonly string[];
  /** null: not said. */
  readonly tolerance: number | null;
}

type Scheme = Pick<Webhook, 'scheme' | 'hmac'>;

const header = text({ pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$", examples: ['X-Signature'] }, (value) =>
  /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/.test(value) ? null : `${shown(value)} is not the name of a header`,
);

const prefix = text({ maxLength: 50 }, (value) =>
  /^[\x21-\x7e]{0,50}$/.test(value) ? null : `${shown(value)} must be at most 50 visible ASCII characters`,
);

const template = text({ maxLength: 200, examples: ['{timestamp}.{body}'] }, (value) => {
  if (value.length > 200) return `is ${value.length} characters long; at most 200 are allowed`;
  const [odd] = value.match(/\{[^}]*\}?/g)?.filter((part) => !PARTS.includes(part)) ?? [];
  if (odd !== undefined) return `${shown(odd)} is nothing that is signed; there are ${PARTS.join(', ')}`;
  return value.split('{body}').length === 2 ? null : `${shown(value)} must contain {body} once`;
});
const PARTS = ['{body}', '{timestamp}', '{id}'];

interface HmacText extends Omit<HmacRule, 'template'> {
  /** Empty: as the headers have it. */
  readonly template: string;
}

const hmacRule = record<HmacText>(
  {
    header: required(header),
    algorithm: optional(choice(HMAC_ALGORITHMS, { what: 'algorithm' }), () => 'sha256'),
    encoding: optional(choice(HMAC_ENCODINGS, { what: 'encoding' }), () => 'hex'),
    prefix: optional(prefix, () => ''),
    timestampHeader: optional<string | null>(header, () => null),
    idHeader: optional<string | null>(header, () => null),
    template: optional(template, () => ''),
  },
  { what: 'a map such as { header: X-Signature }', across: checkTemplate },
);

/** What no signature covers proves nothing. */
function checkTemplate({ template: given, timestampHeader, idHeader }: HmacText, spot: Spot): void {
  if (given === '') return;
  const at = below(spot, 'template');
  const signsTime = given.includes('{timestamp}');
  if (signsTime && timestampHeader === null)
    report(at, 'has {timestamp}; say where it is: `timestampHeader`');
  if (!signsTime && timestampHeader !== null)
    report(at, 'must contain {timestamp}: a time that is not signed can be forged');
  if (given.includes('{id}') && idHeader === null) report(at, 'has {id}; say where it is: `idHeader`');
}

function toHmac(found: HmacText): HmacRule {
  const whole = found.timestampHeader === null ? '{body}' : '{timestamp}.{body}';
  const lower = (name: string | null) => name?.toLowerCase() ?? null;
  return {
    ...found,
    header: found.header.toLowerCase(),
    timestampHeader: lower(found.timestampHeader),
    idHeader: lower(found.idHeader),
    template: found.template === '' ? whole : found.template,
  };
}

const NAMED = WEBHOOK_SCHEMES.filter((name) => name !== 'hmac');
const HMAC_EXAMPLE = '{ hmac: { header: X-Signature } }';

/** A word, or `{ hmac: { … } }`. */
const scheme: Rule<Scheme> = {
  schema: {
    oneOf: [
      { enum: NAMED },
      {
        type: 'object',
        properties: { hmac: hmacRule.schema },
        required: ['hmac'],
        additionalProperties: false,
      },
    ],
  },
  read(value, spot) {
    const word = NAMED.find((name) => name === value);
    if (word !== undefined) return { scheme: word, hmac: null };
    if (isMap(value) && Object.keys(value).join() === 'hmac') {
      return { scheme: 'hmac', hmac: toHmac(hmacRule.read(value.hmac, below(spot, 'hmac'))) };
    }
    const allowed = `allowed: ${NAMED.join(', ')}, or ${HMAC_EXAMPLE}`;
    const meant = typeof value === 'string' ? nearest(value, NAMED) : null;
    const what = typeof value === 'string' ? `unknown webhook ${shown(value)}` : `was ${kindOf(value)}`;
    report(spot, `${what}; ${allowed}${meant === null ? '' : `; did you mean \`${meant}\`?`}`);
    return { scheme: 'github', hmac: null };
  },
};

/** One name, or a list of them. */
const secretNames: Rule<readonly string[]> = {
  schema: {
    oneOf: [{ type: 'string' }, { ...secrets.schema, minItems: 1, maxItems: LIMITS.webhookSecrets }],
  },
  read(value, spot) {
    const names = Array.isArray(value) ? value : [value];
    if (names.length === 0 || names.length > LIMITS.webhookSecrets) {
      report(spot, `must name 1 to ${LIMITS.webhookSecrets} secrets, was a list of ${names.length}`);
      return [];
    }
    if (Array.isArray(value)) return secrets.read(value, spot);
    return [one.read(value, spot)];
  },
};
const one: Rule<string> = {
  schema: {},
  read(value, spot) {
    const inner: Spot = { ...spot, problems: [] };
    const [name = ''] = secrets.read([value], inner);
    for (const { message } of inner.problems) report(spot, message);
    return name;
  },
};

export const webhookFields: { readonly [K in keyof WebhookText]: Field<WebhookText[K]> } = {
  webhook: required(scheme),
  secret: required(secretNames),
  tolerance: optional<number | null>(duration(LIMITS.webhookToleranceMs), () => null),
};

/** Whether the sender says when it signed. */
function signsTime({ scheme: name, hmac }: Scheme): boolean {
  return name === 'hmac' ? hmac?.timestampHeader !== null : name !== 'github';
}

export function checkWebhook({ webhook, tolerance }: WebhookText, spot: Spot): void {
  if (tolerance === null || signsTime(webhook)) return;
  const why =
    webhook.scheme === 'hmac'
      ? 'without `timestampHeader` no time is signed'
      : `${webhook.scheme} signs no time`;
  report(below(spot, 'tolerance'), `has no meaning here: ${why}; leave it out`, 'key');
}

export function toWebhook({ webhook, secret, tolerance }: WebhookText): Webhook {
  const toleranceMs = signsTime(webhook) ? (tolerance ?? LIMITS.webhookToleranceMs.default) : null;
  return { ...webhook, secrets: secret, toleranceMs };
}

/** What JSON carries, as a manifest would have it; anything else as it is, to be refused. */
export function webhookWrittenBack(value: unknown): unknown {
  if (!isMap(value)) return { webhook: value };
  const { scheme: name, secrets: secret, toleranceMs, hmac } = value;
  const rules = isMap(hmac) ? Object.entries(hmac).filter(([, rule]) => rule !== null) : null;
  return {
    webhook: name === ('hmac' satisfies WebhookScheme) ? { hmac: rules && Object.fromEntries(rules) } : name,
    secret,
    ...(toleranceMs != null && { tolerance: `${String(toleranceMs)}ms` }),
  };
}
