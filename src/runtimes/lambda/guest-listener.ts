/**
 * Where instances that share the host's network find their node: a small HTTP server for each, on a
 * loopback port of its own.
 *
 * Owns   the port. The instance is known by it, but every process of the machine can connect: the
 *        instance's token, which only its own environment holds, opens its code and its credentials;
 *        the Runtime API, whose clients know of no token, is for one user of the machine. That is the
 *        user who first showed the token or, for a runtime that never does, who first connected.
 *        Where users cannot be told apart (not on Linux, or a node that is not root and whose
 *        sandboxes are all one user) only the token protects.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { asksForChannel } from './channel-call.ts';
import {
  type GuestDeskOptions,
  type GuestDoor,
  type GuestListener,
  guestDesk,
  MAX_CONNECTIONS,
  MAX_HEADER_BYTES,
} from './guest-desk.ts';
import { peerUser } from './peer-user.ts';

const DAY_MS = 86_400_000;

/** A listener for each instance. */
export function loopbackDoor(): GuestDoor {
  return { open: openGuestListener, close: async () => {} };
}

export async function openGuestListener(options: GuestDeskOptions): Promise<GuestListener> {
  const desk = guestDesk(options, oneUser());
  // No timeouts: a `next` stays open as long as nothing happens, a stream as long as its function
  // may run, and a frozen guest cannot keep a connection alive.
  const server = createServer(
    {
      connectionsCheckingInterval: DAY_MS,
      headersTimeout: 0,
      keepAliveTimeout: 0,
      maxHeaderSize: MAX_HEADER_BYTES,
      requestTimeout: 0,
      shouldUpgradeCallback: asksForChannel,
    },
    desk.answer,
  );
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('upgrade', desk.upgrade);
  server.maxConnections = MAX_CONNECTIONS;
  server.listen(0, '127.0.0.1', 1024);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  let closed: Promise<void> | null = null;

  return {
    address: `127.0.0.1:${port}`,
    token: desk.token,
    onAddress: () => {},
    close() {
      closed ??= new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy(); // the channel, too, which is no longer HTTP's
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
