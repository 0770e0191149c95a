/** How the sender of a webhook proves itself, as a route says it. */

export const WEBHOOK_SCHEMES = ['github', 'stripe', 'slack', 'standard', 'hmac'] as const;
export type WebhookScheme = (typeof WEBHOOK_SCHEMES)[number];

export interface Webhook {
  readonly scheme: WebhookScheme;
  /** Names of secrets, of which any may have signed: more than one while keys are changed. */
  readonly secrets: readonly string[];
  /** How far the signed time may be from ours, ms; null: the scheme signs none. */
  readonly toleranceMs: number | null;
  /** Of the scheme `hmac`: where everything is; else null. */
  readonly hmac: HmacRule | null;
}

export const HMAC_ALGORITHMS = ['sha256', 'sha1', 'sha384', 'sha512'] as const;
export const HMAC_ENCODINGS = ['hex', 'base64'] as const;

/** A signature in a header, over the body and what is put around it. Names of headers are in lower case. */
export interface HmacRule {
  readonly header: string;
  readonly algorithm: (typeof HMAC_ALGORITHMS)[number];
  readonly encoding: (typeof HMAC_ENCODINGS)[number];
  /** What stands before the signature in its header; may be empty. */
  readonly prefix: string;
  /** Where the time of signing is: seconds or milliseconds since 1970, or ISO 8601. */
  readonly timestampHeader: string | null;
  /** Where the delivery's id is; null: a delivery is known by what is signed. */
  readonly idHeader: string | null;
  /** What is signed: `{body}` once, and where they have headers `{timestamp}` and `{id}`, as they were sent. */
  readonly template: string;
}
