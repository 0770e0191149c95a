/**
 * The answer to one request: sent once, whole or streamed, with the request id, whatever state the request's
 * body is in. A second answer to the same request is dropped: the first one stands.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../base/index.ts';
import type { Answer, AnswerHead } from './answer.ts';
import { hasBody } from './body.ts';
import { answerOfRefusal, type Refusal } from './refusal.ts';

/** How all replies of a gateway are sent. */
export interface ReplyRules {
  readonly clock: Clock;
  /** How long, and for how many bytes, a refused body is still read so that its sender sees the answer. */
  readonly lingerMs: number;
  readonly lingerBytes: number;
  /** Connections are closed after their answer. */
  stopping: boolean;
}

export interface Reply {
  send(answer: Answer): void;
  refuse(refusal: Refusal): void;
  /** Sends what is left in `body`; one that breaks breaks the connection, so that it cannot pass for the end. */
  stream(head: AnswerHead, body: Readable): Promise<void>;
  /** The caller is about to be told to send its body, so that from here on one is coming. */
  invite(): void;
}

/** A refused body up to this size is read to its end, and the connection kept. */
const SMALL_BODY_BYTES = 64 * 1024;

/** @param awaitsContinue whether the caller sends its body only after a `100 Continue` */
export function createReply(
  rules: ReplyRules,
  { req, res }: { readonly req: IncomingMessage; readonly res: ServerResponse },
  { requestId, awaitsContinue }: { readonly requestId: string; readonly awaitsContinue: boolean },
): Reply {
  let holdsBack = awaitsContinue;
  const isHead = req.method === 'HEAD';

  function writeHead({ status, headers }: AnswerHead): void {
    headers.push('x-amzn-requestid', requestId);
    if (rules.stopping) res.shouldKeepAlive = false;
    res.writeHead(status, headers);
  }

  function send(answer: Answer): void {
    if (res.headersSent || res.destroyed) return;
    const { body } = answer;
    const isEmpty = hasNoBody(answer.status);
    // A HEAD request's length would be that of GET, which only the function knows.
    if (!isEmpty && !(isHead && body.length === 0)) {
      answer.headers.push('content-length', String(Buffer.byteLength(body)));
    }
    writeHead(answer);
    if (isHead || isEmpty) res.end();
    else res.end(body);
  }

  function refuse(refusal: Refusal): void {
    const answer = answerOfRefusal(refusal, requestId);
    const bodyIsComing = hasBody(req) && !req.complete;
    if (bodyIsComing && holdsBack) {
      answer.headers.push('connection', 'close'); // who knows whether it still comes
    } else if (bodyIsComing && declaredBytes(req) > SMALL_BODY_BYTES) {
      sendAndLinger(answer);
      return;
    }
    send(answer);
  }

  /**
   * Closing while the body is still coming would reset the connection, and the caller would see that instead
   * of the answer: so the rest is read and dropped, within bounds.
   */
  function sendAndLinger(answer: Answer): void {
    if (res.headersSent || res.destroyed) return;
    answer.headers.push('connection', 'close', 'content-length', String(Buffer.byteLength(answer.body)));
    writeHead(answer);
    if (isHead) res.flushHeaders();
    else res.write(answer.body);

    let leftBytes = rules.lingerBytes;
    const timer = rules.clock.after(rules.lingerMs, finish);
    function finish(): void {
      timer.cancel();
      res.end();
    }
    req.on('data', (chunk: Buffer) => {
      leftBytes -= chunk.length;
      if (leftBytes < 0) finish();
    });
    req.once('end', finish).once('close', finish).resume();
  }

  async function stream(head: AnswerHead, body: Readable): Promise<void> {
    if (res.headersSent || res.destroyed) {
      body.destroy();
      return;
    }
    writeHead(head);
    if (isHead || hasNoBody(head.status)) {
      res.end();
      body.resume();
    } else if (body.readableEnded) {
      res.end();
    } else {
      res.flushHeaders();
      await pipeline(body, res).catch(() => res.destroy());
    }
  }

  function invite(): void {
    if (!holdsBack) return;
    holdsBack = false;
    res.writeContinue();
  }

  return { send, refuse, stream, invite };
}

function hasNoBody(status: number): boolean {
  return status === 204 || status === 304;
}

/** Endless when the body is chunked. */
function declaredBytes(req: IncomingMessage): number {
  return Number(req.headers['content-length'] ?? Number.POSITIVE_INFINITY);
}
