/**
 * The egress proxy: a listener for every name and port that sandboxes list, shared by all of them.
 *
 * Owns   the listeners and the connections that it carries, and how many there may be.
 * Asks   clients.ts who calls and what that one lists, carrier.ts to carry.
 * Never  carries for somebody who does not list this name with this port, nor to an address that its
 *        client must not reach.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { type Clock, Fault, periodically } from '../../../base/index.ts';
import { type CarrierParts, carry } from './carrier.ts';
import { type Client, type Clients, lists } from './clients.ts';
import type { VirtualName } from './virtual-names.ts';

/** Connections of one sandbox, and of all. */
const MOST_OF_ONE = 64;
const MOST_OF_ALL = 4_096;
const MOST_LISTENERS = 4_096;
/** A connection on which nothing has moved for this long is closed; ms. Looked at every `LOOK_MS`. */
const IDLE_MS = 10 * 60_000;
const LOOK_MS = 60_000;

export interface ProxyParts extends CarrierParts {
  readonly host: string;
  readonly clients: Clients;
  readonly clock: Clock;
  readonly onProblem: (problem: unknown) => void;
}

export interface Listener {
  readonly port: number;
  close(): Promise<void>;
}

export interface Proxy {
  /**
   * What arrives at the listener is carried to `name`, for who lists it with `port`.
   *
   * @throws {Fault} `no-capacity` when there are too many
   */
  listen(name: VirtualName, port: number): Promise<Listener>;
  close(): Promise<void>;
}

export function createProxy(parts: ProxyParts): Proxy {
  const servers = new Set<Server>();
  const carried = new Map<Socket, Movement>();
  const { clock, onProblem } = parts;
  const stopLooking = periodically(clock, {
    everyMs: LOOK_MS,
    onProblem,
    task: async () => closeIdle(carried, clock.nowMs()),
  });

  function accept(socket: Socket, target: { host: string; port: number }): void {
    const client = parts.clients.get(socket.remoteAddress ?? '');
    const isFull = carried.size >= MOST_OF_ALL || (client?.connections.size ?? 0) >= MOST_OF_ONE;
    if (client === undefined || isFull || !lists(client, target)) {
      socket.resetAndDestroy();
      return;
    }
    keep(socket, client);
    carry(socket, { target, egress: client.egress }, parts).catch(onProblem);
  }

  function keep(socket: Socket, { connections }: Client): void {
    connections.add(socket);
    carried.set(socket, { bytes: 0, sinceMs: clock.nowMs() });
    socket.once('close', () => {
      connections.delete(socket);
      carried.delete(socket);
    });
  }

  return {
    async listen(name, port) {
      if (servers.size >= MOST_LISTENERS) throw tooMany();
      const options = { allowHalfOpen: true, noDelay: true };
      const server = createServer(options, (socket) => accept(socket, { host: name.host, port }));
      servers.add(server);
      const close = () => closeServer(server).finally(() => servers.delete(server));
      try {
        server.listen(0, parts.host);
        await once(server, 'listening');
      } catch (error) {
        servers.delete(server);
        throw error;
      }
      server.on('error', onProblem);
      return { port: (server.address() as { port: number }).port, close };
    },
    async close() {
      stopLooking();
      for (const socket of carried.keys()) socket.destroy();
      await Promise.all([...servers].map(closeServer));
    },
  };
}

async function closeServer(server: Server): Promise<void> {
  const gone = once(server, 'close');
  server.close();
  await gone;
}

/** How far a connection had come when it was last looked at, and when it had come there. */
interface Movement {
  bytes: number;
  sinceMs: number;
}

function closeIdle(carried: ReadonlyMap<Socket, Movement>, nowMs: number): void {
  for (const [socket, movement] of carried) {
    const bytes = socket.bytesRead + socket.bytesWritten;
    if (bytes !== movement.bytes) Object.assign(movement, { bytes, sinceMs: nowMs });
    else if (nowMs - movement.sinceMs >= IDLE_MS) socket.destroy();
  }
}

function tooMany(): Fault {
  const message = `The functions that run here list more than ${MOST_LISTENERS} different names and ports as their egress: the node carries no more.`;
  return new Fault('no-capacity', message, { facts: { limit: MOST_LISTENERS } });
}
