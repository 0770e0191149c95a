/**
 * One request, from its head to the end of its answer.
 *
 * Owns   the steps (place, body, event, invoke, answer) and what happens when one of them fails.
 * Never  decides how a function runs, retries one, or reads anything but the registry's snapshot.
 *
 * When the caller goes away, the signal given to `invoke` is aborted and whatever comes back is dropped.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Fault } from '../base/index.ts';
import type { Invocation, InvokeResult } from '../invoke/index.ts';
import type { Snapshot } from '../registry/index.ts';
import { type AnswerHead, answerOf, MalformedResult } from './answer.ts';
import { hasBody, readBody } from './body.ts';
import { buildEvent } from './event.ts';
import type { Site } from './host.ts';
import type { Peer } from './peer.ts';
import { type Refusal, refusalOfError, refusalOfFault } from './refusal.ts';
import { Reply, type ReplyRules } from './reply.ts';
import type { RouteMatch } from './router.ts';
import { openStream } from './stream.ts';
import { addedHeaders, freshTrace, parseTarget, refusalOfHead, traceOf } from './target.ts';

/** What all exchanges of a gateway share. */
export interface Desk extends ReplyRules {
  readonly invoke: (invocation: Invocation, signal: AbortSignal) => Promise<InvokeResult>;
  readonly current: () => Snapshot;
  readonly findSite: (snapshot: Snapshot, host: string) => Site | null | undefined;
  readonly peerOf: (address: string, forwardedFor?: string) => Peer;
  readonly newRequestId: () => string;
  readonly onBug: (error: unknown) => void;
  readonly protocol: 'http' | 'https';
  readonly port: string;
  /** Most bytes of one body, and of an event. */
  readonly eventBytes: number;
  /** Most bytes of all bodies that are in memory at once, and how many are. */
  readonly bufferedBytes: number;
  usedBytes: number;
}

interface Place {
  readonly site: Site;
  readonly functionName: string;
  readonly qualifier: string | null;
  readonly match: RouteMatch | null;
  readonly path: string;
  readonly query: string;
  readonly host: string;
}

export class Exchange {
  readonly requestId: string;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly reply: Reply;
  readonly #desk: Desk;
  readonly #caller = new AbortController();
  #heldBytes = 0;

  /** @param awaitsContinue whether the caller sends its body only after a `100 Continue` */
  constructor(desk: Desk, http: { req: IncomingMessage; res: ServerResponse }, awaitsContinue: boolean) {
    this.#desk = desk;
    this.requestId = desk.newRequestId();
    this.req = http.req;
    this.res = http.res;
    this.reply = new Reply(desk, { ...http, requestId: this.requestId, awaitsContinue });
  }

  /** Never rejects. */
  async run(): Promise<void> {
    try {
      await this.#serve();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#desk.usedBytes -= this.#heldBytes;
    }
  }

  /** Tells the invocation that nobody waits for its answer any more. */
  abandon(why: string): void {
    this.#caller.abort(new Error(why));
  }

  async #serve(): Promise<void> {
    const { reply } = this;
    const desk = this.#desk;
    if (desk.stopping) return reply.refuse(STOPPING);
    const place = this.#locate();
    if (place === null) return;

    let body: Buffer | null = null;
    if (hasBody(this.req)) {
      const read = await this.#read();
      if (read.kind === 'gone') return;
      if (read.kind === 'too-large') return reply.refuse(tooLarge(desk.eventBytes));
      if (read.kind === 'no-room') return reply.refuse(NO_ROOM);
      body = read.bytes;
    }

    const { event, traceId } = this.#describe(place, body);
    if (event.length * 3 > desk.eventBytes && Buffer.byteLength(event) > desk.eventBytes) {
      return reply.refuse(tooLarge(desk.eventBytes));
    }
    const { functionName, qualifier } = place;
    const invocation = {
      functionName,
      qualifier,
      event,
      requestId: this.requestId,
      traceId,
      clientContext: null,
    };
    const result = await desk.invoke(invocation, this.#caller.signal);
    await this.#deliver(result, place.match !== null);
  }

  /** Where the request goes; null when it was answered here. */
  #locate(): Place | null {
    const target = parseTarget(this.req);
    const refusal = refusalOfHead(this.req, target);
    if (refusal === 'no-content') {
      this.reply.send({ status: 204, headers: [], body: '' });
      return null;
    }
    if (refusal !== null) return this.#refused(refusal.status, refusal.message);

    const { host, path, query } = target;
    const site = this.#desk.findSite(this.#desk.current(), host);
    if (site === null) return this.#refused(400, 'The Host header is not a host name.');
    if (site === undefined) return this.#refused(404, `Nothing answers at ${JSON.stringify(host)} here.`);
    if (site.target.kind === 'function') {
      const { functionName, qualifier } = site.target;
      return { site, functionName, qualifier, match: null, path, query, host };
    }
    const method = this.req.method as string;
    const match = site.target.router(method, path);
    if (match === null) return this.#refused(404, `No route of ${site.host} matches ${method} ${path}`);
    return { site, functionName: match.functionName, qualifier: null, match, path, query, host };
  }

  #refused(status: number, message: string): null {
    this.reply.refuse({ status, message });
    return null;
  }

  #read() {
    const desk = this.#desk;
    if (Number(this.req.headers['content-length'] ?? 0) <= desk.eventBytes) this.reply.invite();
    return readBody(this.req, desk.eventBytes, (bytes) => {
      if (desk.usedBytes + bytes > desk.bufferedBytes) return false;
      desk.usedBytes += bytes;
      this.#heldBytes += bytes;
      return true;
    });
  }

  #describe(place: Place, body: Buffer | null): { event: string; traceId: string } {
    const { req } = this;
    const nowMs = this.#desk.clock.wallMs();
    const traceId = traceOf(req) ?? freshTrace(this.requestId, nowMs);
    const peer = this.#desk.peerOf(req.socket.remoteAddress ?? '', forwardedFor(req));
    const event = buildEvent({
      method: req.method as string,
      path: place.path,
      query: place.query,
      rawHeaders: req.rawHeaders,
      added: addedHeaders({ req, peer, traceId, host: place.host, desk: this.#desk, body }),
      sourceIp: peer.sourceIp,
      httpVersion: req.httpVersion,
      requestId: this.requestId,
      nowMs,
      body,
      contextHead: place.site.contextHead,
      match: place.match,
    });
    return { event, traceId };
  }

  #deliver(result: InvokeResult, onRoute: boolean): void | Promise<void> {
    switch (result.kind) {
      case 'result':
        return this.reply.send(
          answerOf(result.payload, onRoute ? 'text/plain; charset=utf-8' : 'application/json'),
        );
      case 'error':
        return this.reply.refuse(refusalOfError(result.outcome, onRoute));
      case 'stream':
        result.report.catch(() => {}); // invoke's to handle; here only the bytes matter
        return this.#stream(result);
      default:
        return result satisfies never;
    }
  }

  async #stream({ body, contentType, report }: Extract<InvokeResult, { kind: 'stream' }>): Promise<void> {
    body.on('error', () => {}); // what awaits the stream hears of it; unheard it would end the process
    let head: AnswerHead;
    try {
      head = await openStream(body, contentType);
    } catch (error) {
      body.destroy();
      if (error instanceof MalformedResult) throw error;
      const { outcome } = await report;
      return this.reply.refuse(refusalOfError(outcome === 'timeout' ? 'timeout' : 'crash', false));
    }
    return this.reply.stream(head, body);
  }

  #fail(error: unknown): void {
    if (this.#caller.signal.aborted || this.res.headersSent) {
      this.res.destroy();
    } else if (error instanceof MalformedResult) {
      this.#refused(502, `The function's answer is malformed: ${error.message}.`);
    } else if (error instanceof Fault) {
      this.reply.refuse(refusalOfFault(error));
    } else {
      this.#desk.onBug(error);
      this.#refused(500, 'Internal Server Error');
    }
  }
}

const NO_ROOM: Refusal = {
  status: 503,
  message: 'The node is receiving more request bodies than it can hold. Try again soon.',
  headers: ['retry-after', '1'],
};

const STOPPING: Refusal = {
  status: 503,
  message: 'This node is stopping. Try again soon.',
  headers: ['retry-after', '1'],
};

function tooLarge(bytes: number): Refusal {
  return {
    status: 413,
    message: `The request, as the event it becomes, is larger than ${bytes} bytes. Send less, or store it elsewhere and send its address.`,
  };
}

function forwardedFor(req: IncomingMessage): string | undefined {
  return req.headers['x-forwarded-for'] as string | undefined;
}
