/**
 * What one instance is answered when it calls its node: its code, its credentials, its Runtime API, and what its
 * code asks for in the name of its role.
 *
 * Owns   the instance's token: what opens its code and its credentials.
 * Never  serves another instance, the control API or the console: everything unknown is 404. Who may
 *        ask at all is for whoever has the socket to say (`admit`).
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { isInternalHost } from '../../model/index.ts';
import { answerChannelCall } from './channel-call.ts';

/** Credentials of a function's own role, valid for a short time. */
export interface GuestCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly token: string;
  /** Wall-clock ms. */
  readonly expirationMs: number;
  readonly roleArn: string;
}

export interface GuestDeskOptions {
  /** @returns null while the instance has no function yet */
  credentials(): Promise<GuestCredentials> | GuestCredentials | null;
  /** Takes the requests of a runtime; false: not one of its paths. `hasToken`: it showed the instance's token. */
  handle(request: IncomingMessage, response: ServerResponse, hasToken: boolean): boolean;
  /** Takes what the function's code asks its node: AWS's APIs, other functions. False: neither. */
  call(request: IncomingMessage, response: ServerResponse): boolean;
  /** Gives the guest that calls for its channel that channel, once. Default: it needs none. */
  claimChannel?(): ((channel: Duplex) => void) | null;
}

/** Where one instance is answered, however its requests come. */
export interface GuestListener {
  /** `host:port` */
  readonly address: string;
  /** What a request for credentials, or for code, must carry as `Authorization`. */
  readonly token: string;
  /** Told before the process starts: the address it will call from; null: the host's own. */
  onAddress(address: string | null): void;
  close(): Promise<void>;
}

/** How instances reach their node. */
export interface GuestDoor {
  open(options: GuestDeskOptions): Promise<GuestListener>;
  close(): Promise<void>;
}

/** The trailers of a broken stream carry a stack trace. */
export const MAX_HEADER_BYTES = 64 * 1024;
/** Sockets of one instance to its node: a runtime needs one, an SDK a few. */
export const MAX_CONNECTIONS = 64;

export interface GuestDesk {
  readonly token: string;
  answer(request: IncomingMessage, response: ServerResponse): void;
  /** A connection that is to become the guest's channel, and what has already come over it. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly hasToken: boolean;
}

/** @param admit says whether a connection is the instance's own; at once where that is known */
export function guestDesk(
  options: GuestDeskOptions,
  admit: (socket: Socket, hasToken: boolean) => true | Promise<boolean>,
): GuestDesk {
  const token = randomBytes(24).toString('base64url');

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const hasToken = matches(request.headers.authorization, token);
    const isOwn = request.method === 'GET' && request.url === '/credentials';
    if (isOwn && !isInternalHost(request.headers.host)) {
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
    // By another function's name it is never the runtime's, whatever its path.
    if (!isInternalHost(request.headers.host) && options.handle(request, response, hasToken)) return;
    if (options.call(request, response)) return;
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
        RoleArn: found.roleArn,
      });
    } catch {
      send(response, 503, { message: 'Credentials are not available right now; try again' });
    }
  }

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const hasToken = matches(request.headers.authorization, token);
    answerChannelCall({ request, socket, head, hasToken }, () => options.claimChannel?.() ?? null);
  }

  return { token, answer, upgrade };
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
