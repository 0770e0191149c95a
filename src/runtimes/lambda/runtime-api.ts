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
import type { Answer, FunctionError, GuestGone, Work } from '../guest.ts';
import { answerStream, StreamBroken, streamTooLarge } from './answer-stream.ts';
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

export interface RuntimeApi {
  /** Resolves at the first `next` (null), or with the error that the runtime reported instead. */
  readonly initialised: Promise<FunctionError | null>;
  /** One at a time; see Guest.invoke. */
  invoke(work: Work): Promise<Answer>;
  /** @returns whether the path is one of the Runtime API */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
  /** What is pending rejects with `why`. Idempotent. */
  close(why: GuestGone): void;
}

export function runtimeApi(): RuntimeApi {
  let state: ApiState = 'starting';
  let poll: ServerResponse | null = null;
  let current: { work: Work; waiter: Waiter } | null = null;
  let endStream: ((why: GuestGone) => void) | null = null;
  let gone: GuestGone | null = null;
  const init = Promise.withResolvers<FunctionError | null>();
  init.promise.catch(() => {});

  function move(event: ApiEvent): boolean {
    const to = step(state, event);
    if (to !== null) state = to;
    return to !== null;
  }

  function onNext(response: ServerResponse) {
    if (!move('next')) return refuse(response, 'Ready');
    init.resolve(null);
    if (current !== null) return sendWork(response, current.work);
    // Its answer can no longer be told apart from the new one's.
    poll?.destroy();
    poll = response;
    response.once('close', () => {
      if (poll !== response) return;
      poll = null;
      if (gone === null) move('pollLost');
    });
  }

  function onInitError(request: IncomingMessage, response: ServerResponse) {
    if (!move('initError')) return refuse(response, 'InitError');
    collect(request, (body) => {
      init.resolve(functionError(request, body ?? Buffer.from('{}')));
      accept(response);
    });
  }

  function onAnswer(request: IncomingMessage, response: ServerResponse, path: RegExpExecArray) {
    const isError = path[2] === 'error';
    if (state !== 'running')
      return refuse(response, isError ? 'InvocationErrorResponse' : 'InvocationResponse');
    if (path[1] !== current?.work.requestId)
      return sendError(response, 400, 'InvalidRequestID', 'Invalid request ID');
    const mode = request.headers[MODE];
    move('answer');
    if (isError)
      return buffered(request, response, (body) => ({ kind: 'error', error: functionError(request, body) }));
    if (mode === 'streaming') return streamed(request, response);
    if (mode !== undefined) return invalidMode(request, response);
    buffered(request, response, (payload) => ({ kind: 'result', payload }));
  }

  /** The invocation is over; the runtime is free to ask for the next. */
  function finish(): Waiter {
    assert(current !== null, 'an answer without an invocation');
    const { waiter } = current;
    current = null;
    move('answered');
    return waiter;
  }

  function buffered(
    request: IncomingMessage,
    response: ServerResponse,
    toAnswer: (body: Buffer) => Answer,
  ): void {
    request.once('close', () => {
      if (!request.complete && gone === null && state === 'answering') move('answerLost');
    });
    collect(request, (body) => {
      if (gone !== null) return;
      const { resolve } = finish();
      if (body === null) {
        const message = `Exceeded maximum allowed payload size (${LIMITS.answerBytes} bytes).`;
        sendError(response, 413, 'RequestEntityTooLarge', message);
        return resolve({ kind: 'error', error: answerTooLarge() });
      }
      accept(response);
      resolve(toAnswer(body));
    });
  }

  function invalidMode(request: IncomingMessage, response: ServerResponse) {
    request.resume();
    const { resolve } = finish();
    sendError(response, 400, 'InvalidFunctionResponseMode', 'Invalid function response mode');
    resolve({
      kind: 'error',
      error: errorOf('Runtime.InvalidResponseModeHeader', 'Invalid function response mode'),
    });
  }

  function streamed(request: IncomingMessage, response: ServerResponse) {
    const stream = answerStream({ pause: () => request.pause(), resume: () => request.resume() });
    const ended = Promise.withResolvers<FunctionError | null>();
    ended.promise.catch(() => {});
    endStream = (why) => {
      stream.end(why);
      ended.reject(why);
    };
    function conclude(error: FunctionError | null): void {
      if (endStream === null || gone !== null) return;
      endStream = null;
      stream.end(error === null ? null : new StreamBroken(error));
      finish();
      ended.resolve(error);
    }
    request.on('data', (piece: Buffer) => stream.push(piece));
    request.once('end', () => {
      const tooLarge = stream.overflowed();
      if (tooLarge)
        sendError(response, 413, 'RequestEntityTooLarge', `A stream may have ${LIMITS.streamBytes} bytes.`);
      else accept(response);
      conclude(tooLarge ? streamTooLarge() : trailingError(request));
    });
    request.once('close', () => {
      if (!request.complete) conclude(errorOf('Runtime.TruncatedResponse', 'The stream was cut off.'));
    });
    const contentType = request.headers['content-type'] ?? 'application/octet-stream';
    current?.waiter.resolve({ kind: 'stream', contentType, body: stream.body, ended: ended.promise });
  }

  function refuse(response: ServerResponse, target: string): void {
    const message = `State transition from ${AWS_STATE[state]} to ${target} failed for runtime. Error: State transition is not allowed`;
    sendError(response, 403, 'InvalidStateTransition', message);
  }

  return {
    initialised: init.promise,
    invoke(work) {
      if (gone !== null) return Promise.reject(gone);
      return new Promise((resolve, reject) => {
        move('invoke');
        current = { work, waiter: { resolve, reject } };
        if (poll === null) return;
        const response = poll;
        poll = null;
        sendWork(response, work);
      });
    },
    handle(request, response) {
      const path = request.url ?? '';
      if (!path.startsWith(PREFIX)) return false;
      const rest = path.slice(PREFIX.length);
      const answer = request.method === 'POST' ? ANSWER_PATH.exec(rest) : null;
      if (answer !== null) onAnswer(request, response, answer);
      else if (request.method === 'GET' && rest === 'invocation/next') onNext(response);
      else if (request.method === 'POST' && rest === 'init/error') onInitError(request, response);
      else return false;
      return true;
    },
    close(why) {
      if (gone !== null) return;
      gone = why;
      init.reject(why);
      endStream?.(why);
      current?.waiter.reject(why);
      poll?.destroy();
    },
  };
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

function sendError(response: ServerResponse, status: number, errorType: string, errorMessage: string): void {
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
  const named = typeof header === 'string' && header !== '' ? header : 'Function.Unknown';
  try {
    const body = JSON.parse(payload.toString()) as { errorType?: unknown } | null;
    return { errorType: typeof body?.errorType === 'string' ? body.errorType : named, payload };
  } catch {
    return errorOf(named, payload.toString());
  }
}

function trailingError(request: IncomingMessage): FunctionError | null {
  const type = request.trailers[ERROR_TYPE];
  if (type === undefined || type === '') return null;
  const body = Buffer.from(request.trailers[ERROR_BODY] ?? '', 'base64');
  return body.length === 0 ? errorOf(type, '') : { errorType: type, payload: body };
}
