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
import type { EventRequest } from '../events/index.ts';
import type { Invocation, InvokeResult } from '../invoke/index.ts';
import { LIMITS, type Webhook } from '../model/index.ts';
import type { Snapshot } from '../registry/index.ts';
import { type Answer, type AnswerHead, answerOf, MalformedResult } from './answer.ts';
import { hasBody, readBody } from './body.ts';
import { admitSigned, authorizerJson, refusalBeforeBody, type UrlAuthority, type UrlSite } from './caller.ts';
import { corsHeaders, isPreflight, preflightHeaders } from './cors.ts';
import { buildEvent } from './event.ts';
import { contextHead, type Site } from './host.ts';
import { findInternal, type InternalCaller } from './internal.ts';
import type { Peer } from './peer.ts';
import { type Refusal, refusalOfError, refusalOfFault } from './refusal.ts';
import { Reply, type ReplyRules } from './reply.ts';
import type { RouteMatch } from './router.ts';
import { collect, openStream } from './stream.ts';
import { addedHeaders, freshTrace, parseTarget, refusalOfHead, traceOf } from './target.ts';
import { admitBody, admitHead, type WebhookSecrets } from './webhook/receive.ts';

/** What all exchanges of a gateway share. */
export interface Desk extends ReplyRules {
  readonly invoke: (invocation: Invocation, signal: AbortSignal) => Promise<InvokeResult>;
  /** Keeps what is to be run later: when this resolves, it will be. */
  readonly enqueue: (event: EventRequest) => Promise<unknown>;
  readonly secrets: WebhookSecrets;
  readonly current: () => Snapshot;
  readonly findSite: (snapshot: Snapshot, host: string) => Site | null | undefined;
  readonly peerOf: (address: string, forwardedFor?: string) => Peer;
  readonly newRequestId: () => string;
  readonly onBug: (error: unknown) => void;
  readonly authority: UrlAuthority;
  readonly protocol: 'http' | 'https';
  readonly port: string;
  /** Most bytes of one body, and of an event. */
  readonly eventBytes: number;
  /** Most bytes of all bodies that are in memory at once, and how many are. */
  readonly bufferedBytes: number;
  usedBytes: number;
}

type WebhookMatch = RouteMatch & { readonly webhook: Webhook };

interface Place {
  readonly site: Site;
  readonly functionName: string;
  readonly qualifier: string | null;
  readonly match: RouteMatch | null;
  readonly path: string;
  readonly query: string;
  readonly host: string;
  /** See {@link Site}; with the caller in it, where that is known. */
  contextHead: string;
}

export interface ExchangeKind {
  readonly awaitsContinue: boolean;
  /** A function of this node; null: somebody outside. */
  readonly from: InternalCaller | null;
}

export class Exchange {
  readonly requestId: string;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly reply: Reply;
  readonly #desk: Desk;
  readonly #from: InternalCaller | null;
  readonly #caller = new AbortController();
  #heldBytes = 0;

  /** @param how.awaitsContinue whether the caller sends its body only after a `100 Continue` */
  constructor(desk: Desk, http: { req: IncomingMessage; res: ServerResponse }, how: ExchangeKind) {
    this.#desk = desk;
    this.#from = how.from;
    this.requestId = desk.newRequestId();
    this.req = http.req;
    this.res = http.res;
    const { awaitsContinue } = how;
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
      this.#from?.room?.give(this.#heldBytes);
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
    if (place === null || (place.site.url !== null && this.#answersItself(place.site.url))) return;

    const { match } = place;
    if (match?.webhook !== undefined) return await this.#receive(place, { ...match, webhook: match.webhook });
    const read = await this.#read(desk.eventBytes);
    if (read === null) return;
    const { body } = read;
    if (place.site.url?.config.authType === 'AWS_IAM' && !(await this.#admit(place.site.url, place, body)))
      return;
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
    await this.#deliver(result, place);
  }

  /** Of a webhook: nothing is run now. It is kept, once its sender has proven itself. */
  async #receive(place: Place, { webhook, routeKey, functionName }: WebhookMatch): Promise<void> {
    const { reply, req } = this;
    const desk = this.#desk;
    const app = desk.current().functions.get(functionName)?.app ?? '';
    const at = { webhook, app, routeKey, secrets: desk.secrets };
    const head = admitHead(at, req.headers, desk.clock.wallMs());
    if ('status' in head) return reply.refuse(head);
    const read = await this.#read(LIMITS.webhookBodyBytes);
    if (read === null) return;
    const received = await admitBody(at, head, read.body ?? Buffer.alloc(0));
    if ('status' in received) return reply.refuse(received);
    if ('delivery' in received) {
      const { event, traceId } = this.#describe(place, read.body);
      const { requestId } = this;
      const kept = { functionName, qualifier: null, event, requestId, traceId, clientContext: null };
      await desk.enqueue({ ...kept, delivery: received.delivery, maxBytes: desk.eventBytes });
    }
    reply.send(received.answer);
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
    const site = this.#from === null ? this.#desk.findSite(this.#desk.current(), host) : this.#inside(host);
    if (site === 'refused') return null;
    if (site === null) return this.#refused(400, 'The Host header is not a host name.');
    if (site === undefined) return this.#refused(404, `Nothing answers at ${JSON.stringify(host)} here.`);
    if (site.closed !== null) return this.#refused(403, site.closed);
    if (site.target.kind === 'function') {
      const { functionName, qualifier } = site.target;
      return { site, functionName, qualifier, match: null, path, query, host, contextHead: site.contextHead };
    }
    const method = this.req.method as string;
    const match = site.target.router(method, path);
    if (match === null) return this.#refused(404, `No route of ${site.host} matches ${method} ${path}`);
    const { functionName } = match;
    return { site, functionName, qualifier: null, match, path, query, host, contextHead: site.contextHead };
  }

  /** Where a call of another function leads. */
  #inside(header: string): Site | 'refused' {
    const desk = this.#desk;
    const caller = this.#from as InternalCaller;
    const found = findInternal({ snapshot: desk.current(), header, caller }, desk.authority);
    if ('host' in found) return found;
    this.reply.refuse(found);
    return 'refused';
  }

  /** At a function URL: what browsers ask beforehand, and what is refused by the head. @returns whether it was answered */
  #answersItself(url: UrlSite): boolean {
    const { cors } = url.config;
    if (cors !== null && isPreflight(this.req)) {
      this.reply.send({ status: 200, headers: preflightHeaders(cors, this.req), body: '' });
      return true;
    }
    if (cors !== null) this.reply.have(corsHeaders(cors, this.req));
    const refusal = refusalBeforeBody(url, this.req);
    if (refusal !== null) this.reply.refuse(refusal);
    return refusal !== null;
  }

  /** Only for who has signed the request and may. @returns whether it goes on */
  async #admit(url: UrlSite, place: Place, body: Buffer | null): Promise<boolean> {
    const { req } = this;
    const { sourceIp } = this.#desk.peerOf(req.socket.remoteAddress ?? '', forwardedFor(req));
    const call = { req, body, sourceIp, nowMs: this.#desk.clock.wallMs() };
    const admitted = await admitSigned(this.#desk.authority, url, call);
    if ('refusal' in admitted) {
      this.reply.refuse(admitted.refusal);
      return false;
    }
    const { accountId } = admitted.caller.principal;
    const authorizer = authorizerJson(admitted.caller);
    const { host } = place.site;
    place.contextHead = contextHead({ host, apiId: url.config.urlId, accountId, authorizer });
    return true;
  }

  #refused(status: number, message: string): null {
    this.reply.refuse({ status, message });
    return null;
  }

  /** @returns null when it cannot be had: that was answered then, or there is nobody to answer */
  async #read(maxBytes: number): Promise<{ readonly body: Buffer | null } | null> {
    if (!hasBody(this.req)) return { body: null };
    const desk = this.#desk;
    if (Number(this.req.headers['content-length'] ?? 0) <= maxBytes) this.reply.invite();
    const read = await readBody(this.req, maxBytes, (bytes) => {
      if (desk.usedBytes + bytes > desk.bufferedBytes || this.#from?.room?.take(bytes) === false)
        return false;
      desk.usedBytes += bytes;
      this.#heldBytes += bytes;
      return true;
    });
    if (read.kind === 'body') return { body: read.bytes };
    if (read.kind === 'too-large') this.reply.refuse(tooLarge(maxBytes));
    if (read.kind === 'no-room') this.reply.refuse(NO_ROOM);
    return null;
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
      contextHead: place.contextHead,
      match: place.match,
    });
    return { event, traceId };
  }

  #deliver(result: InvokeResult, { site, match }: Place): void | Promise<void> {
    const onRoute = match !== null;
    const mode = site.url?.config.invokeMode ?? null;
    switch (result.kind) {
      case 'result':
        // Where Lambda streams it looks at nothing: what the function returned is the body.
        if (mode === 'RESPONSE_STREAM') return this.reply.send(bytesOf(result.payload));
        return this.reply.send(
          answerOf(result.payload, onRoute ? 'text/plain; charset=utf-8' : 'application/json'),
        );
      case 'error':
        return this.reply.refuse(refusalOfError(result.outcome, onRoute));
      case 'stream':
        result.report.catch(() => {}); // invoke's to handle; here only the bytes matter
        return this.#stream(result, mode === 'BUFFERED');
      default:
        return result satisfies never;
    }
  }

  async #stream(result: Extract<InvokeResult, { kind: 'stream' }>, whole: boolean): Promise<void> {
    const { body, contentType, report } = result;
    body.on('error', () => {}); // what awaits the stream hears of it; unheard it would end the process
    let head: AnswerHead;
    let bytes: Buffer | null = null;
    try {
      head = await openStream(body, contentType);
      if (whole) bytes = await collect(body, LIMITS.answerBytes);
    } catch (error) {
      body.destroy();
      if (error instanceof MalformedResult) throw error;
      const { outcome } = await report;
      return this.reply.refuse(refusalOfError(outcome === 'timeout' ? 'timeout' : 'crash', false));
    }
    return bytes === null ? this.reply.stream(head, body) : this.reply.send({ ...head, body: bytes });
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

function bytesOf(body: Buffer): Answer {
  return { status: 200, headers: ['content-type', 'application/octet-stream'], body };
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
