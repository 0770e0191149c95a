/**
 * The control listener: our API under /api/v1, and the two probes.
 *
 * Owns   the HTTP server of the control listener.
 * Asks   identity/ whether a request may pass, the operations in endpoints.ts what to do.
 * Never  decides anything about apps or functions, and never answers a foreign web page.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Fault, type Service } from '../base/index.ts';
import { checkControlPlace, checkControlRequest, controlPolicy } from '../identity/index.ts';
import { LIMITS } from '../model/index.ts';
import type { Endpoint } from './endpoint.ts';
import { endpoints } from './endpoints.ts';
import { httpFault } from './faults.ts';
import { openApi } from './openapi.ts';
import type { ApiOptions } from './options.ts';
import { readCall } from './read-call.ts';

export interface Api extends Service {
  /** `http://127.0.0.1:9400`, without a slash at its end; known once started. */
  readonly url: string;
}

/** Requests that are running when the node stops may take this long, ms. */
const STOP_GRACE_MS = 5_000;
/** A client may take this long to send a whole request, ms: 250 MB over a slow line, but not forever. */
const REQUEST_TIMEOUT_MS = 600_000;

/** An unused connection is kept so long, ms: longer than clients keep theirs, so that none is closed under a request. */
const KEEP_ALIVE_MS = 72_000;

/** Not started: `start` rejects with `port-in-use` when the address is taken. */
export function createApi(options: ApiOptions): Api {
  const app = build(options);
  let url = '';
  return {
    get url() {
      return url;
    },
    async start() {
      await listen(app, options.listen);
      url = urlOf(app, options.listen.host);
    },
    async stop() {
      const hurry = options.clock.after(STOP_GRACE_MS, () => app.server.closeAllConnections());
      await app.close();
      hurry.cancel();
    },
  };
}

function build(options: ApiOptions): FastifyInstance {
  const app = Fastify({
    bodyLimit: LIMITS.eventBytes,
    logger: false,
    serverFactory: (ours) => sharedServer(ours, options),
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  for (const type of PACKAGES)
    app.addContentTypeParser(type, (_request, payload, done) => done(null, payload));
  guard(app, options);
  app.setErrorHandler((error, _request, reply) => answerError(error, reply, options));
  app.setNotFoundHandler((request, reply) => answerError(pathNotFound(request), reply, options));
  app.get('/healthz', () => ({ healthy: true }));
  app.get('/readyz', (_request, reply) => {
    const ready = options.ready();
    return reply.code(ready ? 200 : 503).send({ ready });
  });
  const operations = endpoints(options);
  for (const operation of operations) mount(app, operation, options);
  app.get('/api/v1/openapi.json', () => openApi(operations, options.status().version));
  return app;
}

/** The listener's server: others are asked first, and what is not theirs is ours. */
function sharedServer(
  ours: RequestListener,
  { listen: { host }, token, domain, others }: ApiOptions,
): Server {
  const policy = controlPolicy({ token, host, domain });
  return createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_MS },
    (request, response) => {
      const { host: asked, origin } = request.headers;
      // from a place that is not ours nobody else is asked: our own guard says why
      const mayPass = checkControlPlace({ host: asked, origin }, policy) === null;
      if (!mayPass || !others.some((answers) => answers(request, response))) ours(request, response);
    },
  );
}

/** What code comes in: a zip, or a container image. */
const PACKAGES = ['application/zip', 'application/x-tar'];

const PROBES: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

function guard(app: FastifyInstance, options: ApiOptions): void {
  const policy = controlPolicy({ token: options.token, host: options.listen.host, domain: options.domain });
  const zipPolicy = { ...policy, contentTypes: PACKAGES };
  app.addHook('onRequest', async (request) => {
    if (PROBES.has(request.routeOptions.url ?? '')) return;
    const { headers } = request;
    const takesZip = (request.routeOptions.config as { zip?: boolean } | undefined)?.zip === true;
    const refused = checkControlRequest(
      {
        method: request.method,
        host: headers.host,
        origin: headers.origin,
        authorization: headers.authorization,
        contentType: headers['content-type'],
        hasBody: headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0,
      },
      takesZip ? zipPolicy : policy,
    );
    if (refused !== null) throw refused;
  });
}

function mount(app: FastifyInstance, endpoint: Endpoint, { whileDatabaseAnswers }: ApiOptions): void {
  app.route({
    method: endpoint.method,
    url: endpoint.path.replace(/\{(\w+)\}/g, ':$1'),
    config: { zip: endpoint.body === 'zip' },
    handler(request, reply) {
      const call = readCall(endpoint, request, reply) as never;
      if (!endpoint.needsDatabase) return endpoint.handle(call);
      return whileDatabaseAnswers(async () => endpoint.handle(call));
    },
  });
}

function pathNotFound(request: FastifyRequest): Fault {
  const path = request.url.split('?', 1)[0]?.slice(0, 200);
  return new Fault(
    'path-not-found',
    `There is no ${request.method} ${path} here. GET /api/v1/openapi.json lists what there is.`,
  );
}

function answerError(error: unknown, reply: FastifyReply, options: ApiOptions): FastifyReply {
  const fault = faultOf(error);
  if (fault !== null) {
    const { status, headers, body } = httpFault(fault);
    return reply.code(status).headers(headers).send(body);
  }
  const id = options.newRequestId();
  options.onBug(error, id);
  const message = `Something went wrong inside Skein. The node's log has the details under ${id}.`;
  return reply.code(500).send({ error: { code: 'internal', message, facts: { id } } });
}

/** @returns what the caller did wrong, or null when the error is a bug of ours */
function faultOf(error: unknown): Fault | null {
  if (error instanceof Fault) return error;
  const { statusCode, code, message } = error as { statusCode?: number; code?: string; message?: string };
  if (code?.startsWith('FST_') !== true || statusCode === undefined || statusCode >= 500) return null;
  if (statusCode === 413) return bodyTooLarge();
  if (statusCode === 415) return new Fault('media-type-unsupported', `${message}. Send application/json.`);
  return new Fault('bad-request', `The request cannot be read: ${message}.`);
}

function bodyTooLarge(): Fault {
  return new Fault(
    'payload-too-large',
    `The body is larger than ${LIMITS.eventBytes} bytes (6 MB), the limit here.`,
    {
      facts: { maxBytes: LIMITS.eventBytes },
    },
  );
}

async function listen(app: FastifyInstance, { host, port }: ApiOptions['listen']): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      throw new Fault(
        'port-in-use',
        `The control address ${host}:${port} is in use by another program. Choose another with --control HOST:PORT (port 0: any free one).`,
        { facts: { host, port }, cause: error },
      );
    }
    if (code !== 'EACCES' && code !== 'EADDRNOTAVAIL' && code !== 'ENOTFOUND') throw error;
    throw new Fault('option-invalid', `Cannot listen at --control ${host}:${port} (${code}).`, {
      cause: error,
    });
  }
}

/** The URL at which programs on this machine reach the listener. */
function urlOf(app: FastifyInstance, host: string): string {
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new Error('the control listener has no port');
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${address.port}`;
}
