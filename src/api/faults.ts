/** Platform refusals as HTTP, for the control API. One table, closed: a new code does not compile until it is here. */
import type { Fault, FaultCode } from '../base/index.ts';

const STATUS = {
  'access-denied': 403,
  'app-not-found': 404,
  'artifact-not-found': 404,
  'bad-request': 400,
  'concurrency-exceeded': 429,
  'credentials-expired': 403,
  'credentials-unknown': 403,
  'database-incompatible': 409,
  'database-unavailable': 503,
  'deploy-in-progress': 409,
  'event-loop': 400,
  'event-not-found': 404,
  'events-full': 429,
  forbidden: 403,
  'function-not-found': 404,
  'home-in-use': 409,
  'idempotency-answer-lost': 409,
  'idempotency-running': 409,
  'identity-exists': 409,
  'identity-in-use': 409,
  'identity-limit': 409,
  'identity-not-found': 404,
  'identity-protected': 400,
  'isolation-unavailable': 500,
  'manifest-invalid': 400,
  'media-type-unsupported': 415,
  'message-invalid': 400,
  'message-too-large': 413,
  'name-taken': 409,
  'no-capacity': 503,
  'node-not-running': 503,
  'option-invalid': 400,
  'package-invalid': 400,
  'package-too-large': 413,
  'parameter-invalid': 400,
  'path-not-found': 404,
  'payload-too-large': 413,
  'policy-invalid': 400,
  'policy-too-large': 400,
  'port-in-use': 409,
  'provisioning-failed': 422,
  'purge-in-progress': 409,
  'queue-attribute-invalid': 400,
  'queue-exists': 409,
  'queue-not-found': 404,
  'queue-over-limit': 429,
  'queue-timeout': 503,
  'resource-conflict': 409,
  'resource-in-use': 409,
  'resource-not-found': 404,
  'revision-stale': 412,
  'role-unassumable': 400,
  'route-taken': 409,
  'runtime-unavailable': 503,
  'sandbox-failed': 503,
  'sealed-unreadable': 500,
  'schedule-limit': 409,
  'secret-not-found': 404,
  'shutting-down': 503,
  'signature-incomplete': 400,
  'signature-invalid': 403,
  'signature-missing': 403,
  'start-rate-exceeded': 429,
  unauthenticated: 401,
  'version-limit': 400,
  'version-not-found': 404,
} as const satisfies Record<FaultCode, number>;

export interface HttpFault {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: {
    readonly error: { readonly code: string; readonly message: string; readonly facts: Fault['facts'] };
  };
}

/** A fault as an answer: its status, and the body that every error of this API has. */
export function httpFault(fault: Fault): HttpFault {
  const status = STATUS[fault.code];
  const headers: Record<string, string> = {};
  if (status === 429 || status === 503) headers['retry-after'] = '1';
  if (status === 401) headers['www-authenticate'] = 'Bearer';
  return {
    status,
    headers,
    body: { error: { code: fault.code, message: fault.message, facts: fault.facts } },
  };
}
