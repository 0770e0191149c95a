/**
 * Our side of the Lambda Runtime API, version 2018-06-01, for one instance.
 *
 * Owns   the open `next`, the invocation in progress, and where the runtime is (runtime-state.ts).
 * Never  believes the guest beyond the table: a wrong id is 400, a wrong moment 403, too much 413,
 *        each with AWS's body, and none of them harms the invocation in progress.
 */
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { LIMITS } from '../../model/index.ts';
import {
  type Answer,
  errorTypeOf,
  type FunctionError,
  type GuestGone,
  NotBegun,
  type Work,
} from '../guest.ts';
import { AnswerStream, StreamBroken, streamTooLarge } from './answer-stream.ts';
import { type ApiEvent, type ApiState, AWS_STATE, step } from './runtime-state.ts';

const PREFIX = '/2018-06-01/runtime/';
const ANSWER_PATH = /^invocation\/([^/]+)\/(response|error)$/;
const MODE = 'lambda-runtime-function-response-mode';
const ERROR_TYPE = 'lambda-runtime-function-error-type';
const ERROR_BODY = 'lambda-runtime-function-error-body';

interface Waiter {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

export class RuntimeApi {
  #state: ApiState = 'starting';
  #poll: ServerResponse | null = null;
  #current: { readonly work: Work; readonly waiter: Waiter } | null = null;
  /** Ends the stream that is being received, if any. */
  #endStream: ((why: GuestGone) => void) | null = null;
  #gone: GuestGone | null = null;
  /** Whoever waits for the runtime to ask for work. */
  #onReady: (() => void) | null = null;
  readonly #init = Promise.withResolvers<FunctionError | null>();

  constructor() {
    this.#init.promise.catch(() => {}); // whoever waits for it is told
  }

  /** Resolves at the first `next` (null), or with the error that the runtime reported instead. */
  get initialised(): Promise<FunctionError | null> {
    return this.#init.promise;
  }

  /** One at a time; see Guest.invoke. */
  invoke(work: Work): Promise<Answer> {
    if (this.#gone !== null) return Promise.reject(this.#gone);
    return new Promise((resolve, reject) => {
      this.#move('invoke');
      this.#current = { work, waiter: { resolve, reject } };
      if (this.#poll === null) return;
      const response = this.#poll;
      this.#poll = null;
      sendWork(response, work);
    });
  }

  /** Null when the runtime asks for work already; else resolves when it does. */
  ready(): Promise<void> | null {
    if (this.#state === 'waiting' || this.#gone !== null) return null;
    return new Promise((resolve) => {
      this.#onReady = resolve;
    });
  }

  /** @returns whether the path is one of the Runtime API */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const path = request.url ?? '';
    if (!path.startsWith(PREFIX)) return false;
    const rest = path.slice(PREFIX.length);
    const answer = request.method === 'POST' ? ANSWER_PATH.exec(rest) : null;
    if (answer !== null) this.#onAnswer(request, response, answer);
    else if (request.method === 'GET' && rest === 'invocation/next') this.#onNext(response);
    else if (request.method === 'POST' && rest === 'init/error') this.#onInitError(request, response);
    else return false;
    return true;
  }

  /** What is pending rejects with `why`. Idempotent. */
  close(why: GuestGone): void {
    if (this.#gone !== null) return;
    this.#gone = why;
    this.#init.reject(why);
    this.#endStream?.(why);
    const begun = this.#state !== 'due'; // else it never asked for it
    this.#current?.waiter.reject(begun ? why : new NotBegun('the guest ended before it asked for work'));
    this.#poll?.destroy();
  }

  #move(event: ApiEvent): boolean {
    const to = step(this.#state, event);
    if (to !== null) this.#state = to;
    return to !== null;
  }

  #onNext(response: ServerResponse) {
    if (!this.#move('next')) return this.#refuse(response, 'Ready');
    this.#init.resolve(null);
    if (this.#current !== null) return sendWork(response, this.#current.work);
    // The work can only go to one of them, and the older one may be a connection that was given up.
    this.#poll?.destroy();
    this.#poll = response;
    this.#onReady?.();
    this.#onReady = null;
    response.once('close', () => {
      if (this.#poll !== response) return;
      this.#poll = null;
      if (this.#gone === null) this.#move('pollLost');
    });
  }

  #onInitError(request: IncomingMessage, response: ServerResponse) {
    if (!this.#move('initError')) return this.#refuse(response, 'InitError');
    collect(request, (body) => {
      this.#init.resolve(functionError(request, body ?? Buffer.from('{}')));
      accept(response);
    });
  }

  #onAnswer(request: IncomingMessage, response: ServerResponse, path: RegExpExecArray) {
    const isError = path[2] === 'error';
    const target = isError ? 'InvocationErrorResponse' : 'InvocationResponse';
    if (this.#state !== 'running') return this.#refuse(response, target);
    if (path[1] !== this.#current?.work.requestId) {
      return sendError(response, 400, { errorType: 'InvalidRequestID', errorMessage: 'Invalid request ID' });
    }
    const mode = request.headers[MODE];
    this.#move('answer');
    if (isError) {
      return this.#buffered(request, response, (body) => ({
        kind: 'error',
        error: functionError(request, body),
      }));
    }
    if (mode === 'streaming') return this.#streamed(request, response);
    if (mode !== undefined) return this.#invalidMode(request, response);
    this.#buffered(request, response, (payload) => ({ kind: 'result', payload }));
  }

  /** The invocation is over; the runtime is free to ask for the next. */
  #finish(): Waiter {
    assert(this.#current !== null, 'an answer without an invocation');
    const { waiter } = this.#current;
    this.#current = null;
    this.#move('answered');
    return waiter;
  }

  #buffered(request: IncomingMessage, response: ServerResponse, toAnswer: (body: Buffer) => Answer) {
    request.once('close', () => {
      // Cut off: the runtime may send it again.
      if (!request.complete && this.#gone === null && this.#state === 'answering') this.#move('answerLost');
    });
    collect(request, (body) => {
      if (this.#gone !== null) return;
      const { resolve } = this.#finish();
      if (body === null) {
        const message = `Exceeded maximum allowed payload size (${LIMITS.answerBytes} bytes).`;
        sendError(response, 413, { errorType: 'RequestEntityTooLarge', errorMessage: message });
        resolve({ kind: 'error', error: answerTooLarge() });
      } else {
        accept(response);
        resolve(toAnswer(body));
      }
    });
  }

  #invalidMode(request: IncomingMessage, response: ServerResponse) {
    request.resume();
    const { resolve } = this.#finish();
    const message = 'Invalid function response mode';
    sendError(response, 400, { errorType: 'InvalidFunctionResponseMode', errorMessage: message });
    resolve({ kind: 'error', error: errorOf('Runtime.InvalidResponseModeHeader', message) });
  }

  #streamed(request: IncomingMessage, response: ServerResponse) {
    const stream = new AnswerStream(request);
    const ended = Promise.withResolvers<FunctionError | null>();
    ended.promise.catch(() => {}); // a caller may not care
    this.#endStream = (why) => {
      stream.end(why);
      ended.reject(why);
    };
    const conclude = (error: FunctionError | null) => {
      if (this.#endStream === null || this.#gone !== null) return;
      this.#endStream = null;
      stream.end(error === null ? null : new StreamBroken(error));
      this.#finish();
      ended.resolve(error);
    };
    request.on('data', (piece: Buffer) => stream.push(piece));
    request.once('end', () => {
      const error = stream.overflowed ? streamTooLarge() : trailingError(request);
      const message = `Exceeded maximum allowed payload size (${LIMITS.streamBytes} bytes).`;
      if (stream.overflowed)
        sendError(response, 413, { errorType: 'RequestEntityTooLarge', errorMessage: message });
      else accept(response);
      conclude(error);
    });
    request.once('close', () => {
      if (!request.complete) conclude(errorOf('Runtime.TruncatedResponse', 'The stream was cut off.'));
    });
    const contentType = request.headers['content-type'] ?? 'application/octet-stream';
    this.#current?.waiter.resolve({ kind: 'stream', contentType, body: stream.body, ended: ended.promise });
  }

  #refuse(response: ServerResponse, target: string): void {
    const message = `State transition from ${AWS_STATE[this.#state]} to ${target} failed for runtime. Error: State transition is not allowed`;
    sendError(response, 403, { errorType: 'InvalidStateTransition', errorMessage: message });
  }
}

/** Gives `done` the whole body, or null when it is longer than an answer may be. */
function collect(request: IncomingMessage, done: (body: Buffer | null) => void): void {
  const pieces: Buffer[] = [];
  let length = 0;
  request.on('data', (piece: Buffer) => {
    length += piece.length;
    if (length <= LIMITS.answerBytes) pieces.push(piece);
    else pieces.length = 0;
  });
  request.once('end', () => done(length > LIMITS.answerBytes ? null : Buffer.concat(pieces, length)));
}

function sendWork(response: ServerResponse, work: Work): void {
  const headers: Record<string, string | number> = {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(work.event),
    'Lambda-Runtime-Aws-Request-Id': work.requestId,
    'Lambda-Runtime-Deadline-Ms': Math.floor(work.deadlineMs),
    'Lambda-Runtime-Invoked-Function-Arn': work.functionArn,
  };
  if (work.traceId !== null) headers['Lambda-Runtime-Trace-Id'] = headerSafe(work.traceId);
  if (work.clientContext !== null) headers['Lambda-Runtime-Client-Context'] = headerSafe(work.clientContext);
  response.writeHead(200, headers);
  response.end(work.event);
}

/** JSON stays the same JSON: what a header cannot carry is escaped, and line ends become spaces. */
function headerSafe(text: string): string {
  const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return text.replace(/[\r\n\t]/g, ' ').replace(/[^\x20-\x7e]/g, escaped);
}

function accept(response: ServerResponse) {
  send(response, 202, '{"status":"OK"}\n');
}

function sendError(
  response: ServerResponse,
  status: number,
  { errorType, errorMessage }: { errorType: string; errorMessage: string },
): void {
  send(response, status, `${JSON.stringify({ errorMessage, errorType })}\n`);
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
}

function errorOf(errorType: string, errorMessage: string): FunctionError {
  return { errorType, payload: Buffer.from(JSON.stringify({ errorType, errorMessage })) };
}

function answerTooLarge(): FunctionError {
  const limit = LIMITS.answerBytes;
  const message = `Response payload size exceeded maximum allowed payload size (${limit} bytes).`;
  return errorOf('Function.ResponseSizeTooLarge', message);
}

/** What the runtime reported: its body as it is, if it is JSON, and the type that the body or a header names. */
function functionError(request: IncomingMessage, payload: Buffer): FunctionError {
  const header = request.headers[ERROR_TYPE];
  const named = errorTypeOf(typeof header === 'string' && header !== '' ? header : 'Function.Unknown');
  try {
    const body = JSON.parse(payload.toString()) as { errorType?: unknown } | null;
    return { errorType: typeof body?.errorType === 'string' ? errorTypeOf(body.errorType) : named, payload };
  } catch {
    return errorOf(named, payload.toString());
  }
}

function trailingError(request: IncomingMessage): FunctionError | null {
  const named = request.trailers[ERROR_TYPE];
  if (named === undefined || named === '') return null;
  const type = errorTypeOf(named);
  const body = Buffer.from(request.trailers[ERROR_BODY] ?? '', 'base64');
  return body.length === 0 ? errorOf(type, '') : { errorType: type, payload: body };
}
