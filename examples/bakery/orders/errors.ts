/** An error that the client caused and can act on. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: readonly { path: string; message: string }[];

  constructor(status: number, code: string, message: string, fields: ApiError['fields'] = []) {
    super(message);
    this.status = status;
    this.code = code;
    this.fields = fields;
  }
}

export function badJson(): ApiError {
  return new ApiError(400, 'bad-json', 'The body must be a JSON object.');
}

/** What the client is told: our own errors in full, anything else only that it happened. */
export function toAnswer(error: unknown): { status: number; body: unknown } {
  if (error instanceof ApiError) {
    const { status, code, message, fields } = error;
    return { status, body: { error: { code, message, ...(fields.length > 0 && { fields }) } } };
  }
  return { status: 500, body: { error: { code: 'internal', message: 'Something broke on our side.' } } };
}
