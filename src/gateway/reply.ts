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

/** A refused body up to this size is read to its end, and the connection kept. */
const SMALL_BODY_BYTES = 64 * 1024;

export interface ReplyTo {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly requestId: string;
  /** Whether the caller sends its body only after a `100 Continue`. */
  readonly awaitsContinue: boolean;
}

export class Reply {
  readonly #rules: ReplyRules;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #requestId: string;
  #holdsBack: boolean;
  #also: readonly string[] | null = null;

  constructor(rules: ReplyRules, { req, res, requestId, awaitsContinue }: ReplyTo) {
    this.#rules = rules;
    this.#req = req;
    this.#res = res;
    this.#requestId = requestId;
    this.#holdsBack = awaitsContinue;
  }

  /** Headers that the answer has in any case: name, value, name, value… */
  have(headers: readonly string[]): void {
    this.#also = headers;
  }

  /** Tells a caller that waits for it to send its body. */
  invite(): void {
    if (!this.#holdsBack) return;
    this.#holdsBack = false;
    this.#res.writeContinue();
  }

  send(answer: Answer): void {
    if (this.#isOver) return;
    const { body } = answer;
    const isEmpty = hasNoBody(answer.status);
    // The length of a HEAD request's answer would be that of GET, which only the function knows.
    if (!isEmpty && !(this.#isHead && body.length === 0)) {
      answer.headers.push('content-length', String(Buffer.byteLength(body)));
    }
    this.#writeHead(answer);
    if (this.#isHead || isEmpty) this.#res.end();
    else this.#res.end(body);
  }

  refuse(refusal: Refusal): void {
    const answer = answerOfRefusal(refusal, this.#requestId);
    const bodyIsComing = hasBody(this.#req) && !this.#req.complete;
    if (bodyIsComing && this.#holdsBack) {
      answer.headers.push('connection', 'close'); // who knows whether it still comes
    } else if (bodyIsComing && declaredBytes(this.#req) > SMALL_BODY_BYTES) {
      this.#sendAndLinger(answer);
      return;
    }
    this.send(answer);
  }

  /** Sends what is left in `body`. One that breaks breaks the connection, so that it cannot pass for whole. */
  async stream(head: AnswerHead, body: Readable): Promise<void> {
    const res = this.#res;
    if (this.#isOver) {
      body.destroy();
      return;
    }
    this.#writeHead(head);
    if (this.#isHead || hasNoBody(head.status)) {
      res.end();
      body.resume();
    } else if (body.readableEnded) {
      res.end();
    } else {
      res.flushHeaders();
      await pipeline(body, res).catch(() => res.destroy());
    }
  }

  /**
   * Closing while the body is still coming would reset the connection, and the caller would see that instead
   * of the answer: so the rest is read and dropped, within bounds.
   */
  #sendAndLinger(answer: Answer): void {
    if (this.#isOver) return;
    const req = this.#req;
    const res = this.#res;
    answer.headers.push('connection', 'close', 'content-length', String(Buffer.byteLength(answer.body)));
    this.#writeHead(answer);
    if (this.#isHead) res.flushHeaders();
    else res.write(answer.body);

    let leftBytes = this.#rules.lingerBytes;
    const finish = () => {
      timer.cancel();
      res.end();
    };
    const timer = this.#rules.clock.after(this.#rules.lingerMs, finish);
    req.on('data', (chunk: Buffer) => {
      leftBytes -= chunk.length;
      if (leftBytes < 0) finish();
    });
    req.once('end', finish).once('close', finish).resume();
  }

  get #isHead(): boolean {
    return this.#req.method === 'HEAD';
  }

  get #isOver(): boolean {
    return this.#res.headersSent || this.#res.destroyed;
  }

  #writeHead({ status, headers }: AnswerHead): void {
    headers.push('x-amzn-requestid', this.#requestId);
    if (this.#also !== null) headers.push(...this.#also);
    if (this.#rules.stopping) this.#res.shouldKeepAlive = false;
    this.#res.writeHead(status, headers);
  }
}

function hasNoBody(status: number): boolean {
  return status === 204 || status === 304;
}

/** Endless when the body is chunked. */
function declaredBytes(req: IncomingMessage): number {
  return Number(req.headers['content-length'] ?? Number.POSITIVE_INFINITY);
}
