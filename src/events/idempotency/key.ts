/** The key of a delivery, as its function's rule says where it is. Pure. */
import { createHash } from 'node:crypto';
import { type IdempotencyRule, jsonPathSteps, LIMITS, valueAt } from '../../model/index.ts';

/**
 * The key of an event. Of a request over HTTP, which an event of API Gateway's shape is, a header is one of the
 * request's, and a path leads into its body.
 *
 * @param event JSON text
 * @returns null: it has none, so nothing keeps it from being run twice
 */
export function keyOfEvent(rule: IdempotencyRule, event: string | Uint8Array): string | null {
  const value = parsed(typeof event === 'string' ? event : Buffer.from(event).toString('utf8'));
  if (rule.from === 'header') return headerKey(rule.name, valueAt(value, ['headers']));
  return pathKey(rule.name, isRequest(value) ? parsed(bodyOf(value)) : value);
}

/**
 * The key of a queue's message: an attribute of the header's name, or a value in its body, which has to be JSON.
 *
 * @returns null: it has none
 */
export function keyOfMessage(
  rule: IdempotencyRule,
  message: {
    readonly body: string;
    readonly messageAttributes: Readonly<Record<string, { readonly stringValue?: string }>>;
  },
): string | null {
  if (rule.from === 'jsonpath') return pathKey(rule.name, parsed(message.body));
  const attributes = Object.entries(message.messageAttributes);
  return headerKey(
    rule.name,
    Object.fromEntries(attributes.map(([name, { stringValue }]) => [name, stringValue])),
  );
}

interface Request {
  readonly body?: unknown;
  readonly isBase64Encoded?: unknown;
}

function isRequest(value: unknown): value is Request {
  return typeof valueAt(value, ['requestContext', 'http', 'method']) === 'string';
}

function bodyOf({ body, isBase64Encoded }: Request): string {
  if (typeof body !== 'string') return '';
  return isBase64Encoded === true ? Buffer.from(body, 'base64').toString('utf8') : body;
}

function headerKey(name: string, headers: unknown): string | null {
  if (typeof headers !== 'object' || headers === null) return null;
  const wanted = name.toLowerCase();
  const found = Object.entries(headers).find(([key]) => key.toLowerCase() === wanted)?.[1];
  return typeof found === 'string' && found !== '' ? bounded(found) : null;
}

function pathKey(path: string, value: unknown): string | null {
  const found = valueAt(value, jsonPathSteps(path) ?? []);
  if (found === undefined || found === null || found === '') return null;
  return bounded(typeof found === 'string' ? found : JSON.stringify(found));
}

/** What is longer, or no text that PostgreSQL can keep, is known by its digest. */
function bounded(key: string): string {
  const plain = key.length <= LIMITS.idempotencyKeyLength && key.isWellFormed() && !key.includes('\0');
  return plain ? key : `sha256:${createHash('sha256').update(key).digest('hex')}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
