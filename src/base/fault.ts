/**
 * Every way the platform can say no. `blame` decides who is told and who pays; `retry` says whether
 * the same request may succeed later. Nothing here is HTTP: each edge owns a table closed with
 * `satisfies Record<FaultCode, …>`, so a new code cannot be forgotten at any edge.
 *
 * What a function did wrong (an exception, a timeout, a crash) is not a fault: it is a result.
 */
export const FAULTS = {
  'app-not-found': { blame: 'caller', retry: false },
  'artifact-not-found': { blame: 'caller', retry: false },
  'bad-request': { blame: 'caller', retry: false },
  'concurrency-exceeded': { blame: 'caller', retry: true },
  'database-incompatible': { blame: 'caller', retry: false },
  'database-unavailable': { blame: 'platform', retry: true },
  'deploy-in-progress': { blame: 'caller', retry: true },
  forbidden: { blame: 'caller', retry: false },
  'function-not-found': { blame: 'caller', retry: false },
  'home-in-use': { blame: 'caller', retry: false },
  'isolation-unavailable': { blame: 'platform', retry: false },
  'manifest-invalid': { blame: 'caller', retry: false },
  'media-type-unsupported': { blame: 'caller', retry: false },
  'name-taken': { blame: 'caller', retry: false },
  'no-capacity': { blame: 'platform', retry: true },
  'node-not-running': { blame: 'caller', retry: true },
  'option-invalid': { blame: 'caller', retry: false },
  'package-invalid': { blame: 'caller', retry: false },
  'package-too-large': { blame: 'caller', retry: false },
  'path-not-found': { blame: 'caller', retry: false },
  'payload-too-large': { blame: 'caller', retry: false },
  'port-in-use': { blame: 'caller', retry: false },
  'provisioning-failed': { blame: 'caller', retry: false },
  'queue-timeout': { blame: 'platform', retry: true },
  'route-taken': { blame: 'caller', retry: false },
  'runtime-unavailable': { blame: 'platform', retry: false },
  'sandbox-failed': { blame: 'platform', retry: true },
  'shutting-down': { blame: 'platform', retry: true },
  'start-rate-exceeded': { blame: 'caller', retry: true },
  unauthenticated: { blame: 'caller', retry: false },
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
