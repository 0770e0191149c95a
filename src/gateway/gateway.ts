/**
 * The front door: an HTTP/1.1 server whose requests become invocations.
 *
 * Owns   the listener, its connections, and the exchanges in flight.
 * Asks   the registry's snapshot who answers at a host, `invoke` for the answer.
 * Never  touches the database or the disk while serving (certificates are read once, at start).
 *
 * Every wait is bounded: for a head, for a body, for the next request on a connection, for the requests in
 * flight when it stops. Past that bound connections are closed and their invocations told so.
 */
import { readFile } from 'node:fs/promises';
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Clock, Fault, type Service } from '../base/index.ts';
import type { EventRequest } from '../events/index.ts';
import type { Invocation, InvokeResult } from '../invoke/index.ts';
import { LIMITS } from '../model/index.ts';
import type { Snapshot } from '../registry/index.ts';
import type { UrlAuthority } from './caller.ts';
import { refuseConnection, refuseTunnel } from './connection.ts';
import { type Desk, Exchange, type ExchangeKind } from './exchange.ts';
import { createSites } from './host.ts';
import type { InternalCaller } from './internal.ts';
import { createPeers } from './peer.ts';
import type { Refusal } from './refusal.ts';
import type { WebhookSecrets } from './webhook/receive.ts';

export interface GatewayOptions {
  /** The one door. Faults it throws become answers; anything else is a bug. */
  readonly invoke: (invocation: Invocation, signal: AbortSignal) => Promise<InvokeResult>;
  /** Keeps a webhook's delivery. When it resolves, the delivery is committed. */
  readonly enqueue: (event: EventRequest) => Promise<unknown>;
  /** By which webhooks are verified. */
  readonly secrets: WebhookSecrets;
  readonly directory: { current(): Snapshot };
  /** Who signed a request, and who may call a function URL. */
  readonly authority: UrlAuthority;
  readonly clock: Clock;
  /** Under which functions and apps have their hosts. */
  readonly domain: string;
  /** Port 0 picks a free one. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Networks of proxies whose X-Forwarded headers are believed. */
  readonly trustProxy: readonly string[];
  /** PEM files; without them the gateway speaks plain HTTP. */
  readonly tls?: { readonly certPath: string; readonly keyPath: string } | undefined;
  readonly newRequestId: () => string;
  /** Told of every error that should not have happened; its request is answered 500. */
  readonly onBug: (error: unknown) => void;
  readonly limits?: Partial<GatewayLimits> | undefined;
}

export interface GatewayLimits {
  /** Open connections; one more is closed at once. Default 10,000. */
  readonly connections: number;
  /** From a connection's first byte to the end of the head, ms. Too low cuts off slow phones. Default 10 s. */
  readonly headersTimeoutMs: number;
  /** From the first byte to the end of the body, ms. Default 60 s. */
  readonly requestTimeoutMs: number;
  /** How long a connection may be idle, ms; longer than load balancers keep theirs (60 s). Default 75 s. */
  readonly keepAliveTimeoutMs: number;
  /** How often the timeouts are checked, ms: they are late by this much at most. Default 1 s. */
  readonly checkEveryMs: number;
  /** Most bytes of an event, and of the body in it. Default 6 MB, as on AWS. */
  readonly eventBytes: number;
  /** Most bytes of bodies in memory at once, of all requests. Default 512 MB. */
  readonly bufferedBytes: number;
  /** How long and for how many bytes the rest of a refused body is read. Default 2 s, 32 MB. */
  readonly lingerMs: number;
  readonly lingerBytes: number;
  /** How long `stop` waits for requests in flight, ms. Default 10 s. */
  readonly stopGraceMs: number;
}

const DEFAULTS: GatewayLimits = {
  connections: 10_000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  keepAliveTimeoutMs: 75_000,
  checkEveryMs: 1_000,
  eventBytes: LIMITS.eventBytes,
  bufferedBytes: 512 * 1024 * 1024,
  lingerMs: 2_000,
  lingerBytes: 32 * 1024 * 1024,
  stopGraceMs: 10_000,
};

export interface Gateway extends Service {
  /** Where it answers, e.g. `http://127.0.0.1:8080`. Known once started. */
  readonly url: string;
  readonly port: number;
  /** A request of a function to another one, as its instance's own way to the node brought it. */
  serveInternal(req: IncomingMessage, res: ServerResponse, from: InternalCaller): void;
}

/**
 * A front door that is not open yet.
 *
 * @throws {Fault} option-invalid when `trustProxy` names no network; `start` throws port-in-use
 */
export function createGateway(options: GatewayOptions): Gateway {
  return new FrontDoor(options);
}

class FrontDoor implements Gateway {
  readonly #options: GatewayOptions;
  readonly #limits: GatewayLimits;
  readonly #peerOf: Desk['peerOf'];
  readonly #inFlight = new Set<Exchange>();
  #open: { readonly server: Server; readonly desk: Desk } | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULTS, ...options.limits };
    this.#peerOf = createPeers(options.trustProxy);
  }

  get port(): number {
    return this.#open === undefined ? 0 : portOf(this.#open.server);
  }

  get url(): string {
    return urlOf(this.#options, this.port);
  }

  async start(): Promise<void> {
    const server = await createListener(this.#limits, this.#options.tls);
    await listen(server, this.#options.listen);
    this.#open = { server, desk: this.#desk(server) };
    server.on('request', (req, res) => void this.#serve(req, res, PLAIN).run());
    server.on('checkContinue', (req, res) => void this.#serve(req, res, AWAITS).run());
    server.on('checkExpectation', (req, res) => this.#serve(req, res, AWAITS).reply.refuse(EXPECTATION));
    server.on('connect', (_, socket) => refuseTunnel(socket, this.#options.newRequestId()));
    server.on('clientError', (error, socket) => {
      const last = [...this.#inFlight].findLast((exchange) => exchange.req.socket === socket);
      refuseConnection(error, socket, { last, requestId: this.#options.newRequestId() });
    });
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    if (this.#open === undefined) return;
    const { server, desk } = this.#open;
    const { promise, resolve } = Promise.withResolvers<void>();
    desk.stopping = true;
    server.close(() => resolve());
    server.closeIdleConnections();
    const grace = this.#options.clock.after(this.#limits.stopGraceMs, () => {
      for (const exchange of this.#inFlight)
        exchange.abandon('the node stopped before the function answered');
      server.closeAllConnections();
    });
    await promise;
    grace.cancel();
  }

  #desk(server: Server): Desk {
    const { directory, domain, tls, authority } = this.#options;
    return {
      ...this.#options,
      ...this.#limits,
      current: () => directory.current(),
      findSite: createSites(domain, authority),
      peerOf: this.#peerOf,
      protocol: tls === undefined ? 'http' : 'https',
      port: String(portOf(server)),
      usedBytes: 0,
      stopping: false,
    };
  }

  serveInternal(req: IncomingMessage, res: ServerResponse, from: InternalCaller): void {
    if (this.#open !== undefined) return void this.#serve(req, res, { awaitsContinue: false, from }).run();
    req.resume();
    res.writeHead(503, { 'retry-after': '1' }).end();
  }

  #serve(req: IncomingMessage, res: ServerResponse, how: ExchangeKind): Exchange {
    const { server, desk } = this.#open as { server: Server; desk: Desk };
    const exchange = new Exchange(desk, { req, res }, how);
    this.#inFlight.add(exchange);
    res.on('close', () => {
      this.#inFlight.delete(exchange);
      if (!res.writableFinished) exchange.abandon('the caller closed the connection');
      if (desk.stopping) setImmediate(() => server.closeIdleConnections());
    });
    return exchange;
  }
}

const PLAIN: ExchangeKind = { awaitsContinue: false, from: null };
const AWAITS: ExchangeKind = { awaitsContinue: true, from: null };

const EXPECTATION: Refusal = { status: 417, message: 'The only expectation served is 100-continue.' };

async function createListener(limits: GatewayLimits, tls: GatewayOptions['tls']): Promise<Server> {
  const settings: ServerOptions = {
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: limits.checkEveryMs,
    maxHeaderSize: LIMITS.headerBytes,
    requireHostHeader: false, // refused by us, with a request id
  };
  const server =
    tls === undefined ? createServer(settings) : createTlsServer({ ...settings, ...(await pem(tls)) });
  server.maxConnections = limits.connections;
  server.maxHeadersCount = 0; // bounded in bytes; a count would silently drop the rest
  return server;
}

async function pem(tls: NonNullable<GatewayOptions['tls']>): Promise<{ cert: Buffer; key: Buffer }> {
  try {
    const [cert, key] = await Promise.all([readFile(tls.certPath), readFile(tls.keyPath)]);
    return { cert, key };
  } catch (cause) {
    throw new Fault('option-invalid', `The TLS files cannot be read: ${(cause as Error).message}.`, {
      cause,
    });
  }
}

function listen(server: Server, { host, port }: GatewayOptions['listen']): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EADDRINUSE') return reject(cause);
      const message = `The gateway cannot listen on ${host}:${port}: something else does. Stop it, or choose another port with --gateway.`;
      reject(new Fault('port-in-use', message, { facts: { port }, cause }));
    });
    server.listen({ host, port, backlog: 4_096 }, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo | null)?.port ?? 0;
}

function urlOf(options: GatewayOptions, port: number): string {
  const { host } = options.listen;
  const reachable =
    host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `${options.tls === undefined ? 'http' : 'https'}://${reachable}:${port}`;
}
