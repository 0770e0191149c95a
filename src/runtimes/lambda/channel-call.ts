/**
 * The second way to a channel: a guest that could not be given one calls its node and asks for it, by an HTTP
 * Upgrade at its instance's listener. docs/guest-protocol.md has the handshake.
 *
 * Owns   who gets it: one connection in an instance's life, and only by its token. Any other is refused and
 *        closed; it costs nobody but its sender.
 * Never  reads a frame: whoever takes the socket does. Nor does it keep time: the call is a part of booting.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

const PROTOCOL = 'skein-frames';

/** Clients ask for other things, too (Java's for HTTP/2): they are answered as if they had not. */
export function asksForChannel({ headers }: IncomingMessage): boolean {
  return headers.upgrade === PROTOCOL;
}

export interface ChannelCall {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What has come after the request. */
  readonly head: Buffer;
  readonly hasToken: boolean;
}

/** Takes the connection as the instance's channel. */
type Take = (channel: Duplex) => void;

/** @param claim gives the channel away, once; null: the instance has it already, or needs none */
export function answerChannelCall(call: ChannelCall, claim: () => Take | null): void {
  const { socket, head } = call;
  socket.on('error', () => socket.destroy());
  const take = takerOf(call, claim);
  if (typeof take === 'string') {
    const refusal = `HTTP/1.1 ${take}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
    socket.end(refusal, () => socket.destroy());
    return;
  }
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${PROTOCOL}\r\n\r\n`);
  if (head.length > 0) socket.unshift(head);
  take(socket);
}

/** @returns who takes the connection, or the status that refuses it */
function takerOf({ request, hasToken }: ChannelCall, claim: () => Take | null): Take | string {
  if (request.method !== 'GET' || request.url !== '/channel') return '404 Not Found';
  if (!hasToken) return '401 Unauthorized';
  return claim() ?? '409 Conflict';
}
