/**
 * Where instances with a network of their own find their node: one HTTP server for all of them, at an
 * address that only they can reach.
 *
 * Owns   the address, and who calls: an instance is known by the private address it calls from, which
 *        the network holds it to (no other sandbox can send from it) and which is told here before
 *        its process starts. A caller that is not known is hung up on.
 * Never  lets one instance take what others need: each has at most `MAX_CONNECTIONS` sockets, the next
 *        is hung up on at once, and a head that is sent slowly costs only a socket of its sender's.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { asksForChannel } from './channel-call.ts';
import {
  type GuestDesk,
  type GuestDeskOptions,
  type GuestDoor,
  guestDesk,
  MAX_CONNECTIONS,
  MAX_HEADER_BYTES,
} from './guest-desk.ts';

const BACKLOG = 4_096;
const DAY_MS = 86_400_000;

interface Caller {
  readonly desk: GuestDesk;
  readonly sockets: Set<Socket>;
}

/** @throws what listening throws: `EADDRINUSE` when the port is another program's */
export async function openGuestDoor(at: { host: string; port: number }): Promise<GuestDoor> {
  const callers = new Map<string, Caller>();
  const owners = new WeakMap<Socket, Caller>();
  const sockets = new Set<Socket>();

  function greet(socket: Socket): void {
    const caller = callers.get(socket.remoteAddress ?? '');
    if (caller === undefined || caller.sockets.size >= MAX_CONNECTIONS) return void socket.destroy();
    caller.sockets.add(socket);
    sockets.add(socket);
    owners.set(socket, caller);
    socket.once('close', () => {
      caller.sockets.delete(socket);
      sockets.delete(socket);
    });
  }

  const answer = (request: IncomingMessage, response: ServerResponse) =>
    owners.get(request.socket)?.desk.answer(request, response);

  // No timeouts: a `next` stays open as long as nothing happens, a stream as long as its function
  // may run, and a frozen guest can neither finish a head nor keep a connection alive.
  const server = createServer(
    {
      connectionsCheckingInterval: DAY_MS,
      headersTimeout: 0,
      keepAliveTimeout: 0,
      maxHeaderSize: MAX_HEADER_BYTES,
      requestTimeout: 0,
      shouldUpgradeCallback: asksForChannel,
    },
    answer,
  );
  server.on('upgrade', (request, socket: Socket, head) => {
    const caller = owners.get(socket);
    if (caller === undefined) socket.destroy();
    else caller.desk.upgrade(request, socket, head);
  });
  server.prependListener('connection', greet); // before HTTP reads a byte of it
  server.listen(at.port, at.host, BACKLOG);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    async open(options: GuestDeskOptions) {
      const caller: Caller = { desk: guestDesk(options, () => true), sockets: new Set() };
      let from: string | null = null;
      return {
        address: `${at.host}:${port}`,
        token: caller.desk.token,
        onAddress(address) {
          if (address === null) throw new TypeError('a sandbox without an address cannot be told apart');
          from = address;
          callers.set(address, caller); // whoever had it before is gone
        },
        async close() {
          if (from !== null && callers.get(from) === caller) callers.delete(from);
          for (const socket of caller.sockets) socket.destroy();
        },
      };
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy(); // channels, too, which are no longer HTTP's
      await closed;
    },
  };
}
