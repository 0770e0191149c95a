/** Connections that cannot go on: bytes that are no request, or none in time. Answered by hand, then closed. */
import type { Duplex } from 'node:stream';
import { LIMITS } from '../model/index.ts';
import { type Refusal, rawRefusal } from './refusal.ts';

/** All that is needed of an exchange whose connection breaks. */
export interface Unanswered {
  readonly req: { readonly complete: boolean };
  readonly res: {
    readonly headersSent: boolean;
    shouldKeepAlive: boolean;
    once(event: 'finish', action: () => void): unknown;
  };
  readonly requestId: string;
  abandon(why: string): void;
}

const NO_TUNNEL: Refusal = { status: 405, message: 'This is no proxy: CONNECT is not served.' };

/** CONNECT: there is nothing to connect to. */
export function refuseTunnel(socket: Duplex, requestId: string): void {
  socket.on('error', () => socket.destroy());
  socket.end(rawRefusal(NO_TUNNEL, requestId, 'Method Not Allowed'), () => socket.destroy());
}

interface BrokenConnection {
  /** The connection's last unanswered request, if there is one. */
  readonly last: Unanswered | undefined;
  readonly requestId: string;
}

/** Bytes that are no request, or did not come in time. Answers that are due are sent first. */
export function refuseConnection(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  { last, requestId }: BrokenConnection,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const [refusal, reason] = CONNECTION_REFUSALS[error.code ?? ''] ?? BAD_REQUEST;
  if (last === undefined)
    return void socket.end(rawRefusal(refusal, requestId, reason), () => socket.destroy());
  if (!last.req.complete) {
    // The body of the request itself is what broke.
    if (last.res.headersSent) return void socket.destroy();
    socket.end(rawRefusal(refusal, last.requestId, reason), () => socket.destroy());
    last.abandon('the request broke off');
    return;
  }
  last.res.shouldKeepAlive = false;
  last.res.once('finish', () => socket.end());
}

const BAD_REQUEST: readonly [Refusal, string] = [
  { status: 400, message: 'This is not a valid HTTP/1.1 request.' },
  'Bad Request',
];

/** By Node's error code. */
const CONNECTION_REFUSALS: Readonly<Record<string, readonly [Refusal, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [
    { status: 408, message: 'The request did not arrive in time.' },
    'Request Timeout',
  ],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [
    { status: 413, message: 'Chunk extensions are too long.' },
    'Content Too Large',
  ],
  HPE_HEADER_OVERFLOW: [
    {
      status: 431,
      message: `The request's head is larger than ${LIMITS.headerBytes} bytes. Send fewer or shorter headers.`,
    },
    'Request Header Fields Too Large',
  ],
};
