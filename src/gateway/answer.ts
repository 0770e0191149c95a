/**
 * What a function returned, as an HTTP answer, by AWS's rules for payload format 2.0. An object with a
 * `statusCode` describes the answer; any other JSON is the body itself, with status 200 (a string keeps its
 * quotes, as at a function URL). What can be neither is malformed.
 */

/** An answer that is complete. `content-length` and the request id are added when it is sent. */
export interface Answer {
  readonly status: number;
  /** Name, value, name, value…; names in lower case, values fit for the wire. */
  readonly headers: string[];
  readonly body: string | Buffer;
}

/** Status and headers of an answer whose body follows. */
export type AnswerHead = Omit<Answer, 'body'>;

/** The function's result cannot be made into an answer; the message says why. */
export class MalformedResult extends Error {
  override readonly name = 'MalformedResult';
}

const JSON_TYPE = ['content-type', 'application/json'] as const;

/** Headers that are ours to write, since they describe this connection and not the answer. */
const DROPPED = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-amzn-requestid',
]);

const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get through
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the border of ASCII
const NOT_ASCII = /[^\x00-\x7f]/;

/**
 * @param payload what the function returned, JSON
 * @param defaultType content type of an answer that names none: API Gateway says `text/plain; charset=utf-8`,
 *   a function URL `application/json`
 * @throws {MalformedResult}
 *
 * @example
 * answerOf(Buffer.from('{"statusCode":201,"body":"made"}'), 'application/json') // { status: 201, body: 'made', … }
 */
export function answerOf(payload: Buffer, defaultType: string): Answer {
  const text = payload.toString();
  let result: unknown;
  try {
    result = JSON.parse(text);
  } catch {
    throw new MalformedResult('it is not JSON');
  }
  if (!isObject(result) || result.statusCode === undefined) {
    return { status: 200, headers: [...JSON_TYPE], body: text };
  }
  return { ...headOf(result, defaultType), body: bodyOf(result) };
}

/**
 * Status, headers and cookies of a result or of a stream's prelude.
 *
 * @throws {MalformedResult}
 */
export function headOf(result: Record<string, unknown>, defaultType: string): AnswerHead {
  const headers: string[] = [];
  let contentType = defaultType;
  for (const [given, value] of Object.entries(objectOrNone(result.headers, 'headers'))) {
    if (value === null || value === undefined) continue;
    const name = given.toLowerCase();
    if (!TOKEN.test(name)) throw new MalformedResult(`"${given}" is no header name`);
    const text = headerValue(name, value);
    if (name === 'content-type') contentType = text;
    else if (!DROPPED.has(name)) headers.push(name, text);
  }
  headers.push('content-type', contentType);
  for (const cookie of cookiesOf(result.cookies)) headers.push('set-cookie', headerValue('cookies', cookie));
  return { status: statusOf(result.statusCode), headers };
}

/** AWS takes numbers and digits in a string. 1xx cannot be an answer. */
function statusOf(value: unknown): number {
  const status = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value;
  if (typeof status === 'number' && Number.isInteger(status) && status >= 200 && status <= 599) return status;
  throw new MalformedResult(
    `statusCode must be a whole number from 200 to 599, was ${JSON.stringify(value)}`,
  );
}

function headerValue(name: string, value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    throw new MalformedResult(`the value of "${name}" must be a string`);
  }
  const text = String(value);
  if (CONTROL.test(text)) throw new MalformedResult(`the value of "${name}" contains a control character`);
  // Node writes headers byte by byte: the bytes of UTF-8 are what a client can make sense of.
  return NOT_ASCII.test(text) ? Buffer.from(text).toString('latin1') : text;
}

function cookiesOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new MalformedResult('cookies must be a list of strings');
}

function bodyOf(result: Record<string, unknown>): string | Buffer {
  const { body } = result;
  if (body === undefined || body === null) return '';
  if (typeof body !== 'string') throw new MalformedResult('body must be a string');
  return result.isBase64Encoded === true ? fromBase64(body) : body;
}

/** Node skips what is not base64; a body that is none must not become a shorter one. */
function fromBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === base64Bytes(text)) return bytes;
  const compact = text.replace(/\s+/g, '');
  if (bytes.length === base64Bytes(compact)) return bytes;
  throw new MalformedResult('isBase64Encoded is true, but the body is not base64');
}

function base64Bytes(text: string): number {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return Math.floor(((text.length - padding) * 3) / 4);
}

function objectOrNone(value: unknown, name: string): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  if (isObject(value)) return value;
  throw new MalformedResult(`${name} must be an object`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
