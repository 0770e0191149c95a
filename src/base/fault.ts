/**
 * Every way the platform can say no. `blame` decides who is told and who pays; `retry` says whether
 * the same request may succeed later. Nothing here is HTTP: each edge owns a table closed with
 * `satisfies Record<FaultCode, …>`, so a new code cannot be forgotten at any edge.
 *
 * What a function did wrong (an exception, a timeout, a crash) is not a fault: it is a result.
 */
export const FAULTS = {
  'access-denied': { blame: 'caller', retry: false },
  'app-not-found': { blame: 'caller', retry: false },
  'artifact-not-found': { blame: 'caller', retry: false },
  'bad-request': { blame: 'caller', retry: false },
  'concurrency-exceeded': { blame: 'caller', retry: true },
  'credentials-expired': { blame: 'caller', retry: false },
  'credentials-unknown': { blame: 'caller', retry: false },
  'database-incompatible': { blame: 'caller', retry: false },
  'database-unavailable': { blame: 'platform', retry: true },
  'deploy-in-progress': { blame: 'caller', retry: true },
  'event-loop': { blame: 'caller', retry: false },
  'event-not-found': { blame: 'caller', retry: false },
  'events-full': { blame: 'caller', retry: true },
  forbidden: { blame: 'caller', retry: false },
  'function-not-found': { blame: 'caller', retry: false },
  'home-in-use': { blame: 'caller', retry: false },
  'idempotency-answer-lost': { blame: 'caller', retry: false },
  'idempotency-running': { blame: 'caller', retry: true },
  'identity-exists': { blame: 'caller', retry: false },
  'identity-in-use': { blame: 'caller', retry: false },
  'identity-limit': { blame: 'caller', retry: false },
  'identity-not-found': { blame: 'caller', retry: false },
  'identity-protected': { blame: 'caller', retry: false },
  'isolation-unavailable': { blame: 'platform', retry: false },
  'manifest-invalid': { blame: 'caller', retry: false },
  'media-type-unsupported': { blame: 'caller', retry: false },
  'message-invalid': { blame: 'caller', retry: false },
  'message-too-large': { blame: 'caller', retry: false },
  'name-taken': { blame: 'caller', retry: false },
  'no-capacity': { blame: 'platform', retry: true },
  'node-not-running': { blame: 'caller', retry: true },
  'option-invalid': { blame: 'caller', retry: false },
  'package-invalid': { blame: 'caller', retry: false },
  'package-too-large': { blame: 'caller', retry: false },
  'parameter-invalid': { blame: 'caller', retry: false },
  'path-not-found': { blame: 'caller', retry: false },
  'payload-too-large': { blame: 'caller', retry: false },
  'policy-invalid': { blame: 'caller', retry: false },
  'policy-too-large': { blame: 'caller', retry: false },
  'port-in-use': { blame: 'caller', retry: false },
  'provisioning-failed': { blame: 'caller', retry: false },
  'purge-in-progress': { blame: 'caller', retry: true },
  'queue-attribute-invalid': { blame: 'caller', retry: false },
  'queue-exists': { blame: 'caller', retry: false },
  'queue-not-found': { blame: 'caller', retry: false },
  'queue-over-limit': { blame: 'caller', retry: true },
  'queue-timeout': { blame: 'platform', retry: true },
  'resource-conflict': { blame: 'caller', retry: false },
  'resource-in-use': { blame: 'caller', retry: true },
  'resource-not-found': { blame: 'caller', retry: false },
  'revision-stale': { blame: 'caller', retry: false },
  'role-unassumable': { blame: 'caller', retry: false },
  'route-taken': { blame: 'caller', retry: false },
  'runtime-unavailable': { blame: 'platform', retry: false },
  'sandbox-failed': { blame: 'platform', retry: true },
  'sealed-unreadable': { blame: 'platform', retry: false },
  'schedule-limit': { blame: 'caller', retry: false },
  'secret-not-found': { blame: 'caller', retry: false },
  'shutting-down': { blame: 'platform', retry: true },
  'signature-incomplete': { blame: 'caller', retry: false },
  'signature-invalid': { blame: 'caller', retry: false },
  'signature-missing': { blame: 'caller', retry: false },
  'start-rate-exceeded': { blame: 'caller', retry: true },
  unauthenticated: { blame: 'caller', retry: false },
  'version-limit': { blame: 'caller', retry: false },
  'version-not-found': { blame: 'caller', retry: false },
} as const satisfies Record<string, { blame: 'caller' | 'platform'; retry: boolean }>;

export type FaultCode = keyof typeof FAULTS;
export type FaultFacts = Readonly<Record<string, string | number>>;

/** An expected failure. Any other error that reaches an edge is a bug and is logged as one. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: FaultCode;
  readonly facts: FaultFacts;

  /**
   * @param code stable; part of the public API and of docs/errors.md
   * @param message for a person: what happened, the value, the limit, the way out; may change
   * @param why `facts` repeats the message for machines (names carry units); `cause` keeps the chain
   */
  constructor(code: FaultCode, message: string, why: { facts?: FaultFacts; cause?: unknown } = {}) {
    super(message, { cause: why.cause });
    this.code = code;
    this.facts = why.facts ?? {};
  }

  get blame(): 'caller' | 'platform' {
    return FAULTS[this.code].blame;
  }

  get retry(): boolean {
    return FAULTS[this.code].retry;
  }
}
