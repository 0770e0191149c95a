/**
 * What the head of a webhook says about who sent it: read before its body, and refused there when no body could
 * make it right.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { HmacRule, Webhook } from '../../model/index.ts';

/** What a sender claims. */
export interface WebhookHead {
  /** One of them must be right. */
  readonly claims: readonly Claim[];
  readonly algorithm: HmacRule['algorithm'];
  /** What is signed: this, the body, that. */
  readonly before: string;
  readonly after: string;
  /** The delivery's id, where the head has it. */
  readonly id: string | null;
}

/** A signature. The public kind is checked by a key that anybody may know. */
export interface Claim {
  readonly kind: 'hmac' | 'ed25519';
  readonly bytes: Buffer;
}

/** Why a request is no delivery of its sender, for whoever sets the webhook up. */
export interface Unproven {
  readonly unproven: string;
}

/**
 * @param nowMs wall-clock ms
 * @returns what is to be checked once the body is there, or why it need not be
 */
export function readHead(
  webhook: Webhook,
  headers: IncomingHttpHeaders,
  nowMs: number,
): WebhookHead | Unproven {
  const { scheme, hmac } = webhook;
  const said =
    scheme === 'stripe'
      ? stripeHead(headers)
      : scheme === 'standard'
        ? standardHead(headers)
        : hmacHead(scheme === 'hmac' ? (hmac as HmacRule) : NAMED[scheme], headers);
  if ('unproven' in said) return said;
  const late = webhook.toleranceMs === null ? null : wrongTime(said.time ?? '', webhook.toleranceMs, nowMs);
  return late === null ? said : { unproven: late };
}

interface Said extends WebhookHead {
  /** As it was sent; null: none is signed. */
  readonly time: string | null;
}

const GITHUB: HmacRule = {
  header: 'x-hub-signature-256',
  ...{ algorithm: 'sha256', encoding: 'hex', prefix: 'sha256=' },
  ...{ timestampHeader: null, idHeader: 'x-github-delivery', template: '{body}' },
};

const SLACK: HmacRule = {
  header: 'x-slack-signature',
  ...{ algorithm: 'sha256', encoding: 'hex', prefix: 'v0=' },
  ...{ timestampHeader: 'x-slack-request-timestamp', idHeader: null, template: 'v0:{timestamp}:{body}' },
};

const NAMED = { github: GITHUB, slack: SLACK } as const;

function hmacHead(rule: HmacRule, headers: IncomingHttpHeaders): Said | Unproven {
  const { header, algorithm, encoding, prefix, timestampHeader, idHeader, template } = rule;
  const signature = one(headers, header);
  if (signature === null) return missing(header);
  const time = timestampHeader === null ? null : one(headers, timestampHeader);
  if (timestampHeader !== null && time === null) return missing(timestampHeader);
  const id = idHeader === null ? null : one(headers, idHeader);
  if (id === null && template.includes('{id}')) return missing(idHeader as string);
  const bytes = signature.startsWith(prefix) ? decoded(signature.slice(prefix.length), encoding) : null;
  if (bytes === null) return { unproven: `${header} is not "${prefix}" and a signature in ${encoding}` };
  const [before = '', after = ''] = template
    .split('{body}')
    .map((part) =>
      part.replace(/\{timestamp\}|\{id\}/g, (name) => (name === '{id}' ? (id ?? '') : (time ?? ''))),
    );
  return { claims: [{ kind: 'hmac', bytes }], algorithm, before, after, id, time };
}

const STRIPE = 'stripe-signature';

/** `t=1700000000,v1=…,v1=…,v0=…`: one `v1` for each secret in use; `v0` is of test events only and proves nothing. */
function stripeHead(headers: IncomingHttpHeaders): Said | Unproven {
  const value = one(headers, STRIPE);
  if (value === null) return missing(STRIPE);
  const pairs = value.split(',').map((pair) => pair.trim().split('='));
  const time = pairs.find(([name]) => name === 't')?.[1];
  const claims = pairs.flatMap(([name, text = '']) => (name === 'v1' ? hmacClaim(text, 'hex') : []));
  if (time === undefined || claims.length === 0) return { unproven: `${STRIPE} lacks a "t" or a "v1"` };
  return { claims, algorithm: 'sha256', before: `${time}.`, after: '', id: null, time };
}

/** `v1,<base64>` by a shared secret, `v1a,<base64>` by a private key; several are told apart by spaces. */
function standardHead(headers: IncomingHttpHeaders): Said | Unproven {
  // Svix, of which the standard was made, has names of its own for the same.
  const family = one(headers, 'webhook-id') === null && one(headers, 'svix-id') !== null ? 'svix' : 'webhook';
  const [id, time, signatures] = ['id', 'timestamp', 'signature'].map((name) =>
    one(headers, `${family}-${name}`),
  );
  if (id == null) return missing('webhook-id');
  if (time == null) return missing(`${family}-timestamp`);
  if (signatures == null) return missing(`${family}-signature`);
  const claims = signatures.split(' ').flatMap((signature): Claim[] => {
    const [version, text = ''] = signature.split(',');
    if (version === 'v1') return hmacClaim(text, 'base64');
    const bytes = version === 'v1a' ? decoded(text, 'base64') : null;
    return bytes === null ? [] : [{ kind: 'ed25519', bytes }];
  });
  if (claims.length === 0) return { unproven: `${family}-signature has no "v1" or "v1a"` };
  return { claims, algorithm: 'sha256', before: `${id}.${time}.`, after: '', id, time };
}

/** A header that came more than once is joined by Node, and is then no signature. */
function one(headers: IncomingHttpHeaders, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

function missing(header: string): Unproven {
  return { unproven: `the header ${header} is missing` };
}

function hmacClaim(text: string, encoding: HmacRule['encoding']): Claim[] {
  const bytes = decoded(text, encoding);
  return bytes === null ? [] : [{ kind: 'hmac', bytes }];
}

/** Node skips what is not of the encoding; a signature must be nothing else. */
function decoded(text: string, encoding: HmacRule['encoding']): Buffer | null {
  const pattern = encoding === 'hex' ? /^(?:[0-9a-f]{2})+$/i : /^[A-Za-z0-9+/]+={0,2}$/;
  return pattern.test(text) ? Buffer.from(text, encoding) : null;
}

function wrongTime(text: string, toleranceMs: number, nowMs: number): string | null {
  const atMs = timeOf(text);
  if (atMs === null) return 'the time it was signed at cannot be read';
  const ageMs = nowMs - atMs;
  if (Math.abs(ageMs) <= toleranceMs) return null;
  const seconds = Math.round(Math.abs(ageMs) / 1_000);
  const when = ageMs > 0 ? 'ago' : 'in the future';
  return `it was signed ${seconds} s ${when}; at most ${toleranceMs / 1_000} s are allowed`;
}

/** Numbers from here on are milliseconds: as seconds they would be in the year 5138. */
const FIRST_MS = 100_000_000_000;

/** Seconds, milliseconds, or ISO 8601, as wall-clock ms. */
function timeOf(text: string): number | null {
  if (/^\d{1,15}(?:\.\d{1,9})?$/.test(text)) {
    const number = Number(text);
    return number < FIRST_MS ? number * 1_000 : number;
  }
  const atMs = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? null : atMs;
}
