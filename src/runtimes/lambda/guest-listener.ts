/**
 * What one instance can reach of its node: a small HTTP server of its own, on a loopback port.
 *
 * Owns   the port. The instance is known by it, but every process of the machine can connect: the
 *        instance's token, which only its own environment holds, opens its code and its credentials;
 *        the Runtime API, whose clients know of no token, is for one user of the machine. That is the
 *        user who first showed the token or, for a runtime that never does, who first connected.
 *        Where users cannot be told apart (not on Linux, or a node that is not root and whose
 *        sandboxes are all one user) only the token protects.
 * Never  serves another instance, the control API or the console: everything unknown is 404.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { peerUser } from './peer-user.ts';

/** Credentials of a function's own role, valid for a short time. */
export interface GuestCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly token: string;
  /** Wall-clock ms. */
  readonly expirationMs: number;
}

export interface GuestListener {
  /** `host:port` */
  readonly address: string;
  /** What a request for credentials, or for code, must carry as `Authorization`. */
  readonly token: string;
  close(): Promise<void>;
}

export interface GuestListenerOptions {
  /** @returns null while the instance has no function yet */
  credentials(): Promise<GuestCredentials> | GuestCredentials | null;
  /** Takes the requests of a runtime; false: not one of its paths. `hasToken`: it showed the instance's token. */
  handle(request: IncomingMessage, response: ServerResponse, hasToken: boolean): boolean;
}

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly hasToken: boolean;
}

/** Sockets of one instance to its own listener: a runtime needs one, an SDK a few. */
const MAX_CONNECTIONS = 64;
/** The trailers of a broken stream carry a stack trace. */
const MAX_HEADER_BYTES = 64 * 1024;
const DAY_MS = 86_400_000;

export async function openGuestListener(options: GuestListenerOptions): Promise<GuestListener> {
  const token = randomBytes(24).toString('base64url');
  const admit = oneUser();

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const hasToken = matches(request.headers.authorization, token);
    if (request.method === 'GET' && request.url === '/credentials') {
      request.resume();
      void answerCredentials(response, hasToken);
      return;
    }
    const admitted = admit(request.socket, hasToken);
    if (admitted === true) serve(request, response, hasToken);
    else void admitted.then((isOurs) => serveIf(isOurs, { request, response, hasToken }));
  }

  function serveIf(isOurs: boolean, { request, response, hasToken }: Asked): void {
    if (request.destroyed) return;
    if (isOurs) serve(request, response, hasToken);
    else {
      request.resume();
      send(response, 403, { message: 'This port is for another process' });
    }
  }

  function serve(request: IncomingMessage, response: ServerResponse, hasToken: boolean): void {
    if (options.handle(request, response, hasToken)) return;
    request.resume();
    send(response, 404, { message: 'Not found' });
  }

  async function answerCredentials(response: ServerResponse, hasToken: boolean) {
    if (!hasToken) {
      return send(response, 401, { message: 'AWS_CONTAINER_AUTHORIZATION_TOKEN is missing or wrong' });
    }
    try {
      const found = await options.credentials();
      if (found === null) return send(response, 404, { message: 'This instance has no function yet' });
      send(response, 200, {
        AccessKeyId: found.accessKeyId,
        SecretAccessKey: found.secretAccessKey,
        Token: found.token,
        Expiration: new Date(found.expirationMs).toISOString(),
      });
    } catch {
      send(response, 503, { message: 'Credentials are not available right now; try again' });
    }
  }

  // No timeouts: a `next` stays open as long as nothing happens, a stream as long as its function
  // may run, and a frozen guest cannot keep a connection alive.
  const server = createServer(
    {
      connectionsCheckingInterval: DAY_MS,
      headersTimeout: 0,
      keepAliveTimeout: 0,
      maxHeaderSize: MAX_HEADER_BYTES,
      requestTimeout: 0,
    },
    handle,
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.listen(0, '127.0.0.1', 1024);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  let closed: Promise<void> | null = null;

  return {
    address: `127.0.0.1:${port}`,
    token,
    close() {
      closed ??= new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      return closed;
    },
  };
}

/**
 * @returns says whether a connection is of the one user that this port is for; at once when it is
 *   known to be, since a user is looked up once per connection. Whoever has the token is that user.
 */
function oneUser(): (socket: Socket, hasToken: boolean) => true | Promise<boolean> {
  const admitted = new WeakSet<Socket>();
  let owner: { readonly uid: number; readonly hasToken: boolean } | null = null;
  async function find(socket: Socket, hasToken: boolean): Promise<boolean> {
    const uid = await peerUser(socket);
    if (uid !== null && (owner === null || (hasToken && !owner.hasToken))) owner = { uid, hasToken };
    if (owner !== null && owner.uid !== uid) return false;
    admitted.add(socket);
    return true;
  }
  return (socket, hasToken) => admitted.has(socket) || find(socket, hasToken);
}

function matches(given: string | undefined, token: string): boolean {
  const bytes = Buffer.from(given ?? '');
  return bytes.length === token.length && timingSafeEqual(bytes, Buffer.from(token));
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
}
