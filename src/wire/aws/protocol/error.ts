/** An error as AWS means one: a code from a service's model, or one that every service may answer. */
export interface AwsErrorDetails {
  /** HTTP status; left out: what the model says of the code, else 400. */
  readonly status?: number | undefined;
  /** Further members of the error's shape, such as `Reason` or `retryAfterSeconds`. */
  readonly members?: Readonly<Record<string, unknown>> | undefined;
  /** Seconds after which to try again, as the header Retry-After. */
  readonly retryAfterSeconds?: number | undefined;
  readonly cause?: unknown;
}

/** Thrown by operations to answer with an error. Any other error than this and `Fault` is a bug. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  /** The shape's name (`NoSuchEntityException`) or the code in its model (`NoSuchEntity`). */
  readonly code: string;
  readonly status: number | undefined;
  readonly members: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: string, message: string, details: AwsErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    this.status = details.status;
    this.members = details.members ?? {};
    this.retryAfterSeconds = details.retryAfterSeconds;
  }
}
