/**
 * A request at a webhook's route, from its head to what becomes of it: refused, answered here, or a delivery that
 * is to be kept.
 *
 * Never  starts anything: what is proven is handed back, to be stored as an event.
 */
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Webhook } from '../../model/index.ts';
import type { Answer } from '../answer.ts';
import type { Refusal } from '../refusal.ts';
import { readHead, type Unproven, type WebhookHead } from './head.ts';
import { challengeOf, deliveryId, isProven, messageOf } from './proof.ts';

/** Values of secrets, from memory: no request waits for the database. Declared here because the need is ours. */
export interface WebhookSecrets {
  /** @throws {Fault} `secret-not-found`, `sealed-unreadable` */
  values(wanted: {
    readonly app: string | null;
    readonly names: readonly string[];
    readonly atOnce: true;
  }): Promise<Record<string, string>>;
}

/** A delivery that was proven. */
export interface Received {
  /** UUID: the same whenever its sender sends it again. */
  readonly delivery: string;
  /** What its sender is told once it is kept. */
  readonly answer: Answer;
}

/** Where a webhook comes in. */
export interface WebhookPlace {
  readonly webhook: Webhook;
  /** Whose secrets they are, and within which a route's key is unique. */
  readonly app: string;
  readonly routeKey: string;
  readonly secrets: WebhookSecrets;
}

/** By the head alone, so that no body is read for nothing. @param nowMs wall-clock ms */
export function admitHead(
  { webhook }: WebhookPlace,
  headers: IncomingHttpHeaders,
  nowMs: number,
): WebhookHead | Refusal {
  const head = readHead(webhook, headers, nowMs);
  return 'unproven' in head ? refusalOf(head) : head;
}

/**
 * With the body.
 *
 * @returns a delivery; an answer to what is none, such as Slack's question to a new address; or a refusal
 * @throws {Fault} as `WebhookSecrets`
 */
export async function admitBody(
  { webhook, app, routeKey, secrets }: WebhookPlace,
  head: WebhookHead,
  body: Buffer,
): Promise<Received | { readonly answer: Answer } | Refusal> {
  const values = await secrets.values({ app, names: webhook.secrets, atOnce: true });
  const signed = { head, body };
  if (!isProven(webhook, signed, Object.values(values))) return refusalOf(WRONG);
  const message = messageOf(webhook, body);
  const challenge = challengeOf(webhook, message);
  if (challenge !== null) {
    return { answer: { status: 200, headers: ['content-type', 'text/plain'], body: challenge } };
  }
  const place = `${app} ${routeKey} ${webhook.scheme}`;
  // Slack takes nothing but 200 for its commands and buttons, which are forms.
  const status = webhook.scheme === 'slack' && message === null ? 200 : 202;
  return {
    delivery: uuidOf(`${place}\0${deliveryId(webhook, signed, message)}`),
    answer: { status, headers: [], body: '' },
  };
}

const WRONG: Unproven = { unproven: 'the signature is not right for this body and any of the secrets' };

function refusalOf({ unproven }: Unproven): Refusal {
  return { status: 401, message: `This is no delivery of the webhook's sender: ${unproven}.` };
}

/** The first 128 bits of a digest, in the form of a UUID. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}
