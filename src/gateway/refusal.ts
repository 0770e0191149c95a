/** Every way the front door says no, as an HTTP answer. The body always names the request id. */
import type { Fault, FaultCode } from '../base/index.ts';
import type { InvokeResult } from '../invoke/index.ts';
import type { Answer } from './answer.ts';

export interface Refusal {
  readonly status: number;
  readonly message: string;
  /** Further headers: name, value, name, value… */
  readonly headers?: readonly string[];
  /** The exact body, where AWS fixes it. */
  readonly body?: string;
}

/** The public learns of limits and of waiting, never of what is inside the node. */
const PUBLIC_FAULTS = {
  'access-denied': { status: 403, tell: true },
  'app-not-found': { status: 404, tell: true },
  'artifact-not-found': { status: 502, tell: false },
  'bad-request': { status: 400, tell: true },
  'concurrency-exceeded': { status: 429, tell: true },
  'credentials-expired': { status: 403, tell: true },
  'credentials-unknown': { status: 403, tell: true },
  'database-incompatible': { status: 500, tell: false },
  'database-unavailable': { status: 503, tell: false },
  'deploy-in-progress': { status: 503, tell: false },
  'event-loop': { status: 500, tell: false },
  'event-not-found': { status: 500, tell: false },
  'events-full': { status: 429, tell: true },
  forbidden: { status: 403, tell: true },
  'function-not-found': { status: 404, tell: true },
  'home-in-use': { status: 500, tell: false },
  'idempotency-answer-lost': { status: 409, tell: true },
  'idempotency-running': { status: 409, tell: true },
  'identity-exists': { status: 500, tell: false },
  'identity-in-use': { status: 500, tell: false },
  'identity-limit': { status: 500, tell: false },
  'identity-not-found': { status: 500, tell: false },
  'identity-protected': { status: 500, tell: false },
  'isolation-unavailable': { status: 500, tell: false },
  'manifest-invalid': { status: 500, tell: false },
  'media-type-unsupported': { status: 415, tell: true },
  'message-invalid': { status: 500, tell: false },
  'message-too-large': { status: 500, tell: false },
  'name-taken': { status: 500, tell: false },
  'no-capacity': { status: 503, tell: true },
  'node-not-running': { status: 500, tell: false },
  'option-invalid': { status: 500, tell: false },
  'package-invalid': { status: 502, tell: false },
  'package-too-large': { status: 502, tell: false },
  'parameter-invalid': { status: 500, tell: false },
  'path-not-found': { status: 404, tell: true },
  'payload-too-large': { status: 413, tell: true },
  'policy-invalid': { status: 500, tell: false },
  'policy-too-large': { status: 500, tell: false },
  'port-in-use': { status: 500, tell: false },
  'provisioning-failed': { status: 500, tell: false },
  'purge-in-progress': { status: 500, tell: false },
  'queue-attribute-invalid': { status: 500, tell: false },
  'queue-exists': { status: 500, tell: false },
  'queue-not-found': { status: 500, tell: false },
  'queue-over-limit': { status: 500, tell: false },
  'queue-timeout': { status: 503, tell: true },
  'resource-conflict': { status: 500, tell: false },
  'resource-in-use': { status: 500, tell: false },
  'resource-not-found': { status: 500, tell: false },
  'revision-stale': { status: 500, tell: false },
  'role-unassumable': { status: 500, tell: false },
  'route-taken': { status: 500, tell: false },
  'runtime-unavailable': { status: 502, tell: false },
  'sandbox-failed': { status: 503, tell: false },
  'sealed-unreadable': { status: 502, tell: false },
  'schedule-limit': { status: 500, tell: false },
  'secret-not-found': { status: 502, tell: false },
  'shutting-down': { status: 503, tell: true },
  'signature-incomplete': { status: 403, tell: true },
  'signature-invalid': { status: 403, tell: true },
  'signature-missing': { status: 403, tell: true },
  'start-rate-exceeded': { status: 429, tell: true },
  unauthenticated: { status: 401, tell: true },
  'version-limit': { status: 500, tell: false },
  'version-not-found': { status: 404, tell: true },
} as const satisfies Record<FaultCode, { status: number; tell: boolean }>;

const PLAIN: Readonly<Record<number, string>> = {
  500: 'Internal Server Error',
  502: 'The function could not be run.',
  503: 'Service Unavailable',
};

/** How soon a caller may try again, in seconds, when the fault does not say. */
const RETRY_AFTER_S = 1;

export function refusalOfFault(fault: Fault): Refusal {
  const { status, tell } = PUBLIC_FAULTS[fault.code];
  const message = tell ? fault.message : (PLAIN[status] ?? 'Internal Server Error');
  if (status !== 429 && status !== 503) return { status, message };
  const waitMs = Number(fault.facts.retryAfterMs ?? RETRY_AFTER_S * 1_000);
  return { status, message, headers: ['retry-after', String(Math.max(1, Math.ceil(waitMs / 1_000)))] };
}

/**
 * How a function that failed is told to the public: nothing of its error, which is in its logs.
 *
 * @param onRoute a handler's own exception is 500 on a route (as API Gateway) and 502 at a function's host
 *   (as a function URL)
 */
export function refusalOfError(
  outcome: (InvokeResult & { kind: 'error' })['outcome'],
  onRoute: boolean,
): Refusal {
  switch (outcome) {
    case 'timeout':
      return { status: 504, message: 'The function did not answer before its timeout.' };
    case 'crash':
      return { status: 502, message: 'The function ended before it answered.' };
    case 'init-error':
      return { status: 502, message: 'The function failed to start.' };
    case 'error':
      if (onRoute) return { status: 500, message: '', body: '{"message":"Internal Server Error"}' };
      return {
        status: 502,
        message: 'Internal Server Error',
        headers: ['x-amzn-errortype', 'InternalServerErrorException'],
      };
    default:
      return outcome satisfies never;
  }
}

export function answerOfRefusal(refusal: Refusal, requestId: string): Answer {
  return {
    status: refusal.status,
    headers: ['content-type', 'application/json', ...(refusal.headers ?? [])],
    body: refusal.body ?? JSON.stringify({ message: refusal.message, requestId }),
  };
}

/** A whole HTTP/1.1 answer as text, for a connection whose request could not even be parsed. */
export function rawRefusal(refusal: Refusal, requestId: string, reason: string): string {
  const { body } = answerOfRefusal(refusal, requestId);
  return (
    `HTTP/1.1 ${refusal.status} ${reason}\r\ncontent-type: application/json\r\nx-amzn-requestid: ${requestId}\r\n` +
    `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body.toString()}`
  );
}
